package io.mig.checkpoint.fake;

import io.mig.checkpoint.CheckpointException;
import io.mig.checkpoint.CheckpointListener;
import io.mig.checkpoint.Checkpointer;
import io.mig.checkpoint.CriuNotification;
import io.mig.checkpoint.DumpRequest;
import io.mig.checkpoint.DumpResult;
import io.mig.checkpoint.Phase;
import io.mig.checkpoint.RestoreRequest;
import io.mig.checkpoint.RestoreResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Behaves like CRIU towards its caller: one dump or restore, the notifications in their order,
 * refusals, failures and silence. Its image directory holds one file with the pid.
 */
public final class FakeCheckpointer implements Checkpointer {
    private static final String IMAGE = "inventory.img";

    private boolean spent;

    private void spend(Phase phase) {
        if (spent) {
            throw CheckpointException.failed(phase, "cannot take this request: it is SPENT", 0);
        }
        spent = true;
    }

    @Override
    public DumpResult dump(DumpRequest request, CheckpointListener listener) {
        spend(Phase.DUMP);
        if (ProcessHandle.of(request.pid()).isEmpty()) {
            throw new CheckpointException(
                    Phase.DUMP,
                    CheckpointException.Outcome.FAILED,
                    "pid=" + request.pid() + " does not exist",
                    3,
                    List.of("Error (fake.c:1): no such process"));
        }
        tell(Phase.DUMP, listener, CriuNotification.PRE_DUMP, OptionalInt.empty());
        try {
            Files.writeString(
                    request.images().local().resolve(IMAGE), Integer.toString(request.pid()));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        tell(Phase.DUMP, listener, CriuNotification.POST_DUMP, OptionalInt.empty());
        return new DumpResult(Duration.ofMillis(1), Optional.empty());
    }

    @Override
    public RestoreResult restore(RestoreRequest request, CheckpointListener listener) {
        spend(Phase.RESTORE);
        tell(Phase.RESTORE, listener, CriuNotification.PRE_RESTORE, OptionalInt.empty());
        int pid = pid(request.images().local().resolve(IMAGE));
        tell(Phase.RESTORE, listener, CriuNotification.POST_RESTORE, OptionalInt.of(pid));
        tell(Phase.RESTORE, listener, CriuNotification.PRE_RESUME, OptionalInt.empty());
        tell(Phase.RESTORE, listener, CriuNotification.POST_RESUME, OptionalInt.empty());
        return new RestoreResult(pid, Duration.ofMillis(1));
    }

    private static int pid(Path image) {
        try {
            return Integer.parseInt(Files.readString(image));
        } catch (IOException | NumberFormatException missing) {
            throw new CheckpointException(
                    Phase.RESTORE,
                    CheckpointException.Outcome.FAILED,
                    "no usable images: " + missing,
                    0,
                    List.of("Error (fake.c:2): no image"));
        }
    }

    private static void tell(
            Phase phase, CheckpointListener listener, String script, OptionalInt pid) {
        try {
            listener.onNotification(new CriuNotification(script, pid));
        } catch (RuntimeException refused) {
            throw CheckpointException.failed(phase, "refused at " + script + ": " + refused, 0)
                    .causedBy(refused);
        }
    }

    @Override
    public void close() {
        spent = true;
    }
}
