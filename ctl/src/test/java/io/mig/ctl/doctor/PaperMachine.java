package io.mig.ctl.doctor;

import io.mig.ctl.host.HostCommand;
import io.mig.ctl.host.HostMounts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A machine on which all is fine, until a test takes something away. */
final class PaperMachine implements Machine, Kernel {
    final Map<String, String> texts = new HashMap<>();
    final Set<String> absentPrograms = new HashSet<>();
    final Map<String, HostCommand.Outcome> outcomes = new HashMap<>();
    final List<String> ran = new ArrayList<>();
    String runFileSystem = "tmpfs";
    String mountinfo = "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw";
    boolean root = true;
    boolean synchronisedClock = true;
    int userfaultfd;
    int fuse;
    long now = 1_800_000_000L;

    PaperMachine() {
        texts.put("/proc/sys/kernel/osrelease", "6.18.2");
        texts.put("/proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\n");
        texts.put("/proc/sys/fs/pipe-max-size", "1048576");
        texts.put("/proc/sys/fs/pipe-user-pages-soft", "16384");
        outcomes.put(
                "/opt/mig/criu/criu --version",
                new HostCommand.Outcome(0, "Version: 4.2.1\nGitID: v4.2.1"));
    }

    @Override
    public Optional<String> text(String file) {
        return Optional.ofNullable(texts.get(file));
    }

    @Override
    public boolean exists(String path) {
        return path.equals("/proc/sys/kernel/ns_last_pid");
    }

    @Override
    public Optional<String> fileSystem(String path) {
        return Optional.of(runFileSystem);
    }

    @Override
    public Optional<Path> program(String name) {
        return absentPrograms.contains(name)
                ? Optional.empty()
                : Optional.of(Path.of("/usr/bin", name));
    }

    @Override
    public HostCommand.Outcome run(String... command) {
        String line = String.join(" ", command);
        ran.add(line);
        return outcomes.getOrDefault(line, new HostCommand.Outcome(0, ""));
    }

    @Override
    public HostMounts mounts() {
        return HostMounts.parse(List.of(mountinfo));
    }

    @Override
    public Kernel kernel() {
        return this;
    }

    @Override
    public boolean root() {
        return root;
    }

    @Override
    public int javaVersion() {
        return 25;
    }

    @Override
    public long now() {
        return now;
    }

    @Override
    public Path home() {
        return Path.of("/src/mig");
    }

    @Override
    public int userfaultfd() {
        return userfaultfd;
    }

    @Override
    public int pagemapScan() {
        return 0;
    }

    @Override
    public int pidfd() {
        return 0;
    }

    @Override
    public int open(String device) {
        return device.equals("/dev/fuse") ? fuse : 0;
    }

    @Override
    public boolean clockSynchronised() {
        return synchronisedClock;
    }
}
