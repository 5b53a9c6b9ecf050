package io.mig.ctl.doctor;

import static io.mig.ctl.doctor.Finding.degraded;
import static io.mig.ctl.doctor.Finding.fine;
import static io.mig.ctl.doctor.Finding.missing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the kernel offers. */
final class KernelChecks {
    private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+).*", Pattern.DOTALL);
    private static final String OLDEST = "6.7";

    private final Machine machine;

    KernelChecks(Machine machine) {
        this.machine = machine;
    }

    Finding version() {
        String release = machine.text("/proc/sys/kernel/osrelease").orElse("unknown");
        Matcher version = VERSION.matcher(release);
        boolean enough =
                version.matches()
                        && (Integer.parseInt(version.group(1)) > 6
                                || (Integer.parseInt(version.group(1)) == 6
                                        && Integer.parseInt(version.group(2)) >= 7));
        return enough
                ? fine("kernel", release)
                : degraded("kernel", release, "tested only from Linux " + OLDEST + " on");
    }

    Finding userfaultfd() {
        int errno = machine.kernel().userfaultfd();
        return errno == 0
                ? fine("userfaultfd", "works")
                : degraded(
                                "userfaultfd",
                                "errno=" + errno,
                                "live migration (memory moving while the program runs)")
                        .curedBy(
                                errno == 1
                                        ? "run mig doctor as root"
                                        : "use a kernel with CONFIG_USERFAULTFD=y");
    }

    Finding pagemapScan() {
        int errno = machine.kernel().pagemapScan();
        return errno == 0
                ? fine("PAGEMAP_SCAN", "works")
                : degraded(
                                "PAGEMAP_SCAN",
                                "errno=" + errno,
                                "live migration (finding pages written meanwhile)")
                        .curedBy(
                                "use Linux "
                                        + OLDEST
                                        + " or newer with CONFIG_PROC_PAGE_MONITOR=y");
    }

    Finding pidfd() {
        int errno = machine.kernel().pidfd();
        return errno == 0
                ? fine("pidfd", "works")
                : missing("pidfd", "errno=" + errno, "following processes that moved")
                        .curedBy(
                                "use Linux 5.6 or newer; in a container allow pidfd_open and pidfd_getfd");
    }

    Finding freezer() {
        Optional<Path> root = machine.mounts().cgroupV2();
        if (root.isEmpty()) {
            return missing("cgroup v2", "not mounted", "freezing a program while it moves")
                    .fixedBy(
                            "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
        }
        if (!machine.root()) {
            return degraded(
                    "cgroup v2", "at " + root.get(), "the freezer can be tried only by root");
        }
        Path probe = root.get().resolve("mig-doctor");
        boolean works =
                machine.run(
                                "sh",
                                "-c",
                                "mkdir -p "
                                        + probe
                                        + " && echo 1 >"
                                        + probe
                                        + "/cgroup.freeze && test -e "
                                        + probe
                                        + "/cgroup.kill")
                        .ok();
        machine.run("rmdir", probe.toString());
        return works
                ? fine("cgroup v2", "freezer at " + root.get())
                : missing(
                                "cgroup v2",
                                "no usable freezer at " + root.get(),
                                "freezing a program while it moves")
                        .curedBy("mount cgroup v2 writable; Linux 5.14 or newer");
    }

    Finding fuse() {
        int errno = machine.kernel().open("/dev/fuse");
        return errno == 0
                ? fine("FUSE", "/dev/fuse opens")
                : degraded(
                                "FUSE",
                                "/dev/fuse: errno=" + errno,
                                "serving the home node's files to guests")
                        .fixedBy(
                                "modprobe fuse && { test -e /dev/fuse || mknod -m 666 /dev/fuse c 10 229; }");
    }

    Finding tun() {
        int errno = machine.kernel().open("/dev/net/tun");
        return errno == 0
                ? fine("tun", "/dev/net/tun opens")
                : degraded(
                                "tun",
                                "/dev/net/tun: errno=" + errno,
                                "programs with network connections")
                        .fixedBy(
                                "modprobe tun && mkdir -p /dev/net && { test -e /dev/net/tun || mknod -m 666"
                                        + " /dev/net/tun c 10 200; }");
    }

    Finding pidChoice() {
        return machine.exists("/proc/sys/kernel/ns_last_pid")
                ? fine("pid choice", "ns_last_pid is there")
                : missing("pid choice", "no ns_last_pid", "restoring a program under its own pid")
                        .curedBy("use a kernel with CONFIG_CHECKPOINT_RESTORE=y");
    }

    List<Finding> all() {
        List<Finding> all = new ArrayList<>();
        all.add(version());
        all.add(freezer());
        all.add(pidfd());
        all.add(pidChoice());
        all.add(userfaultfd());
        all.add(pagemapScan());
        all.add(fuse());
        all.add(tun());
        return all;
    }
}
