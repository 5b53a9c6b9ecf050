package io.mig.files;

import io.mig.files.client.Callers;
import io.mig.files.client.ContentCache;
import io.mig.files.client.HomeTree;
import io.mig.files.client.HomeTreeConfig;
import io.mig.files.fuse.FuseConfig;
import io.mig.files.link.FileMessages;
import io.mig.files.link.HomeFiles;
import io.mig.files.link.PeerHomeLink;
import io.mig.files.serve.FileServiceConfig;
import io.mig.files.serve.Vouched;
import io.mig.model.NodeId;
import io.mig.transport.BulkReceiver;
import io.mig.transport.PeerFacts;
import io.mig.transport.PeerHandler;
import io.mig.transport.PeerMessage;
import io.mig.transport.PeerNetwork;
import io.mig.transport.Responder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** A home that serves a directory, and hosts that mount it, over any networks. */
final class LabTree implements AutoCloseable {
    static final NodeId HOME = new NodeId("home");
    static final NodeId AWAY = new NodeId("away");
    static final byte[] KEY =
            "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private final PeerNetwork homeNetwork;
    private final AtomicReference<@Nullable HomeFiles> home = new AtomicReference<>();
    private final Path root;
    private final Vouched vouched;
    private final boolean watch;

    LabTree(PeerNetwork homeNetwork, Path root, Vouched vouched, boolean watch) {
        this.homeNetwork = homeNetwork;
        this.root = root;
        this.vouched = vouched;
        this.watch = watch;
        startHome();
        homeNetwork.start(
                new Quiet() {
                    @Override
                    public void onRequest(NodeId from, PeerMessage message, Responder responder) {
                        HomeFiles files = home.get();
                        if (files != null) {
                            files.onRequest(from, message, responder);
                        }
                    }
                });
    }

    static PeerFacts facts(NodeId node) {
        return new PeerFacts(node, "test", 1, 1, "boot", "", Set.of(), "", "", 1, 1, Map.of());
    }

    /** Home's agent as it was, but with an empty memory. */
    void restartHome() {
        stopHome();
        startHome();
    }

    void stopHome() {
        HomeFiles old = home.getAndSet(null);
        if (old != null) {
            old.close();
        }
    }

    void startHome() {
        HomeFiles files =
                new HomeFiles(
                        new FileServiceConfig(root, KEY, 4, Duration.ofHours(1), watch),
                        vouched,
                        homeNetwork);
        files.start();
        home.set(files);
    }

    HomeFiles home() {
        HomeFiles files = home.get();
        if (files == null) {
            throw new IllegalStateException("home is stopped");
        }
        return files;
    }

    /** Mounts it at a node; the network is started here. */
    static HomeTree mount(PeerNetwork network, NodeId home, Path mountPoint, Duration giveUp) {
        return mount(network, home, mountPoint, giveUp, null);
    }

    static HomeTree mount(
            PeerNetwork network,
            NodeId home,
            Path mountPoint,
            Duration giveUp,
            @Nullable ContentCache cache) {
        AtomicReference<@Nullable HomeTree> tree = new AtomicReference<>();
        network.start(
                new Quiet() {
                    @Override
                    public void onMessage(NodeId from, PeerMessage message) {
                        HomeTree mounted = tree.get();
                        if (mounted != null && message.type() == FileMessages.PUSH) {
                            mounted.pushed(FileMessages.frame(message.body()));
                        }
                    }

                    @Override
                    public void onPeerUp(NodeId peer, PeerFacts facts) {
                        HomeTree mounted = tree.get();
                        if (mounted != null) {
                            mounted.homeIsBack();
                        }
                    }
                });
        Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> network.state(home).up());
        HomeTree mounted =
                HomeTree.mount(
                        new HomeTreeConfig(
                                FuseConfig.at(mountPoint, "home"),
                                giveUp,
                                Callers.plain(),
                                List.of(),
                                null,
                                null,
                                cache),
                        new PeerHomeLink(network, home));
        tree.set(mounted);
        return mounted;
    }

    @Override
    public void close() {
        stopHome();
        homeNetwork.close();
    }

    /** Ignores everything. */
    private static class Quiet implements PeerHandler {
        @Override
        public boolean inline(int type) {
            return FileMessages.isRequest(type) || type == FileMessages.PUSH;
        }

        @Override
        public void onRequest(NodeId from, PeerMessage message, Responder responder) {}

        @Override
        public void onMessage(NodeId from, PeerMessage message) {}

        @Override
        public void onPeerUp(NodeId peer, PeerFacts facts) {}

        @Override
        public void onPeerDown(NodeId peer, String why) {}

        @Override
        public BulkReceiver onBulk(NodeId from, String streamId) {
            throw new IllegalStateException("no streams here");
        }
    }
}
