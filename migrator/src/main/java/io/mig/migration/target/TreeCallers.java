package io.mig.migration.target;

import io.mig.files.client.Callers;
import io.mig.migration.target.GuestRecord.FileUser;
import io.mig.model.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * As whom a home is asked for its files. Guests are who the kernel says they are. Root is not
 * always a guest: CRIU, the capsule's init and the kernel itself act for a guest when they touch
 * its files, and home knows no root there. Thread-safe.
 */
final class TreeCallers implements Callers {
    private final NodeId home;
    private final Guests guests;
    private final Path proc;

    TreeCallers(NodeId home, Guests guests, Path proc) {
        this.home = home;
        this.guests = guests;
        this.proc = proc;
    }

    @Override
    public Caller of(int pid, int uid, int gid) {
        if (uid != 0) {
            return new Caller(uid, gid);
        }
        List<GuestRecord> here =
                guests.all().stream()
                        .map(Guest::record)
                        .filter(r -> r.files().isPresent() && r.process().home().equals(home))
                        .toList();
        if (here.stream().allMatch(r -> r.files().filter(u -> u.uid() != 0).isEmpty())) {
            return new Caller(0, gid);
        }
        Optional<GuestRecord> guest =
                pid == 0
                        ? here.stream()
                                .filter(r -> r.files().filter(u -> u.uid() == 0).isPresent())
                                .findFirst()
                                .or(() -> here.stream().findFirst())
                        : inCapsule(pid, here);
        return guest.flatMap(GuestRecord::files)
                .filter(user -> user.uid() != 0)
                .map(TreeCallers::caller)
                .orElse(new Caller(0, gid));
    }

    /** While a guest runs, root among its stand-ins is the CRIU that dumps it. */
    @Override
    public boolean onlyLooks(int pid, int uid) {
        if (uid != 0 || pid == 0) {
            return false;
        }
        try {
            String cgroup = cgroup(pid);
            return cgroup.contains("/capsule-")
                    && guests.all().stream()
                            .map(Guest::record)
                            .filter(r -> r.state() == GuestRecord.State.RUNNING)
                            .anyMatch(r -> cgroup.contains("/capsule-" + r.shortName()));
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String guest(int pid) {
        try {
            String cgroup = cgroup(pid);
            return guests.all().stream()
                    .map(g -> g.record().shortName())
                    .filter(
                            name ->
                                    cgroup.contains("/guest-" + name)
                                            || cgroup.contains("/capsule-" + name))
                    .findFirst()
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }

    /** Until a guest runs, root among its stand-ins is the CRIU that restores it. */
    @Override
    public Optional<String> restores(int pid, int uid) {
        if (uid != 0 || pid == 0) {
            return Optional.empty();
        }
        List<String> reserved =
                guests.all().stream()
                        .map(Guest::record)
                        .filter(r -> r.state() == GuestRecord.State.RESERVED)
                        .map(GuestRecord::shortName)
                        .toList();
        if (reserved.isEmpty()) {
            return Optional.empty();
        }
        try {
            String cgroup = cgroup(pid);
            return cgroup.contains("/capsule-")
                    ? reserved.stream()
                            .filter(name -> cgroup.contains("/capsule-" + name))
                            .findFirst()
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private String cgroup(int pid) throws IOException {
        return Files.readString(proc.resolve(Integer.toString(pid)).resolve("cgroup"));
    }

    private static Caller caller(FileUser user) {
        return new Caller(user.uid(), user.gid());
    }

    private Optional<GuestRecord> inCapsule(int pid, List<GuestRecord> here) {
        try {
            String cgroup = cgroup(pid);
            return here.stream()
                    .filter(
                            r ->
                                    cgroup.contains("/capsule-" + r.shortName())
                                            || cgroup.contains("/guest-" + r.shortName()))
                    .findFirst();
        } catch (IOException e) {
            // it is gone; whose it was does not matter any more
            return here.stream().findFirst();
        }
    }
}
