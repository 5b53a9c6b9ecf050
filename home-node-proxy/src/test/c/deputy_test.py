"""What a deputy does with signals, streams, stops and ends; needs root and a cgroup v2 with freezer."""

import ctypes
import fcntl
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from rig import *  # noqa: F403

TOOLS = os.environ.get("MIG_TOOLS", "/nonexistent")


class RigTest(unittest.TestCase):
    def setUp(self):
        signal.alarm(60)  # a hanging test must not hang the build
        self.rig = Rig(TOOLS)
        self.addCleanup(signal.alarm, 0)
        self.addCleanup(self.rig.close)

    def sleeper(self, **options):
        child = self.rig.spawn(["sleep", "1000"], **options)
        wait_until(lambda: os.readlink("/proc/%d/exe" % child.pid).endswith("sleep"), "sleep")
        return child


class IdentityTest(RigTest):
    def test_looks_the_same_in_ps(self):
        env = {"MARK": "x y", "EMPTY": "", "PATH": os.environ["PATH"]}
        child = self.rig.spawn(["sleep", "1000"], env=env, start_new_session=True)
        wait_until(lambda: os.readlink("/proc/%d/exe" % child.pid).endswith("sleep"))

        def look():
            ps = subprocess.check_output(
                ["ps", "-o", "pid,ppid,sid,pgid,tty,user,comm,args", "-p", str(child.pid)], text=True)
            with open("/proc/%d/environ" % child.pid, "rb") as f:
                return ps, f.read(), stat_of(child.pid)[2:]

        before = look()
        self.rig.deputise_ready(child.pid)
        self.assertEqual(before, look())
        self.assertEqual(self.rig.stub, os.readlink("/proc/%d/exe" % child.pid))

    def test_has_its_name_before_the_agent_speaks(self):
        child = self.sleeper()
        self.rig.agent.crash()
        leaf, origin = self.rig.freeze(child.pid)
        self.rig.run_deputise("--cgroup", origin, "--pid", child.pid)
        self.assertEqual("sleep", stat_of(child.pid)[0])
        self.rig.agent.listen()

    def test_is_small_and_sleeps(self):
        child = self.sleeper()
        self.rig.deputise_ready(child.pid)
        time.sleep(0.3)
        switches = lambda: int(status_of(child.pid)["voluntary_ctxt_switches"])
        before = switches()
        time.sleep(1.5)
        self.assertEqual(before, switches())
        rss = rss_kib(child.pid)
        print("deputy VmRSS %d KiB" % rss, file=sys.stderr)
        self.assertLess(rss, 1024)

    def test_keeps_only_its_streams_open(self):
        r, w = os.pipe()
        child = self.sleeper(stdin=r, stdout=w, pass_fds=(r, w))
        link = self.rig.deputise_ready(child.pid, "stream=1 kind=pipe-out fd=1 flags=0\n", keep="1")
        targets = [os.readlink("/proc/%d/fd/%s" % (child.pid, fd)) for fd in os.listdir("/proc/%d/fd" % child.pid)]
        self.assertEqual(1, len([t for t in targets if t.startswith("pipe:")]), targets)
        self.assertLessEqual(len(targets), 4, targets)
        self.assertEqual("", link.ready_text)
        os.close(r)
        os.close(w)

    def test_reports_streams_it_cannot_open(self):
        child = self.sleeper()
        link = self.rig.deputise_ready(child.pid, "stream=1 kind=tty fd=77\nstream=2 kind=odd fd=1\n")
        self.assertIn("error 9 stream=1", link.ready_text)
        self.assertIn("error 22 stream=2", link.ready_text)

    def test_clears_alarms(self):
        script = "import signal,time; signal.setitimer(signal.ITIMER_REAL,0.7,0.1); print('on',flush=True); time.sleep(100)"
        child = self.rig.spawn([sys.executable, "-c", script], stdout=subprocess.PIPE)
        child.stdout.readline()
        link = self.rig.deputise_ready(child.pid)
        time.sleep(0.8)
        os.kill(child.pid, signal.SIGUSR1)
        link.expect_signal(signal.SIGUSR1)
        self.assertEqual([], link.frames)


class SignalTest(RigTest):
    def test_forwards_every_signal_with_its_sender(self):
        child = self.sleeper()
        link = self.rig.deputise_ready(child.pid)
        for signo in range(1, 65):
            if signo in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
                continue
            os.kill(child.pid, signo)
            got = link.expect_signal(signo)
            self.assertEqual((signo, 0, os.getpid(), os.getuid(), 0), (got.signo, got.code, got.pid, got.uid, got.group))
        self.assertIsNone(child.poll())

    def test_queued_signals_keep_order_and_value(self):
        child = self.sleeper()
        libc = ctypes.CDLL(None, use_errno=True)
        libc.sigqueue.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
        link = self.rig.deputise_ready(child.pid)
        for i in range(500):
            self.assertEqual(0, libc.sigqueue(child.pid, 40, ctypes.c_void_p(i + (1 << 40))))
        for i in range(500):
            got = link.expect_signal(40)
            self.assertEqual((-1, i + (1 << 40)), (got.code, got.value))

    def test_swallows_what_is_in_the_image_already(self):
        script = ("import signal,time; signal.pthread_sigmask(signal.SIG_BLOCK,[signal.SIGUSR1,40]); print('on',flush=True);"
                  "time.sleep(100)")
        child = self.rig.spawn([sys.executable, "-c", script], stdout=subprocess.PIPE)
        child.stdout.readline()
        os.kill(child.pid, signal.SIGUSR1)
        for _ in range(3):
            os.kill(child.pid, 40)
        link = self.rig.deputise_ready(child.pid, "drop=%d:1\ndrop=40:2\n" % signal.SIGUSR1)
        os.kill(child.pid, signal.SIGUSR2)
        link.expect_signal(signal.SIGUSR2)
        self.assertEqual(40, link.expect_signal(40).signo)
        self.assertEqual([], link.frames)
        os.kill(child.pid, signal.SIGUSR1)
        link.expect_signal(signal.SIGUSR1)

    def test_signals_of_a_lost_time_arrive_after_it(self):
        child = self.sleeper()
        link = self.rig.deputise_ready(child.pid)
        self.rig.agent.crash()
        for _ in range(600):
            os.kill(child.pid, 41)
        os.kill(child.pid, signal.SIGTERM)
        time.sleep(0.2)
        self.rig.agent.listen()
        for _ in range(600):
            link.expect_signal(41)
        link.expect_signal(signal.SIGTERM)
        self.assertEqual([], link.frames)

    def test_sentinel_tells_group_signals_from_single_ones(self):
        child = self.sleeper(process_group=0) if sys.version_info >= (3, 11) else self.sleeper(preexec_fn=os.setpgrp)
        link = self.rig.deputise_ready(child.pid)
        link.send(GROUP, b"\1")
        link.settle()
        children = lambda: children_of(child.pid)
        sentinel = wait_until(children, "a sentinel")[0]
        wait_until(lambda: stat_of(sentinel)[0] == "mig-sentinel")
        self.assertEqual(child.pid, stat_of(sentinel)[3])
        wait_until(lambda: len(os.listdir("/proc/%d/fd" % sentinel)) == 2, "descriptors closed")
        for i in range(20):
            os.killpg(child.pid, signal.SIGUSR1)
            self.assertEqual(1, link.expect_signal(signal.SIGUSR1).group)
            os.kill(child.pid, signal.SIGUSR1)
            self.assertEqual(0, link.expect_signal(signal.SIGUSR1).group)
        link.send(GROUP, b"\0")
        wait_until(lambda: not os.path.exists("/proc/%d" % sentinel), "the sentinel's end")
        os.killpg(child.pid, signal.SIGUSR2)
        self.assertEqual(0, link.expect_signal(signal.SIGUSR2).group)
        link.send(GROUP, b"\1")
        sentinel = wait_until(children, "a sentinel")[0]
        link.exit(0)
        child.wait(TIMEOUT)
        wait_until(lambda: not os.path.exists("/proc/%d" % sentinel), "the sentinel's end")


class EndTest(RigTest):
    def test_ends_with_the_code_of_the_body(self):
        for code in (0, 1, 42, 255):
            child = self.sleeper()
            link = self.rig.deputise_ready(child.pid)
            link.exit(code << 8)
            self.assertEqual(code, child.wait(TIMEOUT))
            link.until(lambda: link.ended is not None, "ENDED")
            self.assertEqual("status=%d\n" % (code << 8), link.ended)
            link.settle()

    def test_dies_of_the_signal_of_the_body_without_core(self):
        with tempfile.TemporaryDirectory() as where:
            os.chmod(where, 0o777)
            for signo in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGPIPE, 45):
                child = self.sleeper(cwd=where)
                link = self.rig.deputise_ready(child.pid)
                link.exit(signo | (0x80 if signo == signal.SIGSEGV else 0))
                self.assertEqual(-signo, child.wait(TIMEOUT))
            self.assertEqual([], os.listdir(where))

    def test_dies_of_a_signal_that_was_ignored(self):
        child = self.sleeper(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        link = self.rig.deputise_ready(child.pid)
        link.exit(signal.SIGHUP)
        self.assertEqual(-signal.SIGHUP, child.wait(TIMEOUT))

    def test_stops_and_continues_with_the_body(self):
        child = self.sleeper()
        link = self.rig.deputise_ready(child.pid)
        for signo in (signal.SIGTSTP, signal.SIGSTOP, signal.SIGTTIN, signal.SIGTTOU):
            link.stopped(signo)
            pid, status = os.waitpid(child.pid, os.WUNTRACED)
            self.assertTrue(os.WIFSTOPPED(status))
            link.settle()
            self.assertIn("state=stopped signal=%d" % signo, link.states)
            os.kill(child.pid, signal.SIGCONT)
            os.waitpid(child.pid, os.WCONTINUED)
            link.expect_signal(signal.SIGCONT)
            link.until(lambda: link.states[-1] == "state=running", "running")
        os.kill(child.pid, signal.SIGUSR1)
        link.expect_signal(signal.SIGUSR1)

    def test_an_old_stop_does_not_stop_a_continued_deputy(self):
        child = self.sleeper()
        link = self.rig.deputise_ready(child.pid)
        os.kill(child.pid, signal.SIGSTOP)
        wait_until(lambda: state_of(child.pid) == "T")
        link.stopped(signal.SIGSTOP)  # what the agent's SIGSTOP to the body leads to; read after SIGCONT only
        os.kill(child.pid, signal.SIGCONT)
        link.expect_signal(signal.SIGCONT)
        link.settle()
        time.sleep(0.2)
        self.assertNotEqual("T", state_of(child.pid))

    def test_stops_in_an_orphaned_group_too(self):
        # The shell's child is alone in a session whose leader's parent is elsewhere: its group is orphaned.
        child = self.sleeper(start_new_session=True)
        link = self.rig.deputise_ready(child.pid)
        link.stopped(signal.SIGTSTP)
        wait_until(lambda: state_of(child.pid) == "T", "a stop")
        os.kill(child.pid, signal.SIGCONT)
        link.expect_signal(signal.SIGCONT)

    def test_a_stopped_original_stays_stopped_and_goes_on_when_told(self):
        child = self.sleeper()
        os.kill(child.pid, signal.SIGSTOP)
        os.waitpid(child.pid, os.WUNTRACED)
        link = self.rig.deputise(child.pid, "stopped=%d\n" % signal.SIGSTOP)
        wait_until(lambda: state_of(child.pid) == "T", "the stop")
        self.assertEqual(self.rig.stub, os.readlink("/proc/%d/exe" % child.pid))
        self.assertEqual((0, 0), os.waitpid(child.pid, os.WNOHANG | os.WUNTRACED | os.WCONTINUED))
        time.sleep(0.1)
        self.assertEqual(0, link.ready)
        os.kill(child.pid, signal.SIGCONT)
        link.expect_signal(signal.SIGCONT)
        self.assertNotEqual("T", state_of(child.pid))

    def test_becomes_stopped_when_the_configuration_says_so(self):
        child = self.sleeper()
        link = self.rig.deputise_ready(child.pid, "stopped=%d\n" % signal.SIGTSTP)
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        self.assertEqual(signal.SIGTSTP, os.WSTOPSIG(status))
        os.kill(child.pid, signal.SIGCONT)
        link.expect_signal(signal.SIGCONT)

    def test_keeper_goes_on_for_what_is_left_over(self):
        r, w = os.pipe()
        child = self.sleeper(stdout=w)
        os.close(w)
        link = self.rig.deputise_ready(child.pid, "stream=1 kind=pipe-out fd=1\n", keep="1")
        link.data(1, b"before ")
        link.exit(7 << 8, leftovers=1)
        self.assertEqual(7, child.wait(TIMEOUT))
        link.until(lambda: link.ended is not None, "ENDED")
        keeper = int(link.ended.split("keeper=")[1])
        link.until(lambda: link.hellos[-1].get("role") == "keeper", "a keeper")
        self.assertEqual(str(keeper), link.hellos[-1]["self"])
        os.kill(keeper, signal.SIGTERM)
        self.assertEqual(1, link.expect_signal(signal.SIGTERM).group)
        self.rig.agent.cut()
        link.data(1, b"after")
        link.end_of_file(1)
        link.send(FINISHED)
        with os.fdopen(r, "rb") as out:
            self.assertEqual(b"before after", out.read())
        wait_until(lambda: state_of(keeper) in "XZ", "the keeper's end")

    def test_deputies_of_a_tree(self):
        child = self.rig.spawn(["sh", "-c", "sleep 1000; echo no"], stdout=subprocess.DEVNULL)
        inner = wait_until(lambda: children_of(child.pid))[0]
        wait_until(lambda: stat_of(inner)[0] == "sleep")
        links = [self.rig.agent.expect(p, "comm=%s\nend\n" % stat_of(p)[0]) for p in (child.pid, inner)]
        leaf, origin = self.rig.freeze(child.pid, inner)
        done = self.rig.run_deputise("--cgroup", origin, "--pid", child.pid, "--pid", inner)
        self.assertEqual("%d ok\n%d ok\n" % (child.pid, inner), done.stdout)
        for link in links:
            link.until(lambda: link.ready > 0, "READY")
        self.assertEqual(child.pid, stat_of(inner)[2])
        links[1].exit(3 << 8)
        wait_until(lambda: not os.path.exists("/proc/%d" % inner), "the reaping of the inner deputy")
        self.assertEqual([], [f for f in links[0].frames if f[0] == SIGNAL])
        links[0].exit(5 << 8)
        self.assertEqual(5, child.wait(TIMEOUT))


class StreamTest(RigTest):
    def test_input_goes_to_the_body_with_backpressure_and_end(self):
        child = self.sleeper(stdin=subprocess.PIPE)
        link = self.rig.deputise_ready(child.pid, "stream=1 kind=pipe-in fd=0\n", keep="0")
        link.auto_window = False
        os.set_blocking(child.stdin.fileno(), False)
        data = random.Random(1).randbytes(400000)
        sent = granted = 0
        time.sleep(0.1)
        while sent < len(data):
            try:
                sent += os.write(child.stdin.fileno(), data[sent : sent + 10000])
            except BlockingIOError:
                with link.lock:
                    # Once the window is full and the pipe too, nothing more may come before the window opens.
                    if len(link.received[1]) == granted + WINDOW_BYTES:
                        link.grant(1, WINDOW_BYTES)
                        granted += WINDOW_BYTES
                time.sleep(0.001)
            with link.lock:
                self.assertLessEqual(len(link.received[1]), granted + WINDOW_BYTES)
        with link.lock:
            link.auto_window = True
            link.grant(1, len(link.received[1]) - granted)
        child.stdin.close()
        self.assertEqual(data, link.expect_data(1, len(data)))
        link.until(lambda: 1 in link.eof, "EOF")

    def test_a_body_that_reads_no_more_closes_the_pipe_at_home(self):
        child = self.sleeper(stdin=subprocess.PIPE)
        link = self.rig.deputise_ready(child.pid, "stream=1 kind=pipe-in fd=0\n", keep="0")
        link.send(CLOSED, struct.pack("<H", 1))
        link.settle()

        def broken():
            try:
                os.write(child.stdin.fileno(), b"x")
            except BrokenPipeError:
                return True

        wait_until(broken, "EPIPE")

    def test_output_waits_for_a_slow_reader_and_nothing_is_lost(self):
        for nonblocking in (False, True):
            child = self.sleeper(stdout=subprocess.PIPE)
            out = child.stdout.fileno()
            if nonblocking:
                os.set_blocking(out, False)
            flags = fcntl.fcntl(out, fcntl.F_GETFL)
            link = self.rig.deputise_ready(child.pid, "stream=1 kind=pipe-out fd=1\n", keep="1")
            data = random.Random(2).randbytes(1000000)
            import threading

            writer = threading.Thread(target=lambda: (link.data(1, data), link.exit(0)))
            writer.start()
            time.sleep(0.2)
            self.assertIsNone(child.poll())
            os.kill(child.pid, signal.SIGUSR1)
            link.expect_signal(signal.SIGUSR1)  # the loop does not hang in a write
            os.set_blocking(out, True)
            got = b""
            while len(got) < len(data):
                got += os.read(out, 100000)
            writer.join()
            self.assertEqual(data, got)
            self.assertEqual(b"", os.read(out, 1))
            self.assertEqual(0, child.wait(TIMEOUT))

    def test_does_not_change_the_flags_others_see(self):
        r, w = os.pipe()
        child = self.sleeper(stdout=w)
        link = self.rig.deputise_ready(child.pid, "stream=1 kind=pipe-out fd=1\n", keep="1")
        link.data(1, b"x")
        self.assertEqual(b"x", os.read(r, 1))
        self.assertTrue(os.get_blocking(w))
        os.close(r)
        os.close(w)

    def test_a_reader_that_goes_away_is_told_at_once(self):
        child = self.sleeper(stdout=subprocess.PIPE)
        link = self.rig.deputise_ready(child.pid, "stream=1 kind=pipe-out fd=1\n", keep="1")
        child.stdout.close()
        link.until(lambda: 1 in link.closed, "CLOSED")
        link.data(1, b"into the void")
        link.exit(signal.SIGPIPE)
        self.assertEqual(-signal.SIGPIPE, child.wait(TIMEOUT))
        self.assertEqual([], [f for f in link.frames if f[0] == SIGNAL])

    def test_end_of_output_is_seen_while_the_body_lives(self):
        child = self.sleeper(stdout=subprocess.PIPE)
        link = self.rig.deputise_ready(child.pid, "stream=1 kind=pipe-out fd=1\n", keep="1")
        link.data(1, b"all")
        link.end_of_file(1)
        self.assertEqual(b"all", child.stdout.read())
        self.assertIsNone(child.poll())

    def test_fifo_by_name(self):
        with tempfile.TemporaryDirectory() as where:
            os.mkfifo(where + "/f")
            fd = os.open(where + "/f", os.O_RDWR)
            child = self.sleeper(stdin=fd, stdout=fd)
            config = "stream=1 kind=pipe-out fd=1\nstream=2 kind=pipe-in fd=0\n"
            link = self.rig.deputise_ready(child.pid, config, keep="0,1")
            link.data(1, b"round trip" * 1000)
            self.assertEqual(b"round trip" * 1000, link.expect_data(2, 10000))
            os.close(fd)

    def test_shared_file_keeps_one_offset(self):
        with tempfile.TemporaryFile() as shared:
            child = self.sleeper(stdout=shared)
            link = self.rig.deputise_ready(child.pid, "stream=1 kind=file-out fd=1\n", keep="1")
            os.write(shared.fileno(), b"one ")
            link.data(1, b"two ")
            wait_until(lambda: os.fstat(shared.fileno()).st_size == 8)
            os.write(shared.fileno(), b"three ")
            link.data(1, b"x" * 200000)
            link.exit(0)
            child.wait(TIMEOUT)
            os.write(shared.fileno(), b" four")
            shared.seek(0)
            self.assertEqual(b"one two three " + b"x" * 200000 + b" four", shared.read())

    def test_shared_input_file_keeps_one_offset(self):
        with tempfile.TemporaryFile() as shared:
            shared.write(b"0123456789" * 5000)
            shared.flush()
            shared.seek(0)
            child = self.sleeper(stdin=shared)
            link = self.rig.deputise_ready(child.pid, "stream=1 kind=pipe-in fd=0 flags=demand\n", keep="0")
            link.auto_window = False
            link.grant(1, 4)
            self.assertEqual(b"0123", link.expect_data(1, 4))
            self.assertEqual(b"456", os.read(shared.fileno(), 3))
            link.grant(1, 65536)
            self.assertEqual(49993, len(link.expect_data(1, 49993)))
            link.until(lambda: 1 in link.eof, "EOF")

    def test_unix_socket_both_ways_with_half_close(self):
        ours, theirs = socket.socketpair()
        child = self.sleeper(stdin=theirs, stdout=theirs)
        theirs.close()
        link = self.rig.deputise_ready(child.pid, "stream=5 kind=unix fd=0\n", keep="0")
        link.data(5, b"hello")
        self.assertEqual(b"hello", ours.recv(100))
        ours.send(b"answer")
        self.assertEqual(b"answer", link.expect_data(5, 6))
        link.end_of_file(5)
        self.assertEqual(b"", ours.recv(1))
        ours.send(b"more")
        self.assertEqual(b"more", link.expect_data(5, 4))
        ours.shutdown(socket.SHUT_WR)
        link.until(lambda: 5 in link.eof, "EOF")
        ours.close()

    def test_demand_stream_reads_what_is_asked_for_only(self):
        r, w = os.pipe()
        child = self.sleeper(stdin=r)
        link = self.rig.deputise_ready(child.pid, "stream=1 kind=pipe-in fd=0 flags=demand\n", keep="0")
        link.auto_window = False
        os.write(w, b"abcdef")
        time.sleep(0.2)
        self.assertEqual(b"a", os.read(r, 1))
        self.assertFalse(link.received[1])
        link.grant(1, 2)
        self.assertEqual(b"bc", link.expect_data(1, 2))
        time.sleep(0.1)
        self.assertEqual(b"def", os.read(r, 100))
        link.grant(1, 5)
        os.write(w, b"token")
        self.assertEqual(b"token", link.expect_data(1, 5))
        link.send(TTY_UNREAD, struct.pack("<H", 1) + b"en")
        link.settle()
        self.assertEqual(b"en", os.read(r, 100))
        os.close(r)
        os.close(w)

    def test_no_byte_is_lost_or_doubled_when_frames_and_connections_are(self):
        r, w = os.pipe()
        child = self.sleeper(stdin=subprocess.PIPE, stdout=w)
        os.close(w)
        config = "stream=1 kind=pipe-in fd=0\nstream=2 kind=pipe-out fd=1\n"
        link = self.rig.deputise_ready(child.pid, config, keep="0,1")
        there, back = random.Random(3).randbytes(600000), random.Random(4).randbytes(600000)
        got = bytearray()
        import threading

        def feed():
            os.write(child.stdin.fileno(), b"")
            child.stdin.write(there)
            child.stdin.close()

        def read():
            while len(got) < len(back):
                got.extend(os.read(r, 65536))

        threads = [threading.Thread(target=f) for f in (feed, read, lambda: link.data(2, back))]
        self.rig.agent.loss = 0.02
        for t in threads:
            t.start()
        dice = random.Random(5)
        for i in range(12):
            time.sleep(dice.random() * 0.2)
            if i % 4 == 3:
                self.rig.agent.crash()
                time.sleep(0.1)
                self.rig.agent.listen()
            else:
                self.rig.agent.cut()
        self.rig.agent.loss = 0
        self.rig.agent.cut()
        for t in threads:
            t.join(30)
        self.assertEqual(there, link.expect_data(1, len(there), 30))
        self.assertEqual(back, bytes(got))
        link.until(lambda: 1 in link.eof, "EOF")
        link.exit(0)
        self.assertEqual(0, child.wait(TIMEOUT))
        os.close(r)


class NonsenseTest(RigTest):
    def test_survives_an_agent_that_talks_nonsense(self):
        dice = random.Random(int(os.environ.get("MIG_SEED", "6")))
        r, w = os.pipe()
        child = self.sleeper(stdin=subprocess.PIPE, stdout=w)
        os.close(w)
        config = "stream=1 kind=pipe-in fd=0\nstream=2 kind=pipe-out fd=1\n"
        link = self.rig.deputise_ready(child.pid, config, keep="0,1")
        quiet = (STOPPED, EXIT, FINISHED)
        for round in range(60):
            conn = wait_until(lambda: link.conn, "a connection")
            for _ in range(20):
                kind = dice.choice([k for k in list(range(0, 12)) + list(range(60, 90)) if k not in quiet])
                payload = dice.randbytes(dice.choice((0, 1, 2, 3, 6, 8, 9, 40, 46, 300)))
                if dice.random() < 0.5:
                    payload = struct.pack("<H", dice.choice((1, 2, 3))) + payload
                if kind >= 70 and dice.random() < 0.7:
                    link.send(kind, payload)
                else:
                    conn.send(HEADER.pack(len(payload), kind, dice.choice((0, 0, 7)), child.pid, 0, dice.randrange(5)) + payload)
            if round % 3 == 0:
                conn.send(dice.randbytes(100))
                link.until(lambda: link.conn is not conn, "the end of the connection")
        self.assertNotEqual("Z", state_of(child.pid))
        os.kill(child.pid, signal.SIGKILL)
        self.assertEqual(-signal.SIGKILL, child.wait(TIMEOUT))
        os.close(r)

    def test_odd_configurations(self):
        child = self.sleeper()
        text = "comm=" + "x" * 500 + "\ndrop=\ndrop=a:b\ndrop=99:1\ndrop=5:-1\nstream=\nstream=1\nstream=70000 kind=tty fd=0\n" \
               "stream=1 kind=pipe-in fd=-1\nstream=2 kind=unix fd=99999999999999999999\nstopped=0\nstopped=77\n\n\0\nend"
        link = self.rig.deputise_ready(child.pid, text)
        self.assertEqual(5, link.ready_text.count("error 22"), link.ready_text)
        self.assertEqual("x" * 15, stat_of(child.pid)[0])
        os.kill(child.pid, signal.SIGUSR1)
        link.expect_signal(signal.SIGUSR1)


if __name__ == "__main__":
    unittest.main()
