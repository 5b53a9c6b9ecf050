package io.mig.files.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Files that the kernel was told are open while home was still asked, by the guest that they are
 * restored for. Thread-safe.
 */
final class OpensAhead {
    private final Map<String, List<CompletableFuture<Optional<String>>>> open =
            new ConcurrentHashMap<>();

    /** One file; exactly one of its methods is called. */
    static final class Open {
        private final CompletableFuture<Optional<String>> outcome;

        private Open(CompletableFuture<Optional<String>> outcome) {
            this.outcome = outcome;
        }

        void done() {
            outcome.complete(Optional.empty());
        }

        void failed(Node node, int errno) {
            outcome.complete(
                    Optional.of(
                            "home does not open inode="
                                    + node.ino()
                                    + " for the restored process: errno="
                                    + errno));
        }
    }

    Open begin(String whose) {
        CompletableFuture<Optional<String>> outcome = new CompletableFuture<>();
        open.compute(
                whose,
                (_, files) -> {
                    List<CompletableFuture<Optional<String>>> more =
                            files == null ? new ArrayList<>() : new ArrayList<>(files);
                    more.add(outcome);
                    return more;
                });
        return new Open(outcome);
    }

    /** Nobody will ask for the files of a guest. */
    void forget(String whose) {
        open.remove(whose);
    }

    /**
     * Waits until home has answered for all files of a guest.
     *
     * @return what went wrong, if anything
     */
    Optional<String> await(String whose, Duration patience) {
        List<CompletableFuture<Optional<String>>> files = open.remove(whose);
        if (files == null) {
            return Optional.empty();
        }
        try {
            CompletableFuture.allOf(files.toArray(CompletableFuture[]::new))
                    .get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return files.stream()
                    .map(CompletableFuture::join)
                    .flatMap(Optional::stream)
                    .findFirst();
        } catch (TimeoutException e) {
            return Optional.of("home did not open its files again within " + patience);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("interrupted while home opened its files again");
        }
    }
}
