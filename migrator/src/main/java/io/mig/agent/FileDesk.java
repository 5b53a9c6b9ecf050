package io.mig.agent;

import io.mig.files.link.FileMessages;
import io.mig.files.link.HomeFiles;
import io.mig.files.serve.FileServiceConfig;
import io.mig.migration.home.VouchedGuests;
import io.mig.migration.target.HomeTrees;
import io.mig.model.ErrorCode;
import io.mig.model.NodeId;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import io.mig.transport.Responder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Both ends of homes' files in one agent: what this home serves to the hosts of its guests, and the
 * trees of other homes that are mounted here.
 */
final class FileDesk implements AutoCloseable {
    private static final int KEY_BYTES = 32;

    private final VouchedGuests vouched;
    private final HomeTrees trees;
    private final Optional<HomeFiles> home;
    // what waits for the mounts of an earlier agent; guarded by itself
    private final List<Runnable> early = new ArrayList<>();
    private volatile boolean takenUp;

    /**
     * @param key file with the secret under which this home's files are referred to; made when
     *     missing
     * @param serves whether this home gives its files to its guests elsewhere
     */
    FileDesk(Path key, boolean serves, VouchedGuests vouched, HomeTrees trees, PeerNetwork network)
            throws IOException {
        this.vouched = vouched;
        this.trees = trees;
        this.home =
                serves
                        ? Optional.of(
                                new HomeFiles(
                                        FileServiceConfig.of(Path.of("/"), secret(key)),
                                        vouched,
                                        network))
                        : Optional.empty();
    }

    /** This home's files can be asked for. */
    void serve() {
        vouched.refresh();
        home.ifPresent(HomeFiles::start);
    }

    /** What is sent to a peer after this, it gets after word of the changes made here so far. */
    void wordsFirst(NodeId peer) {
        home.ifPresent(files -> files.wordsFirst(peer));
    }

    /** Whether a home has done all that its guests here believe is done. */
    boolean isSettled(NodeId home) {
        return takenUp && trees.isSettled(home);
    }

    /** Runs something once it has. */
    void whenSettled(NodeId home, Runnable then) {
        synchronized (early) {
            if (!takenUp) {
                early.add(() -> trees.whenSettled(home, then));
                return;
            }
        }
        trees.whenSettled(home, then);
    }

    /** Goes on with what an earlier agent had mounted; guests and network must be known. */
    void takeUp() {
        trees.start();
        List<Runnable> now;
        synchronized (early) {
            takenUp = true;
            now = List.copyOf(early);
            early.clear();
        }
        now.forEach(Runnable::run);
    }

    /** Whether it was for us. */
    boolean onRequest(NodeId from, PeerMessage message, Responder responder) {
        if (!FileMessages.isRequest(message.type())) {
            return false;
        }
        if (home.isPresent()) {
            home.get().onRequest(from, message, responder);
        } else {
            responder.fail(
                    ErrorCode.NOT_ALLOWED,
                    "this node does not serve its files; set home_files = true there");
        }
        return true;
    }

    boolean onMessage(NodeId from, PeerMessage message) {
        return trees.onMessage(from, message);
    }

    void onPeerUp(NodeId peer) {
        trees.onPeerUp(peer);
    }

    private static byte[] secret(Path file) throws IOException {
        if (Files.exists(file)) {
            return Files.readAllBytes(file);
        }
        byte[] key = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(key);
        Path fresh =
                Files.createTempFile(
                        file.toAbsolutePath().getParent(),
                        "files",
                        ".key",
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
        Files.write(fresh, key);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        return key;
    }

    @Override
    public void close() {
        trees.close();
        home.ifPresent(HomeFiles::close);
        vouched.close();
    }
}
