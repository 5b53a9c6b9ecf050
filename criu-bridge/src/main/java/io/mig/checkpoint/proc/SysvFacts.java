package io.mig.checkpoint.proc;

import java.util.ArrayList;
import java.util.List;

/**
 * System V message queues with the last processes that used them ({@code /proc/sysvipc/msg}).
 * Shared memory shows in the mappings; who uses a semaphore the kernel does not tell.
 */
public record SysvFacts(int msqid, int lastSender, int lastReceiver) {

    static List<SysvFacts> parseAll(List<String> lines) {
        List<SysvFacts> queues = new ArrayList<>();
        for (String line : lines) {
            // key msqid perms cbytes qnum lspid lrpid ...
            List<String> words = Text.words(line);
            if (words.size() >= 7 && Text.intOf(words.get(1), -1) >= 0) {
                queues.add(
                        new SysvFacts(
                                Text.intOf(words.get(1), -1),
                                Text.intOf(words.get(5), 0),
                                Text.intOf(words.get(6), 0)));
            }
        }
        return queues;
    }
}
