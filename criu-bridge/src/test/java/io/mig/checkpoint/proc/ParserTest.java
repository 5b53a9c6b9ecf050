package io.mig.checkpoint.proc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParserTest {
    private static final String STAT =
            "4242 (cat) S 4200 4241 2916 34819 4250 4194304 101 0 0 0 17 25 6 7 20 0 3 0 212207 3133440 388 "
                    + "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 1 1 1 1 1 1 1 0";

    @Test
    void shouldReadStatFields() {
        ProcStat stat = ProcStat.parse(STAT).orElseThrow();
        assertThat(stat)
                .isEqualTo(
                        new ProcStat(
                                4242, "cat", 'S', 4200, 4241, 2916, 34819, 4250, 4194304, 17, 25, 3,
                                212207, 388, 13));
        assertThat(stat.kernelThread()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", ") R 1 1", "((", "tricky) Z 0", "new\nline", ""})
    void shouldReadStatWhenNameHoldsAnything(String name) {
        ProcStat stat = ProcStat.parse(STAT.replace("(cat)", "(" + name + ")")).orElseThrow();
        assertThat(stat.comm()).isEqualTo(name);
        assertThat(stat.state()).isEqualTo('S');
        assertThat(stat.startTicks()).isEqualTo(212207);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "12", "12 (", "12 (a", "() S 1", "12 (a)", ")("})
    void shouldSeeNoProcessWhenStatIsOdd(String text) {
        assertThat(ProcStat.parse(text)).isEmpty();
    }

    @Test
    void shouldGiveZeroWhenStatIsShort() {
        assertThat(ProcStat.parse("7 (x) R 1 2").orElseThrow().startTicks()).isZero();
    }

    @Test
    void shouldReadStatusFields() {
        ProcStatus status =
                ProcStatus.parse(
                        """
                Name:	python3
                Uid:	1000	0	1001	1002
                Gid:	5	6	7	8
                TracerPid:	77
                NSpid:	300	12	1
                VmRSS:	    1740 kB
                VmLck:	 4 kB
                SigPnd:	0000000000000001
                SigBlk:	fffffffffffffffe
                Seccomp:	2
                Seccomp_filters:	3
                """);
        assertThat(status.uids()).isEqualTo(new Ids(1000, 0, 1001, 1002));
        assertThat(status.uids().allAre(1000)).isFalse();
        assertThat(status.nsPid()).containsExactly(300, 12, 1);
        assertThat(status.tracerPid()).isEqualTo(77);
        assertThat(status.rssBytes()).isEqualTo(1740 * 1024);
        assertThat(status.blocked()).isEqualTo(-2);
        assertThat(status.seccompMode()).isEqualTo(2);
        assertThat(status.seccompFilters()).isEqualTo(3);
    }

    @Test
    void shouldNeverTakeAnUnreadableUidForRoot() {
        assertThat(ProcStatus.parse("Uid:\tx y\n").uids()).isEqualTo(new Ids(-1, -1, -1, -1));
        assertThat(ProcStatus.parse("").uids().allAre(0)).isFalse();
    }

    @Test
    void shouldReadFdInfo() {
        FdInfo info =
                FdInfo.parse(
                        """
                pos:	2982
                flags:	0102001
                mnt_id:	27
                ino:	2146316
                lock:	1: FLOCK  ADVISORY  WRITE 4242 08:01:2146316 0 EOF
                eventfd-id: 1
                """);
        assertThat(info.pos()).isEqualTo(2982);
        assertThat(AccessMode.of(info.flags())).isEqualTo(AccessMode.WRITE);
        assertThat(info.flags() & FdFacts.O_APPEND).isNotZero();
        assertThat(info.mountId()).isEqualTo(27);
        assertThat(info.locks())
                .containsExactly(
                        new LockFacts(
                                "FLOCK",
                                false,
                                "WRITE",
                                4242,
                                new FileId(0x801, 2146316),
                                "0-EOF"));
        assertThat(info.details()).containsEntry("eventfd-id", "1");
        assertThat(FdInfo.parse("nonsense\n::\nflags: zz").flags()).isZero();
    }

    @Test
    void shouldReadLocks() {
        List<LockFacts> locks =
                LockFacts.parseAll(
                        List.of(
                                "1: POSIX  ADVISORY  WRITE 2343 00:2d:67 128 128",
                                "1: -> POSIX  ADVISORY  READ 2344 00:2d:67 0 EOF",
                                "2: LEASE  ACTIVE    READ  9 fd:01:5 0 EOF",
                                "3: OFDLCK ADVISORY  READ -1 fd:01:6 0 EOF",
                                "",
                                "4:",
                                "5: POSIX what"));
        assertThat(locks).hasSize(4);
        assertThat(locks.get(0).range()).isEqualTo("128-128");
        assertThat(locks.get(1).waiting()).isTrue();
        assertThat(locks.get(2).lease()).isTrue();
        assertThat(locks.get(3).pid()).isEqualTo(-1);
    }

    @Test
    void shouldReadMappings() {
        List<MappingFacts> maps =
                MappingFacts.parseAll(
                        List.of(
                                "55d0-55d8 r-xp 00001000 08:01 1234                       /usr/bin/my prog",
                                "7f00-7f10 rw-s 00000000 00:01 77                         /dev/zero (deleted)",
                                "7f10-7f20 rw-p 00000000 00:00 0 ",
                                "7fff-8000 r--p 00000000 00:00 0                          [vvar]",
                                "a-b rw-p 0 08:01 5 /odd\\012name (deleted)",
                                "garbage",
                                ""));
        assertThat(maps).hasSize(5);
        assertThat(maps.get(0).path()).isEqualTo("/usr/bin/my prog");
        assertThat(maps.get(0).executable()).isTrue();
        assertThat(maps.get(0).file()).isEqualTo(new FileId(0x801, 1234));
        assertThat(maps.get(0).rangeName()).isEqualTo("55d0-55d8");
        assertThat(maps.get(1).shared()).isTrue();
        assertThat(maps.get(1).deleted()).isTrue();
        assertThat(maps.get(1).path()).isEqualTo("/dev/zero");
        assertThat(maps.get(2).backed()).isFalse();
        assertThat(maps.get(4).path()).isEqualTo("/odd\nname");
    }

    @Test
    void shouldReadSocketTables() {
        assertThat(
                        SocketTables.parse(
                                SocketFamily.TCP,
                                List.of(
                                        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
                                        "   0: 0100007F:0016 0200000A:DC72 01 00000000:00000000 00:00000000 00000000  0 0 134 1",
                                        "   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0 0 135 1",
                                        "   2: 00000000:0016 00000000:0000 06 00000000:00000000 00:00000000 00000000  0 0 0 1")))
                .extracting(SocketFacts::describe)
                .containsExactly(
                        "TCP socket 127.0.0.1:22 -> 10.0.0.2:56434 (ESTABLISHED)",
                        "TCP socket 0.0.0.0:22 (LISTEN)");
        assertThat(SocketTables.address("00000000000000000000000001000000:0050"))
                .isEqualTo("[0:0:0:0:0:0:0:1]:80");
        List<SocketFacts> unix =
                SocketTables.parse(
                        SocketFamily.UNIX,
                        List.of(
                                "Num       RefCount Protocol Flags    Type St Inode Path",
                                "00000000b4dd998f: 00000002 00000000 00010000 0001 01 9 /run/a b.sock",
                                "00000000b4dd998f: 00000003 00000000 00000000 0002 03   131",
                                "0: 3 0 0 1 3 132 @132"));
        assertThat(unix).hasSize(3);
        assertThat(unix.getFirst().local()).isEqualTo("/run/a b.sock");
        assertThat(unix.getFirst().listening()).isTrue();
        assertThat(unix.get(1).type()).isEqualTo("dgram");
        assertThat(unix.get(1).connected()).isTrue();
        assertThat(unix.get(2).local()).isEqualTo("@132");
        assertThat(
                        SocketTables.parse(
                                SocketFamily.NETLINK, List.of("s 0 4 00000000 0 0 0 2 0 1507")))
                .hasSize(1);
        assertThat(SocketTables.parse(SocketFamily.PACKET, List.of("s 3 3 0003 2 1 0 0 99")))
                .extracting(SocketFacts::ino)
                .containsExactly(99L);
    }

    @Test
    void shouldKeepDeviceNumbersWholeWhenSplit() {
        for (long dev :
                new long[] {
                    0x801, 0x8803, FileStat.makedev(259, 1), FileStat.makedev(0xfff, 0xfffff), 0x2d
                }) {
            assertThat(FileStat.makedev(FileStat.major(dev), FileStat.minor(dev))).isEqualTo(dev);
        }
    }

    @Test
    void shouldKeepOnlyFlagsThatAllCpusHave() {
        assertThat(
                        MachineFacts.cpuFlags(
                                List.of(
                                        "flags\t\t: fpu avx avx2",
                                        "model name : x",
                                        "flags : fpu avx")))
                .containsExactlyInAnyOrder("fpu", "avx");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "io_uring=IO_URING",
                "userfaultfd=USERFAULTFD",
                "perf_event=PERF_EVENT",
                "eventpoll=EPOLL",
                "landlock-ruleset=LANDLOCK",
                "something new=OTHER_ANON"
            })
    void shouldKnowAnonymousObjects(String pair) {
        String name = pair.substring(0, pair.indexOf('='));
        FdKind kind = FdKind.valueOf(pair.substring(pair.indexOf('=') + 1));
        FileStat stat = new FileStat(1, 2, 0600, 1, 0, 0, 0, 0, 0);
        assertThat(FdKind.of("anon_inode:[" + name + "]", stat)).isEqualTo(kind);
        assertThat(FdKind.of("anon_inode:" + name, stat)).isEqualTo(kind);
    }

    @Test
    void shouldKnowDevices() {
        assertThat(device(1, 3)).isEqualTo(FdKind.MEMORY_DEVICE);
        assertThat(device(1, 1)).isEqualTo(FdKind.CHAR_DEVICE);
        assertThat(device(5, 0)).isEqualTo(FdKind.TTY_CURRENT);
        assertThat(device(5, 2)).isEqualTo(FdKind.PTY_MASTER);
        assertThat(device(136, 3)).isEqualTo(FdKind.TTY);
        assertThat(device(10, 229)).isEqualTo(FdKind.CHAR_DEVICE);
        assertThat(device(10, 232)).isEqualTo(FdKind.KVM);
    }

    private static FdKind device(int major, int minor) {
        return FdKind.of(
                "/dev/x",
                new FileStat(5, 9, 0020666, 1, 0, 0, FileStat.makedev(major, minor), 0, 0));
    }
}
