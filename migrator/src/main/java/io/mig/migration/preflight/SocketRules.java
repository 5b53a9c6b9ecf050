package io.mig.migration.preflight;

import io.mig.checkpoint.proc.FdKind;
import io.mig.checkpoint.proc.Holder;
import io.mig.checkpoint.proc.OpenFile;
import io.mig.checkpoint.proc.SocketFacts;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Sockets. */
final class SocketRules {
    private SocketRules() {}

    static void apply(Findings f) {
        Set<Long> inside =
                f.facts().openFiles().stream()
                        .filter(o -> o.fd().kind() == FdKind.SOCKET)
                        .map(o -> o.fd().stat().ino())
                        .collect(Collectors.toSet());
        for (OpenFile file : f.facts().openFiles()) {
            if (file.fd().kind() == FdKind.SOCKET) {
                SocketFacts socket =
                        file.fd().socket().orElse(SocketFacts.unlisted(file.fd().stat().ino()));
                one(f, file, socket, inside);
            }
        }
    }

    private static void one(Findings f, OpenFile file, SocketFacts socket, Set<Long> inside) {
        switch (socket.family()) {
            case TCP, TCP6, UDP, UDP6, UDPLITE, UDPLITE6, ICMP, ICMP6, RAW, RAW6 ->
                    f.add(
                            ObstacleCode.INET_SOCKET,
                            f.owner(file),
                            "it has a " + socket.describe(),
                            "network connections do not move yet",
                            socket.listening()
                                    ? "leave servers at home, or stop it listening"
                                    : "let it finish its transfer and close the connection first");
            case NETLINK ->
                    f.add(
                            ObstacleCode.NETLINK_SOCKET,
                            f.owner(file),
                            "it has a " + socket.describe(),
                            "it talks to the kernel of this machine",
                            "leave the program at home");
            case PACKET ->
                    f.add(
                            ObstacleCode.PACKET_SOCKET,
                            f.owner(file),
                            "it has a " + socket.describe(),
                            "it reads the network interfaces of this machine",
                            "leave the program at home");
            case OTHER ->
                    f.add(
                            ObstacleCode.UNKNOWN_SOCKET,
                            f.owner(file),
                            "it has a socket that the kernel lists in no table (inode "
                                    + socket.ino()
                                    + ")",
                            "it is of an unsupported family, or not connected yet, so nothing can be said about it",
                            "try again when it is connected or closed");
            case UNIX -> unix(f, file, socket, inside);
        }
    }

    private static void unix(Findings f, OpenFile file, SocketFacts socket, Set<Long> inside) {
        if (file.sharedOutside() && !StreamPlanner.carriesUnix(f, file)) {
            f.add(
                    ObstacleCode.UNIX_SHARED,
                    f.owner(file),
                    "it shares a "
                            + socket.describe()
                            + " with "
                            + Findings.names(file.sharedWith()),
                    "both would have to read and write one queue on two nodes",
                    "move the process that started both");
            return;
        }
        if (StreamPlanner.carriesUnix(f, file)) {
            return;
        }
        if (socket.listening()) {
            f.add(
                    ObstacleCode.UNIX_LISTENING,
                    f.owner(file),
                    "it listens on the unix socket " + name(socket),
                    "clients at home could not reach it elsewhere",
                    "leave servers at home");
            return;
        }
        boolean peerInside = socket.peerIno() != 0 && inside.contains(socket.peerIno());
        if (socket.connected() && !peerInside) {
            peer(f, file, socket);
            return;
        }
        if (!socket.connected() && !socket.local().isEmpty()) {
            f.add(
                    ObstacleCode.UNIX_NAMED,
                    f.owner(file),
                    "it receives on the unix socket " + name(socket),
                    "senders at home could not reach it elsewhere",
                    "leave servers at home");
        }
    }

    private static void peer(Findings f, OpenFile file, SocketFacts socket) {
        String peerName = socket.remote();
        if (socket.type().equals("dgram") && isSyslog(peerName)) {
            f.add(
                    ObstacleCode.SYSLOG,
                    f.owner(file),
                    "it is connected to the system log (" + peerName + ")",
                    "log lines would go to the wrong node; carrying them home is not built yet",
                    "start it with its log going to a file or to stderr");
            return;
        }
        List<Holder> holders = f.facts().socketHolders().getOrDefault(socket.peerIno(), List.of());
        String who = holders.isEmpty() ? "a process that cannot be seen" : Findings.names(holders);
        f.add(
                ObstacleCode.UNIX_PEER,
                f.owner(file),
                "its unix "
                        + socket.type()
                        + " socket is connected to "
                        + who
                        + (peerName.isEmpty() ? "" : " (" + peerName + ")"),
                "the other end stays at home, and unix sockets are not carried yet",
                "close the connection (for desktop and D-Bus programs: start it without that session), or use a pipe");
    }

    private static boolean isSyslog(String name) {
        return name.equals("/dev/log") || name.startsWith("/run/systemd/journal/");
    }

    private static String name(SocketFacts socket) {
        return socket.local().isEmpty() ? "without name" : socket.local();
    }
}
