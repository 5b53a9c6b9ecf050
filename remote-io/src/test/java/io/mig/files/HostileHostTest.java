package io.mig.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.mig.files.serve.Credentials;
import io.mig.files.serve.FileService;
import io.mig.files.serve.FileServiceConfig;
import io.mig.files.sys.Errno;
import io.mig.files.wire.Frame;
import io.mig.files.wire.FrameReader;
import io.mig.files.wire.Limits;
import io.mig.files.wire.NodeRef;
import io.mig.files.wire.Op;
import io.mig.files.wire.RequestHeader;
import io.mig.files.wire.Status;
import io.mig.model.NodeId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A host that says what no kernel would say. Requires root. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
final class HostileHostTest {
    private static final NodeId HOST = new NodeId("hostile");
    private static final int USER = 23456;

    @TempDir Path directory;
    private FileService service;
    private long ids;

    @BeforeEach
    void serve() throws IOException {
        // without root there is nothing to test
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.writeString(directory.resolve("public"), "for all");
        Files.writeString(directory.resolve("secret"), "for root");
        Files.setPosixFilePermissions(
                directory.resolve("secret"), PosixFilePermissions.fromString("rw-------"));
        Files.createSymbolicLink(directory.resolve("out"), Path.of("/etc/passwd"));
        Files.createSymbolicLink(directory.resolve("up"), Path.of("../../../../etc"));
        service =
                new FileService(
                        new FileServiceConfig(
                                directory, LabTree.KEY, 2, Duration.ofHours(1), false),
                        (host, uid, gid) ->
                                uid == USER
                                        ? Optional.of(new Credentials(USER, USER, new int[0]))
                                        : Optional.empty(),
                        (host, frame) -> {});
        service.start();
    }

    @AfterEach
    void close() {
        if (service != null) {
            service.close();
        }
    }

    private FrameReader ask(NodeId host, ByteBuffer frame) throws Exception {
        CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
        service.handle(host, frame, answer::complete);
        return new FrameReader(answer.get(10, TimeUnit.SECONDS));
    }

    private FrameReader ask(NodeId host, int uid, Op op, Consumer<Frame> body) throws Exception {
        Frame frame = new Frame(256);
        new RequestHeader(op, uid, uid, 77, ++ids, ids).putTo(frame);
        body.accept(frame);
        return ask(host, frame.finish());
    }

    private FrameReader ask(Op op, Consumer<Frame> body) throws Exception {
        return ask(HOST, USER, op, body);
    }

    private NodeRef root(NodeId host) throws Exception {
        FrameReader hello = ask(host, USER, Op.HELLO, f -> {});
        assertThat(hello.u32()).isZero();
        return hello.ref();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private NodeRef find(NodeRef parent, String name) throws Exception {
        FrameReader found = ask(Op.LOOKUP, f -> f.ref(parent).blob(bytes(name)));
        assertThat(found.u32()).isZero();
        return found.ref();
    }

    @Test
    void shouldRefuseNamesThatLeadElsewhere() throws Exception {
        NodeRef root = root(HOST);
        for (String name :
                new String[] {
                    "..", ".", "", "/", "a/b", "../x", "/etc/passwd", "x\0y", "n".repeat(256)
                }) {
            for (Op op : new Op[] {Op.LOOKUP, Op.UNLINK, Op.RMDIR}) {
                assertThat(ask(op, f -> f.ref(root).blob(bytes(name))).u32())
                        .as("%s of %s", op, name)
                        .isEqualTo(Status.BAD_REQUEST);
            }
            assertThat(
                            ask(
                                            Op.CREATE,
                                            f ->
                                                    f.ref(root)
                                                            .blob(bytes(name))
                                                            .u64(1)
                                                            .u32(1)
                                                            .u32(0)
                                                            .u32(0))
                                    .u32())
                    .isEqualTo(Status.BAD_REQUEST);
        }
    }

    @Test
    void shouldNotFollowALinkWhenItIsOpened() throws Exception {
        NodeRef root = root(HOST);
        for (String name : new String[] {"out", "up"}) {
            NodeRef link = find(root, name);
            assertThat(ask(Op.OPEN, f -> f.ref(link).u64(50).u32(0).u8(1)).u32())
                    .isEqualTo(Errno.ENXIO);
            assertThat(ask(Op.LOOKUP, f -> f.ref(link).blob(bytes("passwd"))).u32()).isEqualTo(20);
            assertThat(
                            ask(
                                            Op.CREATE,
                                            f ->
                                                    f.ref(root)
                                                            .blob(bytes(name))
                                                            .u64(51)
                                                            .u32(1)
                                                            .u32(0600)
                                                            .u32(0))
                                    .u32())
                    .isEqualTo(Errno.ELOOP);
        }
    }

    /** A name leads by turns to a directory of this tree and, as a link, out of it. */
    @Test
    void shouldNeverLeadOutsideWhenNamesAreSwappedAllTheTime() throws Exception {
        Path outside = Files.createTempDirectory("outside");
        try {
            Files.writeString(outside.resolve("file"), "outside");
            Files.setPosixFilePermissions(outside, PosixFilePermissions.fromString("rwxrwxrwx"));
            Path inside = Files.createDirectory(directory.resolve("dir"));
            Files.setPosixFilePermissions(inside, PosixFilePermissions.fromString("rwxrwxrwx"));
            Files.writeString(inside.resolve("file"), "inside");
            Process swapper =
                    new ProcessBuilder(
                                    "sh",
                                    "-c",
                                    "cd \"$1\" && ln -s \"$2\" link && echo ready && while :; do"
                                            + " mv -T dir away; mv -T link dir;"
                                            + " mv -T dir link; mv -T away dir; done",
                                    "sh",
                                    directory.toString(),
                                    outside.toString())
                            .start();
            try {
                assertThat(swapper.inputReader().readLine()).isEqualTo("ready");
                Set<String> read = walk(root(HOST), 3000);
                assertThat(read).containsExactly("inside");
                assertThat(outside.resolve("made")).doesNotExist();
            } finally {
                swapper.destroyForcibly().waitFor();
            }
        } finally {
            Files.deleteIfExists(outside.resolve("file"));
            Files.deleteIfExists(outside.resolve("made"));
            Files.delete(outside);
        }
    }

    /** What can be read in dir/file, and makes dir/made, again and again. */
    private Set<String> walk(NodeRef root, int times) throws Exception {
        Set<String> read = new HashSet<>();
        for (int i = 0; i < times; i++) {
            FrameReader found = ask(Op.LOOKUP, f -> f.ref(root).blob(bytes("dir")));
            if (found.u32() != 0) {
                continue;
            }
            NodeRef on = found.ref();
            long number = 1000L + i;
            ask(
                    Op.CREATE,
                    f -> f.ref(on).blob(bytes("made")).u64(number).u32(1 | 0100).u32(0644).u32(0));
            ask(Op.RELEASE, f -> f.u64(number));
            FrameReader file = ask(Op.LOOKUP, f -> f.ref(on).blob(bytes("file")));
            if (file.u32() != 0) {
                continue;
            }
            NodeRef ref = file.ref();
            long handle = 1_000_000L + i;
            if (ask(Op.OPEN, f -> f.ref(ref).u64(handle).u32(0).u8(0)).u32() == 0) {
                FrameReader data = ask(Op.READ, f -> f.u64(handle).u64(0).u32(100));
                assertThat(data.u32()).isZero();
                ByteBuffer rest = data.rest();
                byte[] text = new byte[rest.remaining()];
                rest.get(text);
                read.add(new String(text, StandardCharsets.ISO_8859_1));
                ask(Op.RELEASE, f -> f.u64(handle));
            }
        }
        return read;
    }

    @Test
    void shouldActOnlyAsThoseWhoAreVouchedFor() throws Exception {
        NodeRef root = root(HOST);
        NodeRef secret = find(root, "secret");

        assertThat(ask(Op.OPEN, f -> f.ref(secret).u64(1).u32(0).u8(1)).u32())
                .isEqualTo(Errno.EACCES);
        for (int uid : new int[] {0, USER + 1, -1}) {
            assertThat(ask(HOST, uid, Op.OPEN, f -> f.ref(secret).u64(1).u32(0).u8(1)).u32())
                    .isEqualTo(Errno.EACCES);
            assertThat(
                            ask(
                                            HOST,
                                            uid,
                                            Op.MKDIR,
                                            f -> f.ref(root).blob(bytes("d")).u32(0700).u32(0))
                                    .u32())
                    .isEqualTo(Errno.EACCES);
        }
        assertThat(ask(Op.MKDIR, f -> f.ref(root).blob(bytes("mine")).u32(0700).u32(0)).u32())
                .isZero();
        assertThat(Files.getAttribute(directory.resolve("mine"), "unix:uid")).isEqualTo(USER);
    }

    @Test
    void shouldRefuseReferencesThatItDidNotGiveToThisHost() throws Exception {
        NodeRef root = root(HOST);
        NodeRef file = find(root, "public");
        root(new NodeId("honest"));
        assertThat(ask(new NodeId("honest"), USER, Op.GETATTR, f -> f.ref(file)).u32())
                .isEqualTo(Errno.EACCES);

        byte[] identity = file.identity();
        byte[] whole = new byte[identity.length + NodeRef.SEAL_BYTES];
        Random random = new Random(5);
        for (int i = 0; i < 500; i++) {
            System.arraycopy(identity, 0, whole, 0, identity.length);
            System.arraycopy(file.seal(), 0, whole, identity.length, NodeRef.SEAL_BYTES);
            whole[random.nextInt(whole.length)] ^= (byte) (1 << random.nextInt(8));
            NodeRef forged = NodeRef.of(whole.clone());
            assertThat(ask(Op.GETATTR, f -> f.ref(forged)).u32()).isEqualTo(Errno.EACCES);
            assertThat(ask(Op.OPEN, f -> f.ref(forged).u64(9).u32(0).u8(1)).u32())
                    .isEqualTo(Errno.EACCES);
        }
    }

    @Test
    void shouldRefuseHandlesOfOthersAndGrantsThatWereNotGiven() throws Exception {
        NodeRef file = find(root(HOST), "public");
        FrameReader opened = ask(Op.OPEN, f -> f.ref(file).u64(7).u32(0).u8(0));
        assertThat(opened.u32()).isZero();
        NodeId other = new NodeId("other");
        root(other);

        assertThat(ask(other, USER, Op.READ, f -> f.u64(7).u64(0).u32(10)).u32())
                .isEqualTo(Status.UNKNOWN_HANDLE);
        NodeRef secret = find(root(HOST), "secret");
        assertThat(
                        ask(
                                        Op.REOPEN,
                                        f ->
                                                f.ref(secret)
                                                        .u64(8)
                                                        .u32(0)
                                                        .rest(
                                                                ByteBuffer.allocate(
                                                                        NodeRef.SEAL_BYTES)))
                                .u32())
                .isEqualTo(Errno.EACCES);
    }

    @Test
    void shouldAnswerEverythingWhenFramesAreCutOrRandom() throws Exception {
        NodeRef root = root(HOST);
        Random random = new Random(11);
        for (int i = 0; i < 3000; i++) {
            Frame frame = new Frame(256);
            Op op = List.of(Op.values()).get(random.nextInt(Op.values().length));
            if (op == Op.BYE) {
                continue;
            }
            new RequestHeader(op, USER, USER, 77, ++ids, 0).putTo(frame);
            if (random.nextBoolean()) {
                frame.ref(root);
            }
            byte[] noise = new byte[random.nextInt(60)];
            random.nextBytes(noise);
            frame.rest(ByteBuffer.wrap(noise));
            ByteBuffer whole = frame.finish();
            whole.limit(random.nextInt(4) == 0 ? random.nextInt(whole.limit()) : whole.limit());
            if (op == Op.SETLK) {
                continue;
            }
            assertThat(ask(HOST, whole).u32()).isNotNegative();
        }
        assertThat(ask(Op.GETATTR, f -> f.ref(root)).u32()).isZero();
    }

    @Test
    void shouldRefuseMoreOpenFilesThanAllowedAndLeakNone() throws Exception {
        NodeRef file = find(root(HOST), "public");
        long before = descriptors();
        for (long handle = 1; handle <= Limits.MAX_HANDLES; handle++) {
            long number = handle;
            assertThat(ask(Op.OPEN, f -> f.ref(file).u64(number).u32(0).u8(0)).u32()).isZero();
        }
        assertThat(ask(Op.OPEN, f -> f.ref(file).u64(999_999).u32(0).u8(0)).u32())
                .isEqualTo(Errno.EMFILE);
        assertThat(ask(Op.BYE, f -> {}).u32()).isZero();

        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(descriptors()).isLessThanOrEqualTo(before + 10));
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }
}
