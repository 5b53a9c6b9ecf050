package io.mig.agent;

import io.mig.checkpoint.CgroupRoot;
import io.mig.checkpoint.Freezer;
import io.mig.checkpoint.FrozenMember;
import io.mig.checkpoint.FrozenTree;
import io.mig.checkpoint.Leaf;
import io.mig.checkpoint.PidFd;
import io.mig.home.Deputies;
import io.mig.home.Deputiser;
import io.mig.home.DeputyFinding;
import io.mig.home.DeputyOutcome;
import io.mig.home.DeputyPlan;
import io.mig.home.DeputySurvey;
import io.mig.home.journal.DeputyRecord;
import io.mig.home.journal.Journal;
import io.mig.home.journal.ProcessRecord;
import io.mig.migration.home.DeputyWorks;
import io.mig.model.HomePid;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes deputies of frozen originals: each goes back to the cgroup that it came from, as another
 * program. Thread-safe by being stateless.
 */
final class HomeWorks implements DeputyWorks {
    private static final Logger LOG = LoggerFactory.getLogger(HomeWorks.class);
    private static final int SIGKILL = 9;
    private static final Duration REMOVE = Duration.ofSeconds(5);

    private final Journal journal;
    private final Deputies deputies;
    private final Deputiser deputiser;
    private final DeputySurvey survey;
    private final Freezer freezer;

    HomeWorks(
            Journal journal,
            Deputies deputies,
            Deputiser deputiser,
            DeputySurvey survey,
            Freezer freezer) {
        this.journal = journal;
        this.deputies = deputies;
        this.deputiser = deputiser;
        this.survey = survey;
        this.freezer = freezer;
    }

    @Override
    public void bodyIsAt(ProcessRecord process) {
        deputies.update(process);
    }

    @Override
    public void adopt(ProcessRecord process) {
        deputies.update(process);
        boolean unfinished =
                survey.of(process).stream().anyMatch(f -> f instanceof DeputyFinding.Original);
        if (unfinished) {
            deputise(process.process());
        }
    }

    @Override
    public void deputise(HomePid process) {
        Optional<ProcessRecord> record = journal.process(process);
        if (record.isEmpty()) {
            LOG.error("no record of the process that was to get deputies: process={}", process);
            return;
        }
        Map<Path, Leaf> leaves = new HashMap<>();
        List<DeputyPlan> plans = new ArrayList<>();
        for (DeputyFinding finding : survey.of(record.get())) {
            if (finding instanceof DeputyFinding.Original original) {
                plan(record.get(), original.pid(), leaves).ifPresent(plans::add);
            }
        }
        if (!plans.isEmpty()) {
            for (DeputyOutcome outcome : deputiser.deputise(plans, Optional.empty())) {
                if (outcome instanceof DeputyOutcome.Failed(int pid, String reason)) {
                    failed(record.get(), pid, reason);
                }
            }
        }
        leaves.values().forEach(leaf -> leaf.remove(REMOVE));
    }

    private Optional<DeputyPlan> plan(ProcessRecord record, int pid, Map<Path, Leaf> leaves) {
        CgroupRoot cgroups = freezer.root();
        Optional<Path> directory = cgroups.pathOf(pid).flatMap(cgroups::directory);
        if (directory.isEmpty()) {
            return Optional.empty();
        }
        Leaf leaf = leaves.computeIfAbsent(directory.get(), freezer::open);
        Path home =
                FrozenTree.reopen(cgroups, leaf).members().stream()
                        .filter(m -> m.pid() == pid)
                        .map(FrozenMember::oldCgroup)
                        .flatMap(path -> cgroups.directory(path).stream())
                        .findFirst()
                        .orElse(cgroups.mountPoint());
        List<Integer> keep =
                record.deputies().stream()
                        .filter(d -> d.pid() == pid)
                        .map(DeputyRecord::keep)
                        .findFirst()
                        .orElse(List.of());
        return Optional.of(new DeputyPlan(pid, home.resolve("cgroup.procs"), keep));
    }

    /** An original that cannot become a deputy must never run again: its body runs elsewhere. */
    private void failed(ProcessRecord record, int pid, String reason) {
        LOG.error(
                "original cannot become a deputy and is killed: process={} pid={} reason={}",
                record.process(),
                pid,
                reason);
        boolean original =
                survey.of(record).stream()
                        .anyMatch(f -> f instanceof DeputyFinding.Original o && o.pid() == pid);
        if (original) {
            PidFd.open(pid)
                    .ifPresent(
                            handle -> {
                                try (handle) {
                                    handle.sendSignal(SIGKILL);
                                }
                            });
        }
        journal.event(Optional.of(record.process()), "deputy-failed", "pid=" + pid + " " + reason);
    }

    @Override
    public void bodyLost(HomePid process, String why) {
        LOG.warn("body is lost: process={} reason={}", process, why);
        deputies.bodyGone(process);
        deputies.endLost(process);
    }
}
