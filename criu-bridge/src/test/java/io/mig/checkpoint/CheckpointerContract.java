package io.mig.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every {@link Checkpointer} promises; run against the real CRIU and against the fake. */
@Timeout(90)
abstract class CheckpointerContract {
    /** A fresh one on the dump side. */
    abstract Checkpointer dumper();

    /** A fresh one that may restore what was dumped. */
    abstract Checkpointer restorer();

    /** A process that may be dumped, prepared for it. */
    abstract int subject();

    abstract DumpRequest.Builder dumpOf(int pid);

    abstract Path images();

    @Test
    void shouldTellEachStepInOrderWhenDumpingAndRestoring() {
        int pid = subject();
        List<String> steps = new ArrayList<>();
        try (Checkpointer dumper = dumper()) {
            DumpResult dumped = dumper.dump(dumpOf(pid).build(), step -> steps.add(step.script()));
            assertThat(dumped.duration()).isPositive();
        }
        assertThat(steps)
                .containsSubsequence(CriuNotification.PRE_DUMP, CriuNotification.POST_DUMP);
        steps.clear();
        try (Checkpointer restorer = restorer()) {
            RestoreResult restored =
                    restorer.restore(
                            RestoreRequest.of(images()).build(), step -> steps.add(step.script()));
            assertThat(restored.rootPid()).isEqualTo(pid);
        }
        assertThat(steps)
                .containsSubsequence(
                        CriuNotification.PRE_RESTORE,
                        CriuNotification.POST_RESTORE,
                        CriuNotification.PRE_RESUME,
                        CriuNotification.POST_RESUME);
    }

    @Test
    void shouldFailWithTheListenersReasonWhenItRefusesAtPostDump() {
        int pid = subject();
        try (Checkpointer dumper = dumper()) {
            assertThatThrownBy(
                            () ->
                                    dumper.dump(
                                            dumpOf(pid).build(),
                                            step -> {
                                                if (step.script()
                                                        .equals(CriuNotification.POST_DUMP)) {
                                                    throw new IllegalStateException(
                                                            "target is gone");
                                                }
                                            }))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("refused at post-dump")
                    .hasRootCauseMessage("target is gone");
        }
        assertThat(ProcessHandle.of(pid)).isPresent();
    }

    @Test
    void shouldFailDefinitelyWithALogWhenThereIsNothingToRestoreOrNobodyToDump() {
        try (Checkpointer restorer = restorer()) {
            assertDefinite(
                    () ->
                            restorer.restore(
                                    RestoreRequest.of(images()).build(), CheckpointListener.NONE));
        }
        try (Checkpointer dumper = dumper()) {
            assertDefinite(
                    () ->
                            dumper.dump(
                                    DumpRequest.of(0x3fff_fff0, images()).build(),
                                    CheckpointListener.NONE));
        }
    }

    private static void assertDefinite(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        CheckpointException failure = catchThrowableOfType(CheckpointException.class, call);
        assertThat(failure.outcome()).isEqualTo(CheckpointException.Outcome.FAILED);
        assertThat(failure.logExcerpt()).anyMatch(line -> line.contains("Error ("));
    }

    @Test
    void shouldDoOneThingOnlyWhenAskedTwice() {
        int pid = subject();
        try (Checkpointer dumper = dumper()) {
            dumper.dump(dumpOf(pid).build(), CheckpointListener.NONE);
            assertThatThrownBy(() -> dumper.dump(dumpOf(pid).build(), CheckpointListener.NONE))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("SPENT");
        }
    }
}
