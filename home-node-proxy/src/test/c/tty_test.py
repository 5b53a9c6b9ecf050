"""A deputised job of a real interactive bash on a real pty."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

from deputy_test import RigTest
from rig import *  # noqa: F403

EXTPROC = 0o200000


class Bash:
    """An interactive bash on a pty, driven and read like a user would."""

    def __init__(self, rig):
        self.rig = rig
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ["PS1"] = "PROMPT> "
            os.environ["TERM"] = "dumb"
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        self.seen = ""
        self.expect("PROMPT> ")

    def type(self, text):
        os.write(self.master, text.encode())

    def pump(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([self.master], [], [], 0.02)[0]:
                continue
            try:
                self.seen += os.read(self.master, 65536).decode(errors="replace")
            except OSError:
                return

    def expect(self, pattern, timeout=TIMEOUT):
        """Waits until the pattern shows up and returns what stood before it; what was seen is consumed."""
        end = time.monotonic() + timeout
        while True:
            found = re.search(pattern, self.seen)
            if found:
                before = self.seen[: found.start()]
                self.seen = self.seen[found.end() :]
                return before
            if time.monotonic() > end:
                raise AssertionError("bash did not show %r but %r" % (pattern, self.seen))
            self.pump(0.02)

    def run(self, command):
        """Types a command whose end is a new prompt; returns its output."""
        self.type(command + "\n")
        self.expect(re.escape(command) + r"\r\n")
        return self.expect("PROMPT> ").replace("\r", "").strip()

    def job(self):
        """The pid of the only child once it runs sleep."""
        pid = wait_until(lambda: children_of(self.pid), "a job")[0]
        wait_until(lambda: stat_of(pid)[0] == "sleep", "sleep")
        return pid

    def modes(self):
        return termios.tcgetattr(self.master)

    def close(self):
        for pid in children_of(self.pid) + [self.pid]:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        if self.master >= 0:
            os.close(self.master)


class TerminalTest(RigTest):
    def setUp(self):
        super().setUp()
        self.bash = Bash(self.rig)
        self.addCleanup(self.bash.close)

    def start(self, command="sleep 1000", flags="0"):
        self.bash.type(command + "\n")
        self.bash.expect(re.escape(command) + r"\r\n")
        pid = self.bash.job()
        link = self.rig.deputise_ready(pid, "stream=1 kind=tty fd=0 flags=%s\n" % flags, keep="0,1,2")
        if not command.endswith("&"):
            self.expect_foreground(link, 1)
        return pid, link

    def expect_foreground(self, link, on):
        link.expect(TTY_FG, lambda p: p == struct.pack("<HB", 1, on))

    def body_stops(self, link, signo):
        link.stopped(signo)
        return self.bash.expect(r"\[1\]\+  Stopped[^\n]*\n(?s:.*?)PROMPT> ")

    def test_ctrl_c_reaches_the_body_and_the_shell_sees_its_death(self):
        pid, link = self.start()
        self.bash.type("\x03")
        got = link.expect_signal(signal.SIGINT)
        self.assertEqual(1, got.group)
        link.exit(signal.SIGINT)
        self.bash.expect("PROMPT> ")
        self.assertEqual("130", self.bash.run("echo $?"))

    def test_exit_code_in_the_shell(self):
        pid, link = self.start()
        link.exit(17 << 8)
        self.bash.expect("PROMPT> ")
        self.assertEqual("17", self.bash.run("echo $?"))

    def test_ctrl_z_fg_bg(self):
        pid, link = self.start()
        self.bash.type("\x1a")
        self.assertEqual(1, link.expect_signal(signal.SIGTSTP).group)
        self.body_stops(link, signal.SIGTSTP)
        self.assertEqual("148", self.bash.run("echo $?"))
        self.assertEqual("T", state_of(pid))
        self.assertRegex(self.bash.run("jobs"), r"\[1\]\+  Stopped\s+sleep 1000")
        for _ in range(3):
            self.bash.type("fg\n")
            self.bash.expect("fg\r\nsleep 1000\r\n")
            link.expect_signal(signal.SIGCONT)
            self.bash.type("\x1a")
            link.expect_signal(signal.SIGTSTP)
            self.body_stops(link, signal.SIGTSTP)
        self.bash.run("bg")
        link.expect_signal(signal.SIGCONT)
        self.expect_foreground(link, 0)
        self.assertRegex(self.bash.run("jobs"), r"\[1\]\+  Running\s+sleep 1000 &")
        self.bash.type("fg\n")
        self.bash.expect("fg\r\nsleep 1000\r\n")
        self.expect_foreground(link, 1)
        link.data(1, b"good bye\n")
        link.exit(3 << 8)
        self.bash.expect("good bye\r\n")
        self.bash.expect("PROMPT> ")
        self.assertEqual("3", self.bash.run("echo $?"))

    def test_foreground_is_told_before_sigcont(self):
        pid, link = self.start()
        link.stopped(signal.SIGSTOP)
        self.bash.expect("Stopped")
        self.bash.run("bg")
        link.expect_signal(signal.SIGCONT)
        self.expect_foreground(link, 0)
        os.kill(pid, signal.SIGSTOP)
        self.bash.run("true")
        link.frames.clear()
        self.bash.type("fg\n")
        link.expect_signal(signal.SIGCONT)
        with link.lock:
            self.assertEqual([], [f for f in link.frames if f[0] == SIGNAL])
        # FG was taken in before SIGCONT, so it is in the list already
        self.assertIn((TTY_FG, struct.pack("<HB", 1, 1)), link.frames)

    def test_background_job_done(self):
        pid, link = self.start("sleep 1000 &")
        link.exit(0)
        wait_until(lambda: not os.path.exists("/proc/%d" % pid))
        self.assertRegex(self.bash.run("true"), r"Done\s+sleep 1000")

    def test_lines_go_to_the_body_with_echo_and_editing_at_home(self):
        pid, link = self.start()
        self.bash.type("helo\x7flo\n")
        self.assertEqual(b"hello\n", link.expect_data(1, 6))
        self.bash.expect("hel")
        self.bash.type("\x04")
        self.assertEqual(b"\x04", link.expect_data(1, 1))

    def test_background_input_is_left_alone(self):
        pid, link = self.start("sleep 1000 &")
        time.sleep(0.3)
        self.assertEqual("one", self.bash.run("echo one"))
        self.assertEqual(b"", bytes(link.received[1]))

    def test_output_is_written_as_it_is(self):
        pid, link = self.start()
        text = "".join("line %d\n" % i for i in range(20000))
        import threading

        writer = threading.Thread(target=link.data, args=(1, text.encode()))
        writer.start()
        self.bash.expect("line 19999\r\n", 30)
        writer.join()

    def test_raw_mode_and_back(self):
        pid, link = self.start()
        mode = link.expect(TTY_MODE)[2:]
        self.assertEqual(44, len(mode))
        iflag, oflag, cflag, lflag = struct.unpack_from("<IIII", mode)
        raw = struct.pack("<IIII", 0, oflag & ~termios.OPOST, cflag,
                          lflag & ~(termios.ICANON | termios.ECHO | termios.ISIG) | EXTPROC) + mode[16:]
        before = self.bash.modes()
        # The output before the change is written in the old mode, what follows in the new one.
        link.data(1, b"a\n")
        link.send(TTY_MODE, struct.pack("<H", 1) + raw)
        link.data(1, b"b\nc")
        self.bash.expect("a\r\nb\nc")
        self.assertFalse(self.bash.modes()[3] & (termios.ICANON | termios.ECHO | EXTPROC))
        self.bash.type("x\x03\x1a")
        self.assertEqual(b"x\x03\x1a", link.expect_data(1, 3))
        link.send(TTY_MODE, struct.pack("<H", 1) + mode)
        link.exit(0)
        self.bash.expect("PROMPT> ")
        self.assertEqual("0", self.bash.run("echo $?"))

    def test_modes_changed_at_home_are_told(self):
        pid, link = self.start()
        link.expect(TTY_MODE)
        modes = self.bash.modes()
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(self.bash.master, termios.TCSANOW, modes)
        lflag = struct.unpack_from("<HIIII", link.expect(TTY_MODE))[4]
        self.assertFalse(lflag & termios.ECHO)

    def test_window_size(self):
        pid, link = self.start()
        link.expect(TTY_SIZE)
        fcntl.ioctl(self.bash.master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 1, 2))
        self.assertEqual((1, 33, 77, 1, 2), struct.unpack("<HHHHH", link.expect(TTY_SIZE)))
        self.assertEqual([], [f for f in link.frames if f[0] == SIGNAL])

    def test_hang_up(self):
        pid, link = self.start()
        os.close(self.bash.master)
        self.bash.master = -1
        link.expect(TTY_HUP)
        link.expect_signal(signal.SIGHUP)
        time.sleep(0.2)
        before = status_of(pid)["voluntary_ctxt_switches"]
        time.sleep(0.5)
        self.assertEqual(before, status_of(pid)["voluntary_ctxt_switches"])
        link.data(1, b"nobody hears")
        link.exit(signal.SIGHUP)
        wait_until(lambda: not os.path.exists("/proc/%d" % pid) or state_of(pid) == "Z")

    def test_typed_ahead_goes_to_the_shell(self):
        pid, link = self.start()
        self.bash.type("echo $((6*7))\n")
        self.assertEqual(b"echo $((6*7))\n", link.expect_data(1, 14))
        link.send(TTY_UNREAD, struct.pack("<H", 1) + b"echo $((6*7))\n")
        link.settle()
        time.sleep(0.1)
        self.assertEqual(b"", bytes(link.received[1]))
        link.exit(0)
        self.bash.expect("\r\n42\r\n")

    def test_typed_ahead_where_users_may_not_type_for_others(self):
        """The agent types instead, for the owner of the terminal only."""
        sysctl = "/proc/sys/dev/tty/legacy_tiocsti"
        if not os.path.exists(sysctl):
            self.skipTest("this kernel always lets users type")
        before = read_text(sysctl)

        def write(text):
            with open(sysctl, "w") as f:
                f.write(text)

        self.addCleanup(write, before)
        device = os.ttyname(os.open("/proc/%d/fd/0" % self.bash.pid, os.O_RDWR | os.O_NOCTTY))
        for owner, result in ((0, "error the terminal belongs to user 0"), (65534, "ok")):
            os.chown(device, owner, -1)
            pid, link = self.start("setpriv --reuid=65534 --clear-groups sleep 1000")
            self.bash.type("echo $((7*%d))\n" % (owner + 1))
            link.expect_data(1, len("echo $((7*%d))\n" % (owner + 1)))
            write("0")
            answers = []

            def agent():
                text = link.until(lambda: [s for s in link.states if "unread" in s], "STATE")[0]
                fields = dict(word.split("=") for word in text.split())
                done = self.rig.run_deputise("--pid", pid, "--fd", fields["fd"], "--unread", fields["bytes"])
                answers.append(done.stdout)

            import threading

            thread = threading.Thread(target=agent)
            thread.start()
            link.send(TTY_UNREAD, struct.pack("<H", 1) + b"echo $((7*%d))\n" % (owner + 1))
            link.exit(0)
            thread.join()
            write(before)
            self.assertIn(result, answers[0])
            if result == "ok":
                self.bash.expect("\r\n458745\r\n")
            self.bash.expect("PROMPT> ")

    def test_typed_at_the_last_moment_goes_to_the_shell(self):
        pid, link = self.start()
        link.deaf = True
        self.bash.type("echo $((6*8))\n")
        time.sleep(0.2)
        link.exit(0)
        self.bash.expect("\r\n48\r\n")

    def test_stopped_by_reading_in_the_background(self):
        pid, link = self.start("sleep 1000 &")
        link.stopped(signal.SIGTTIN)
        wait_until(lambda: state_of(pid) == "T")
        self.assertRegex(self.bash.run("jobs"), r"Stopped \(tty input\)|Stopped\(SIGTTIN\)|Stopped")

    def test_wakes_up_ten_times_a_second_for_the_terminal(self):
        pid, link = self.start()
        time.sleep(0.3)
        before = int(status_of(pid)["voluntary_ctxt_switches"])
        time.sleep(2)
        rate = (int(status_of(pid)["voluntary_ctxt_switches"]) - before) / 2
        self.assertLess(rate, 12)

    def test_ctrl_s_does_not_block_signals(self):
        pid, link = self.start()
        self.bash.type("\x13")
        time.sleep(0.2)
        import threading

        writer = threading.Thread(target=link.data, args=(1, b"x\n" * 100000))
        writer.start()
        time.sleep(0.3)
        self.assertEqual("", self.bash.seen)
        os.kill(pid, signal.SIGUSR1)
        link.expect_signal(signal.SIGUSR1)
        self.bash.type("\x11")
        while writer.is_alive():
            self.bash.pump(0.05)
        link.exit(0)
        self.bash.expect("PROMPT> ")

    def test_a_user_whose_terminal_belongs_to_another(self):
        # As after su: the terminal cannot be opened anew, so O_NONBLOCK is nobody's here.
        pid, link = self.start("setpriv --reuid=65534 --clear-groups sleep 1000")
        self.bash.type("hello\n")
        self.assertEqual(b"hello\n", link.expect_data(1, 6))
        link.data(1, b"x" * 5000 + b"\nend of output\n")
        self.bash.expect("end of output\r\n")
        self.bash.type("\x13")
        time.sleep(0.2)
        link.data(1, b"y\n" * 20000)
        time.sleep(0.3)
        os.kill(pid, signal.SIGUSR1)
        link.expect_signal(signal.SIGUSR1)
        self.bash.type("\x11")
        link.exit(5 << 8)
        self.bash.expect("PROMPT> ")
        self.assertEqual("5", self.bash.run("echo $?"))

    def test_demand_leaves_the_input_to_others_until_it_is_wanted(self):
        pid, link = self.start(flags="demand")
        link.auto_window = False
        self.bash.type("one\ntwo\n")
        time.sleep(0.2)
        self.assertEqual(b"", bytes(link.received[1]))
        link.grant(1, 100)
        self.assertEqual(b"one\n", link.expect_data(1, 4))
        link.stopped(signal.SIGSTOP)
        self.bash.expect("Stopped")
        self.bash.run("bg")
        link.expect_signal(signal.SIGCONT)
        self.expect_foreground(link, 0)
        time.sleep(0.1)
        before = int(status_of(pid)["voluntary_ctxt_switches"]) + int(status_of(pid)["nonvoluntary_ctxt_switches"])
        self.bash.type("# background\n")
        time.sleep(1)
        after = int(status_of(pid)["voluntary_ctxt_switches"]) + int(status_of(pid)["nonvoluntary_ctxt_switches"])
        self.assertLess(after - before, 20)
        self.assertEqual("7", self.bash.run("echo 7"))

    def test_kill_percent_one(self):
        pid, link = self.start()
        self.bash.type("\x1a")
        link.expect_signal(signal.SIGTSTP)
        self.body_stops(link, signal.SIGTSTP)
        self.bash.run("kill %1")
        link.expect_signal(signal.SIGTERM)
        link.exit(signal.SIGTERM)
        wait_until(lambda: not os.path.exists("/proc/%d" % pid))
        self.assertIn("Terminated", self.bash.seen + self.bash.run("true"))

    def test_kill_9(self):
        pid, link = self.start()
        os.kill(pid, signal.SIGKILL)
        self.bash.expect("Killed")
        self.bash.expect("PROMPT> ")
        self.assertEqual("137", self.bash.run("echo $?"))

    def test_middle_of_a_pipeline(self):
        self.bash.type("cat | sleep 1000 | cat -n\n")
        self.bash.expect("cat -n\r\n")
        pid = wait_until(lambda: [p for p in children_of(self.bash.pid) if stat_of(p)[0] == "sleep"], "sleep")[0]
        link = self.rig.deputise_ready(pid, "stream=0 kind=pipe-in fd=0\nstream=1 kind=pipe-out fd=1\n", keep="0,1")
        self.bash.type("typed\n")
        self.assertEqual(b"typed\n", link.expect_data(0, 6))
        link.data(1, b"answer\n")
        self.bash.expect("1\tanswer\r\n")
        self.bash.type("\x04")
        link.until(lambda: 0 in link.eof, "EOF")
        link.end_of_file(1)
        link.exit(9 << 8)
        self.bash.expect("PROMPT> ")
        self.assertEqual("0 9 0", self.bash.run("echo ${PIPESTATUS[@]}"))


if __name__ == "__main__":
    unittest.main()
