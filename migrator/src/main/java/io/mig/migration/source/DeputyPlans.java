package io.mig.migration.source;

import io.mig.checkpoint.image.TaskImage;
import io.mig.checkpoint.proc.ProcessFacts;
import io.mig.checkpoint.proc.TreeFacts;
import io.mig.home.journal.DeputyRecord;
import io.mig.migration.preflight.ExternalStream;
import io.mig.migration.preflight.StreamPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What each process of a tree is told when it becomes a deputy: its name, the streams it carries,
 * and the signals that travelled inside the image and must not be forwarded once more.
 */
final class DeputyPlans {
    private DeputyPlans() {}

    static List<DeputyRecord> of(TreeFacts tree, StreamPlan plan, List<TaskImage> tasks) {
        List<DeputyRecord> deputies = new ArrayList<>();
        for (ProcessFacts process : tree.processes()) {
            if (process.stat().zombie()) {
                continue;
            }
            List<ExternalStream> streams =
                    plan.streams().stream().filter(s -> s.link() == process.pid()).toList();
            deputies.add(
                    DeputyRecord.planned(
                            process.pid(),
                            process.startTicks(),
                            config(process, streams, tasks),
                            streams.stream().map(s -> s.owner().fd()).toList()));
        }
        return deputies;
    }

    private static String config(
            ProcessFacts process, List<ExternalStream> streams, List<TaskImage> tasks) {
        StringBuilder text = new StringBuilder();
        text.append("comm=").append(process.comm().replace('\n', ' ')).append('\n');
        for (TaskImage task : tasks) {
            if (task.pid() == process.pid()) {
                for (Map.Entry<Integer, Integer> signal : task.pendingCounts().entrySet()) {
                    text.append("drop=%d:%d\n".formatted(signal.getKey(), signal.getValue()));
                }
                if (task.state() == TaskImage.State.STOPPED) {
                    text.append("stopped=").append(stopSignal(task)).append('\n');
                }
            }
        }
        for (ExternalStream s : streams) {
            text.append(
                    "stream=%d kind=%s fd=%d flags=%s\n"
                            .formatted(
                                    s.id(),
                                    s.kind().text(),
                                    s.owner().fd(),
                                    s.demand() ? "demand" : "0"));
        }
        return text.append("end\n").toString();
    }

    private static int stopSignal(TaskImage task) {
        final int sigstop = 19;
        return task.stopSignal() == 0 ? sigstop : task.stopSignal();
    }
}
