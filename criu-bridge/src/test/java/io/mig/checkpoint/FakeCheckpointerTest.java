package io.mig.checkpoint;

import io.mig.checkpoint.fake.FakeCheckpointer;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class FakeCheckpointerTest extends CheckpointerContract {
    @TempDir Path directory;

    @Override
    Checkpointer dumper() {
        return new FakeCheckpointer();
    }

    @Override
    Checkpointer restorer() {
        return new FakeCheckpointer();
    }

    @Override
    int subject() {
        return (int) ProcessHandle.current().pid();
    }

    @Override
    DumpRequest.Builder dumpOf(int pid) {
        return DumpRequest.of(pid, directory);
    }

    @Override
    Path images() {
        return directory;
    }
}
