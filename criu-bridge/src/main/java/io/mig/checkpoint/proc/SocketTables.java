package io.mig.checkpoint.proc;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Parsers of the tables below {@code /proc/PID/net}. */
final class SocketTables {
    private SocketTables() {}

    static List<SocketFacts> parse(SocketFamily family, List<String> lines) {
        List<SocketFacts> sockets = new ArrayList<>();
        for (String line : lines) {
            line(family, line).ifPresent(sockets::add);
        }
        return sockets;
    }

    private static Optional<SocketFacts> line(SocketFamily family, String line) {
        return switch (family) {
            case TCP, TCP6, UDP, UDP6, UDPLITE, UDPLITE6, ICMP, ICMP6, RAW, RAW6 ->
                    inet(family, line);
            case NETLINK -> netlink(line);
            case PACKET -> packet(line);
            case UNIX -> unix(line);
            case OTHER -> Optional.empty();
        };
    }

    private static Optional<SocketFacts> inet(SocketFamily family, String line) {
        List<String> words = Text.words(line);
        // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
        if (words.size() < 10 || words.getFirst().equals("sl")) {
            return Optional.empty();
        }
        long ino = Text.decimal(words.get(9), 0);
        if (ino <= 0) {
            return Optional.empty();
        }
        boolean tcp = family == SocketFamily.TCP || family == SocketFamily.TCP6;
        String state = inetState((int) Text.hex(words.get(3), 0));
        return Optional.of(
                new SocketFacts(
                        ino,
                        family,
                        tcp ? "stream" : "dgram",
                        address(words.get(1)),
                        emptyWhenUnset(words.get(2)),
                        tcp || state.equals("ESTABLISHED") ? state : "",
                        0));
    }

    private static String emptyWhenUnset(String hexAddress) {
        return hexAddress.chars().allMatch(c -> c == '0' || c == ':') ? "" : address(hexAddress);
    }

    /** States of include/net/tcp_states.h. */
    private static String inetState(int state) {
        return switch (state) {
            case 1 -> "ESTABLISHED";
            case 2 -> "SYN_SENT";
            case 3 -> "SYN_RECV";
            case 4 -> "FIN_WAIT1";
            case 5 -> "FIN_WAIT2";
            case 6 -> "TIME_WAIT";
            case 7 -> "CLOSE";
            case 8 -> "CLOSE_WAIT";
            case 9 -> "LAST_ACK";
            case 10 -> "LISTEN";
            case 11 -> "CLOSING";
            case 12 -> "NEW_SYN_RECV";
            default -> "";
        };
    }

    /**
     * {@code 0100007F:0016} (each 32-bit word in host byte order, little endian here) to {@code
     * 127.0.0.1:22}.
     */
    static String address(String hex) {
        int colon = hex.indexOf(':');
        if (colon != 8 && colon != 32) {
            return hex;
        }
        long port = Text.hex(hex.substring(colon + 1), 0);
        byte[] bytes = new byte[colon / 2];
        for (int i = 0; i < bytes.length; i++) {
            int source = (i & ~3) + 3 - (i & 3);
            bytes[i] = (byte) Text.hex(hex.substring(source * 2, source * 2 + 2), 0);
        }
        var text = new StringBuilder();
        if (bytes.length == 4) {
            for (int i = 0; i < 4; i++) {
                text.append(i == 0 ? "" : ".").append(bytes[i] & 0xff);
            }
        } else {
            text.append('[');
            for (int i = 0; i < 16; i += 2) {
                text.append(i == 0 ? "" : ":")
                        .append(
                                Integer.toHexString(
                                        (bytes[i] & 0xff) << 8 | (bytes[i + 1] & 0xff)));
            }
            text.append(']');
        }
        return text.append(':').append(port).toString();
    }

    private static Optional<SocketFacts> netlink(String line) {
        List<String> words = Text.words(line);
        // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
        long ino = words.size() < 10 ? 0 : Text.decimal(words.get(9), 0);
        return ino <= 0
                ? Optional.empty()
                : Optional.of(
                        new SocketFacts(
                                ino,
                                SocketFamily.NETLINK,
                                "raw",
                                "protocol " + words.get(1),
                                "",
                                "",
                                0));
    }

    private static Optional<SocketFacts> packet(String line) {
        List<String> words = Text.words(line);
        // sk RefCnt Type Proto Iface R Rmem User Inode
        long ino = words.size() < 9 ? 0 : Text.decimal(words.get(8), 0);
        return ino <= 0
                ? Optional.empty()
                : Optional.of(
                        new SocketFacts(
                                ino,
                                SocketFamily.PACKET,
                                "raw",
                                "protocol 0x" + words.get(3),
                                "",
                                "",
                                0));
    }

    private static Optional<SocketFacts> unix(String line) {
        List<String> words = Text.words(line);
        // Num: RefCount Protocol Flags Type St Inode [Path]
        if (words.size() < 7 || !words.getFirst().endsWith(":")) {
            return Optional.empty();
        }
        long ino = Text.decimal(words.get(6), 0);
        if (ino <= 0) {
            return Optional.empty();
        }
        boolean listening = (Text.hex(words.get(3), 0) & 0x10000) != 0;
        String type =
                switch ((int) Text.hex(words.get(4), 0)) {
                    case 1 -> "stream";
                    case 2 -> "dgram";
                    case 5 -> "seqpacket";
                    default -> "?";
                };
        String state =
                listening ? "LISTEN" : Text.hex(words.get(5), 0) == 3 ? "CONNECTED" : "UNCONNECTED";
        // The name may hold blanks: it is whatever follows the inode.
        String name =
                words.size() < 8
                        ? ""
                        : line.substring(line.indexOf(words.get(7), afterInode(line, words)));
        return Optional.of(new SocketFacts(ino, SocketFamily.UNIX, type, name, "", state, 0));
    }

    private static int afterInode(String line, List<String> words) {
        int at = 0;
        for (int i = 0; i < 7; i++) {
            at = line.indexOf(words.get(i), at) + words.get(i).length();
        }
        return at;
    }
}
