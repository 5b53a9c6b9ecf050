package io.mig.checkpoint;

import io.mig.checkpoint.criu.CriuConnection;
import io.mig.checkpoint.support.Capsule;
import io.mig.checkpoint.support.CriuLab;
import io.mig.checkpoint.support.Workload;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** The contract against the real CRIU; requires root. */
class CriuCheckpointerTest extends CheckpointerContract {
    @TempDir Path directory;

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private CriuLab lab;

    @BeforeEach
    void startServer() {
        lab = new CriuLab(directory);
        open.push(lab);
    }

    @AfterEach
    void leaveNothingBehind() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    @Override
    Checkpointer dumper() {
        CriuConnection criu = lab.criu();
        open.push(criu);
        return criu;
    }

    @Override
    Checkpointer restorer() {
        Capsule capsule = lab.capsule();
        open.push(capsule);
        return capsule.criu();
    }

    @Override
    int subject() {
        Workload work = Workload.ready(directory, "tick", directory.resolve("counter").toString());
        open.push(work);
        lab.freeze(work.pid());
        return work.pid();
    }

    @Override
    DumpRequest.Builder dumpOf(int pid) {
        return lab.dumpOf(pid);
    }

    @Override
    Path images() {
        return lab.images;
    }
}
