package io.mig.files.fuse;

import io.mig.files.sys.Linux;
import io.mig.files.sys.Native;
import io.mig.files.sys.SysCall;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mount itself and the kernel's handles on it in sysfs. Never touches what is mounted: whoever
 * asks a file system that it serves itself waits for ever.
 */
final class FuseMount {
    private static final Logger LOG = LoggerFactory.getLogger(FuseMount.class);
    private static final String TYPE = "fuse.mig";
    private static final long MS_NOSUID = 2;
    private static final long MS_NODEV = 4;
    private static final long MNT_DETACH = 2;

    private final Path mountPoint;
    private final String device;

    private FuseMount(Path mountPoint, String device) {
        this.mountPoint = mountPoint;
        this.device = device;
    }

    /** Opens the kernel's end; the descriptor belongs to the caller. */
    static int open(Native sys) {
        long fd =
                sys.call(
                        SysCall.OPENAT,
                        Linux.AT_FDCWD,
                        sys.string(0, bytes("/dev/fuse")),
                        Linux.O_RDWR | Linux.O_CLOEXEC);
        if (fd < 0) {
            throw new IllegalStateException(
                    "cannot open /dev/fuse: errno="
                            + -fd
                            + "; the agent must be root and the kernel must have FUSE"
                            + " (modprobe fuse)");
        }
        return (int) fd;
    }

    static FuseMount mount(Native sys, int fd, FuseConfig config) {
        String options =
                "fd=" + fd + ",rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions";
        Native second = new Native(4096);
        try (second) {
            second.scratch().setString(0, options, StandardCharsets.US_ASCII);
            long result =
                    sys.call(
                            SysCall.MOUNT,
                            sys.string(0, bytes(config.source())),
                            sys.string(1, bytes(config.mountPoint().toString())),
                            second.string(0, bytes(TYPE)),
                            MS_NODEV | (config.nosuid() ? MS_NOSUID : 0),
                            second.scratchAddress(),
                            0);
            if (result < 0) {
                throw new IllegalStateException(
                        "cannot mount a home's files: mountPoint="
                                + config.mountPoint()
                                + " errno="
                                + -result
                                + "; the directory must exist and the agent needs CAP_SYS_ADMIN");
            }
        }
        FuseMount mount = new FuseMount(config.mountPoint(), device(config.mountPoint()));
        mount.readAhead(config.readAheadBytes());
        return mount;
    }

    /** A mount that somebody else has made. */
    static FuseMount existing(FuseConfig config) {
        FuseMount mount = new FuseMount(config.mountPoint(), device(config.mountPoint()));
        mount.readAhead(config.readAheadBytes());
        return mount;
    }

    /** Takes a mount off that an earlier agent left behind. */
    static void detachStale(Native sys, Path mountPoint) {
        while (!device(mountPoint).isEmpty()
                && sys.call(SysCall.UMOUNT, sys.string(0, bytes(mountPoint.toString())), MNT_DETACH)
                        == 0) {
            LOG.info("a mount left over is detached: mountPoint={}", mountPoint);
        }
    }

    /** Device number of our topmost mount there, "" when there is none. */
    private static String device(Path mountPoint) {
        try {
            Optional<String> line =
                    Files.readAllLines(Path.of("/proc/self/mountinfo"), StandardCharsets.ISO_8859_1)
                            .stream()
                            .filter(l -> l.contains(" - " + TYPE + " "))
                            .filter(l -> l.split(" ", -1)[4].equals(escaped(mountPoint)))
                            .reduce((first, last) -> last);
            return line.map(l -> l.split(" ", -1)[2]).orElse("");
        } catch (IOException e) {
            return "";
        }
    }

    private static String escaped(Path path) {
        return new String(bytes(path.toString()), StandardCharsets.ISO_8859_1)
                .replace("\\", "\\134")
                .replace(" ", "\\040")
                .replace("\t", "\\011")
                .replace("\n", "\\012");
    }

    private void readAhead(int bytes) {
        Path knob = Path.of("/sys/class/bdi/" + device + "-fuse/read_ahead_kb");
        if (!Files.exists(knob)) {
            knob = Path.of("/sys/class/bdi/" + device + "/read_ahead_kb");
        }
        try {
            Files.writeString(knob, Integer.toString(bytes / 1024));
        } catch (IOException e) {
            LOG.info("read-ahead stays as the kernel has it: {}", e.toString());
        }
    }

    void detach(Native sys) {
        sys.call(SysCall.UMOUNT, sys.string(0, bytes(mountPoint.toString())), MNT_DETACH);
    }

    /** Ends the connection although somebody may still have files open: they get errors. */
    void abort(Native sys) {
        int colon = device.indexOf(':');
        if (colon < 0) {
            return;
        }
        String number = device.substring(colon + 1);
        Path usual = Path.of("/sys/fs/fuse/connections", number, "abort");
        if (Files.exists(usual)) {
            write(usual);
            return;
        }
        // the control file system is not mounted on this machine: look at it in passing
        try {
            Path passing = Files.createTempDirectory("mig-fusectl");
            try (Native second = new Native(0)) {
                long mounted =
                        sys.call(
                                SysCall.MOUNT,
                                sys.string(0, bytes("none")),
                                sys.string(1, bytes(passing.toString())),
                                second.string(0, bytes("fusectl")),
                                0);
                if (mounted == 0) {
                    write(passing.resolve(number).resolve("abort"));
                    sys.call(SysCall.UMOUNT, sys.string(0, bytes(passing.toString())), MNT_DETACH);
                } else {
                    LOG.warn("cannot mount fusectl: errno={}", -mounted);
                }
            } finally {
                Files.delete(passing);
            }
        } catch (IOException e) {
            LOG.warn("cannot abort the connection: mountPoint={}", mountPoint, e);
        }
    }

    private static void write(Path abort) {
        try {
            Files.writeString(abort, "1");
        } catch (NoSuchFileException e) {
            LOG.debug("the connection is over already: {}", abort);
        } catch (IOException e) {
            LOG.warn("cannot abort: {}", abort, e);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
