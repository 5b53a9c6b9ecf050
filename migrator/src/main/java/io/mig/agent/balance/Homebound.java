package io.mig.agent.balance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Programs that begin at home although there is no room, by the name of their file: drivers ({@link
 * Drivers}), those that look at this node, act on its processes or use its network (a guest sees
 * its capsule's, and has no network), those that do little but read and write home's files, and
 * those that have ended before the way elsewhere would be made. No list knows all of them, so
 * programs that name connect(2) or a library for it stay as well, unless they are interpreters,
 * which name everything. What is missing can be pinned by a rule of the policy.
 */
final class Homebound {
    private static final Set<String> OF_THIS_NODE =
            Set.of(
                    "ps",
                    "top",
                    "htop",
                    "pgrep",
                    "pkill",
                    "pidof",
                    "pidwait",
                    "pstree",
                    "kill",
                    "killall",
                    "fuser",
                    "lsof",
                    "w",
                    "who",
                    "users",
                    "last",
                    "uptime",
                    "free",
                    "vmstat",
                    "iostat",
                    "mpstat",
                    "pidstat",
                    "sar",
                    "nproc",
                    "lscpu",
                    "lsblk",
                    "lsmod",
                    "lspci",
                    "lsusb",
                    "dmesg",
                    "journalctl",
                    "systemctl",
                    "loginctl",
                    "service",
                    "mount",
                    "umount",
                    "findmnt",
                    "df",
                    "sync",
                    "taskset",
                    "chrt",
                    "renice",
                    "prlimit",
                    "strace",
                    "ltrace",
                    "gdb",
                    "perf",
                    "criu",
                    "nsenter",
                    "unshare",
                    "chroot",
                    "sudo",
                    "su",
                    "doas",
                    "runuser",
                    "setpriv",
                    "docker",
                    "podman",
                    "tmux",
                    "screen",
                    "script",
                    "expect",
                    "watch",
                    "vi",
                    "vim",
                    "nano",
                    "emacs",
                    "less",
                    "more",
                    "man",
                    "stty",
                    "tty",
                    "reset",
                    "clear",
                    "tput",
                    "crontab",
                    "at",
                    "logger",
                    "mig",
                    "mig-born");

    private static final Set<String> OF_ITS_NETWORK =
            Set.of(
                    "ip",
                    "ifconfig",
                    "route",
                    "ss",
                    "netstat",
                    "ping",
                    "traceroute",
                    "tracepath",
                    "tcpdump",
                    "nc",
                    "ncat",
                    "socat",
                    "telnet",
                    "ftp",
                    "ssh",
                    "scp",
                    "sftp",
                    "ssh-add",
                    "ssh-agent",
                    "rsync",
                    "curl",
                    "wget",
                    "dig",
                    "host",
                    "nslookup",
                    "git",
                    "hg",
                    "svn",
                    "apt",
                    "apt-get",
                    "dpkg",
                    "dnf",
                    "rpm",
                    "pip",
                    "pip3",
                    "npm",
                    "kubectl",
                    "psql",
                    "mysql",
                    "redis-cli",
                    "firefox",
                    "chromium");

    private static final Set<String> OF_ITS_FILES =
            Set.of("cp", "mv", "dd", "tar", "find", "du", "rm", "ln", "install", "shred");

    private static final Set<String> SHORT =
            Set.of(
                    "ls",
                    "cat",
                    "echo",
                    "printf",
                    "true",
                    "false",
                    "test",
                    "[",
                    "date",
                    "id",
                    "groups",
                    "whoami",
                    "uname",
                    "hostname",
                    "arch",
                    "basename",
                    "dirname",
                    "readlink",
                    "realpath",
                    "pwd",
                    "mkdir",
                    "rmdir",
                    "chmod",
                    "chown",
                    "chgrp",
                    "touch",
                    "mktemp",
                    "stat",
                    "head",
                    "tail",
                    "wc",
                    "cut",
                    "tr",
                    "tee",
                    "expr",
                    "seq",
                    "sleep",
                    "which",
                    "file",
                    "getent",
                    "locale",
                    "getconf",
                    "dircolors",
                    "printenv",
                    "logname",
                    "ldd");

    /** What those name that talk to others (ends of names in their files). */
    private static final List<String> TALKING =
            List.of("connect", "libcurl.so.4", "libssl.so.3", "libX11.so.6", "libxcb.so.1");

    private static final Pattern INTERPRETER =
            Pattern.compile("(perl|python|ruby|node|lua|php|R|java|julia|octave|guile)[-0-9.]*");

    private Homebound() {}

    /** Why a program begins at home; empty: it may begin anywhere. */
    static Optional<String> why(Path file) {
        if (Drivers.isOne(file)) {
            return Optional.of("it starts other programs, which spread from here");
        }
        Path real = real(file);
        return byName(name(file)).or(() -> byName(name(real))).or(() -> byCalls(real));
    }

    private static Optional<String> byCalls(Path file) {
        return INTERPRETER.matcher(name(file)).matches() || !ElfCalls.names(file, TALKING)
                ? Optional.empty()
                : Optional.of("it may use this node's network");
    }

    private static Optional<String> byName(String name) {
        if (OF_THIS_NODE.contains(name)) {
            return Optional.of("it looks at this node or its processes");
        }
        if (OF_ITS_NETWORK.contains(name)) {
            return Optional.of("it uses this node's network");
        }
        if (OF_ITS_FILES.contains(name)) {
            return Optional.of("it does little but read and write files of this node");
        }
        return SHORT.contains(name) ? Optional.of("it ends at once") : Optional.empty();
    }

    private static String name(Path file) {
        return String.valueOf(file.getFileName());
    }

    private static Path real(Path file) {
        try {
            return file.toRealPath();
        } catch (IOException e) {
            return file;
        }
    }
}
