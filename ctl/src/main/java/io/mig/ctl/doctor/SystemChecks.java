package io.mig.ctl.doctor;

import static io.mig.ctl.doctor.Finding.degraded;
import static io.mig.ctl.doctor.Finding.fine;
import static io.mig.ctl.doctor.Finding.missing;

import io.mig.ctl.host.HostCommand;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is installed, allowed and configured. */
final class SystemChecks {
    static final String CRIU = "/opt/mig/criu/criu";

    private static final Pattern CRIU_VERSION =
            Pattern.compile("Version: *(\\d+)\\.(\\d+)(?:\\.\\d+)*");
    private static final int JDK = 25;
    private static final long PIPE_BYTES = 1 << 20;

    /** A clock before this was never set: 2026-01-01. */
    private static final long PLAUSIBLE = 1_767_225_600L;

    /** Numbers as in linux/capability.h. */
    private static final Map<String, Integer> NEEDED = new LinkedHashMap<>();

    static {
        NEEDED.put("DAC_OVERRIDE", 1);
        NEEDED.put("KILL", 5);
        NEEDED.put("SETGID", 6);
        NEEDED.put("SETUID", 7);
        NEEDED.put("NET_ADMIN", 12);
        NEEDED.put("SYS_CHROOT", 18);
        NEEDED.put("SYS_PTRACE", 19);
        NEEDED.put("SYS_ADMIN", 21);
        NEEDED.put("CHECKPOINT_RESTORE", 40);
    }

    private static final int SYS_RESOURCE = 24;

    private final Machine machine;

    SystemChecks(Machine machine) {
        this.machine = machine;
    }

    Finding criu() {
        HostCommand.Outcome version = machine.run(CRIU, "--version");
        String install = machine.home().resolve("criu-bridge/setup/install-criu.sh").toString();
        Matcher matcher = CRIU_VERSION.matcher(version.output());
        if (!version.ok() || !matcher.find()) {
            return missing("CRIU", "not at " + CRIU, "moving anything").fixedBy(install);
        }
        int major = Integer.parseInt(matcher.group(1));
        if (major < 4 || (major == 4 && Integer.parseInt(matcher.group(2)) < 2)) {
            return missing("CRIU", matcher.group(), "mig needs CRIU 4.2 or newer").fixedBy(install);
        }
        if (!machine.root()) {
            return degraded("CRIU", matcher.group(), "only root can try whether it works here");
        }
        HostCommand.Outcome check = machine.run(CRIU, "check");
        return check.ok()
                ? fine("CRIU", matcher.group() + ", criu check: looks good")
                : missing("CRIU", "criu check: " + lastLine(check.output()), "moving anything")
                        .curedBy(CRIU + " check -v4");
    }

    Finding capabilities() {
        if (!machine.root()) {
            return missing("capabilities", "not root", "everything but asking an agent")
                    .curedBy("sudo mig doctor");
        }
        long effective = effectiveCapabilities();
        List<String> absent =
                NEEDED.entrySet().stream()
                        .filter(c -> (effective >> c.getValue() & 1) == 0)
                        .map(Map.Entry::getKey)
                        .toList();
        if (!absent.isEmpty()) {
            return missing(
                            "capabilities",
                            "without CAP_" + String.join(", CAP_", absent),
                            "moving programs")
                    .curedBy("start mig with these capabilities, e.g. outside of the container");
        }
        return (effective >> SYS_RESOURCE & 1) == 0
                ? degraded(
                        "capabilities",
                        "without CAP_SYS_RESOURCE",
                        "programs that have higher limits than this node's own hard limits")
                : fine("capabilities", "all that are needed");
    }

    Finding pipes() {
        long size = machine.text("/proc/sys/fs/pipe-max-size").map(Long::parseLong).orElse(0L);
        long soft =
                machine.text("/proc/sys/fs/pipe-user-pages-soft").map(Long::parseLong).orElse(0L);
        String seen = "fs.pipe-max-size=" + size + " fs.pipe-user-pages-soft=" + soft;
        boolean unlimited = (effectiveCapabilities() >> SYS_RESOURCE & 1) == 1;
        return unlimited || (size >= 4 * PIPE_BYTES && soft == 0)
                ? fine("pipe sizes", seen)
                : degraded(
                                "pipe sizes",
                                seen,
                                "dumps of big programs are slower; CRIU's own lazy pages fail")
                        .fixedBy(
                                "sysctl -q -w fs.pipe-max-size="
                                        + 16 * PIPE_BYTES
                                        + " fs.pipe-user-pages-soft=0");
    }

    Finding typedAhead() {
        Optional<String> legacy = machine.text("/proc/sys/dev/tty/legacy_tiocsti");
        return legacy.filter("0"::equals).isEmpty()
                ? fine("terminal input", "can be given back")
                : degraded(
                                "terminal input",
                                "dev.tty.legacy_tiocsti=0",
                                "what a user typed ahead, and his moved program never read, is not given to his shell")
                        .fixedBy("sysctl -q -w dev.tty.legacy_tiocsti=1");
    }

    Finding ptrace() {
        String scope = machine.text("/proc/sys/kernel/yama/ptrace_scope").orElse("0");
        return scope.equals("3")
                ? missing("ptrace", "kernel.yama.ptrace_scope=3", "moving anything")
                        .curedBy(
                                "set kernel.yama.ptrace_scope to 2 or less in /etc/sysctl.d and restart the machine")
                : fine("ptrace", "allowed");
    }

    Finding runFolder() {
        String folder = machine.exists("/run/mig") ? "/run/mig" : "/run";
        String type = machine.fileSystem(folder).orElse("unknown");
        return type.equals("tmpfs")
                ? fine("images in memory", folder + " is tmpfs")
                : degraded(
                                "images in memory",
                                folder + " is " + type,
                                "moves write images to the disk, and take longer")
                        .fixedBy("mkdir -p /run/mig && mount -t tmpfs -o mode=755 mig /run/mig");
    }

    Finding clock() {
        if (machine.now() < PLAUSIBLE) {
            return missing("clock", "stands in the past", "certificates are not valid yet")
                    .curedBy("date --set ...");
        }
        return machine.kernel().clockSynchronised()
                ? fine("clock", "synchronised")
                : degraded(
                                "clock",
                                "not synchronised",
                                "times of different nodes cannot be compared")
                        .curedBy("apt-get install chrony");
    }

    Finding java() {
        return machine.javaVersion() >= JDK
                ? fine("JDK", Integer.toString(machine.javaVersion()))
                : missing("JDK", Integer.toString(machine.javaVersion()), "everything")
                        .curedBy("apt-get install openjdk-25-jdk-headless, or set JAVA_HOME");
    }

    /** Programs, with the package each is in. */
    Finding tools(String subject, String consequence, Map<String, String> packages) {
        List<String> absent =
                packages.keySet().stream()
                        .filter(tool -> machine.program(tool).isEmpty())
                        .sorted()
                        .toList();
        if (absent.isEmpty()) {
            return fine(subject, String.join(" ", packages.keySet().stream().sorted().toList()));
        }
        return degraded(subject, "no " + String.join(", ", absent), consequence)
                .fixedBy(
                        "apt-get install -y -q --no-install-recommends "
                                + String.join(
                                        " ",
                                        absent.stream().map(packages::get).distinct().toList()));
    }

    List<Finding> all() {
        List<Finding> all = new ArrayList<>();
        all.add(criu());
        all.add(capabilities());
        all.add(ptrace());
        all.add(pipes());
        all.add(typedAhead());
        all.add(runFolder());
        all.add(clock());
        all.add(java());
        all.add(
                tools(
                        "lab tools",
                        "the one-machine lab",
                        Map.of(
                                "ip",
                                "iproute2",
                                "tc",
                                "iproute2",
                                "nsenter",
                                "util-linux",
                                "unshare",
                                "util-linux",
                                "script",
                                "bsdutils",
                                "setsid",
                                "util-linux")));
        all.add(
                tools(
                        "build tools",
                        "building mig on this machine",
                        Map.of("mvn", "maven", "gcc", "gcc", "make", "make")));
        return all;
    }

    private long effectiveCapabilities() {
        return machine.text("/proc/self/status")
                .flatMap(
                        status ->
                                status.lines()
                                        .filter(line -> line.startsWith("CapEff:"))
                                        .findFirst())
                .map(line -> Long.parseUnsignedLong(line.substring("CapEff:".length()).strip(), 16))
                .orElse(0L);
    }

    private static String lastLine(String text) {
        return text.lines().reduce((_, last) -> last).orElse("no answer");
    }
}
