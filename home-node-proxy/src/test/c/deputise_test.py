"""Which processes can be replaced by deputies, and that not one instruction of theirs is executed any more."""

import ctypes
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

from deputy_test import RigTest
from rig import *  # noqa: F403

HERE = os.path.dirname(os.path.abspath(__file__))
PR_SET_NO_NEW_PRIVS = 38


class DeputiseTest(RigTest):
    @classmethod
    def setUpClass(cls):
        cls.build = tempfile.mkdtemp(prefix="mig-originals-")
        os.chmod(cls.build, 0o755)
        cls.originals = cls.build + "/originals"
        subprocess.check_call(["gcc", "-O1", "-pthread", "-o", cls.originals, HERE + "/originals.c"])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.build)

    def original(self, *arguments, **options):
        options.setdefault("stdout", subprocess.PIPE)
        child = self.rig.spawn([self.originals, *map(str, arguments)], **options)
        self.assertEqual(b"on\n", child.stdout.readline())
        return child

    def refused(self, pid, reason, *more):
        done = self.rig.run_deputise(*more, "--pid", pid)
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stdout, r"^%d error .*%s" % (pid, reason))

    def assert_deputy(self, child, link):
        self.assertEqual(self.rig.stub, os.readlink("/proc/%d/exe" % child.pid))
        os.kill(child.pid, signal.SIGUSR1)
        link.expect_signal(signal.SIGUSR1)
        link.exit(4 << 8)
        self.assertEqual(4, child.wait(TIMEOUT))

    def test_threads_never_run_again(self):
        path = self.build + "/counters"
        child = self.original("count", path, 8)
        time.sleep(0.1)
        link = self.rig.agent.expect(child.pid, "comm=x\nend\n")
        leaf, origin = self.rig.freeze(child.pid)
        with open(path, "rb") as f:
            before = f.read()
        time.sleep(0.1)
        done = self.rig.run_deputise("--cgroup", origin, "--pid", child.pid)
        self.assertEqual("%d ok\n" % child.pid, done.stdout)
        with open(path, "rb") as f:
            self.assertEqual(before, f.read())
        self.assertEqual("1", status_of(child.pid)["Threads"])
        self.rig.drop_leaf(leaf)
        self.assert_deputy(child, link)

    def test_threads_blocked_in_system_calls(self):
        for first in range(9):
            child = self.original("blocked", first)
            self.assert_deputy(child, self.rig.deputise_ready(child.pid))
            self.assertEqual(b"", child.stdout.read())

    def test_many_threads_at_once_fifty_times(self):
        for _ in range(50):
            child = self.original("blocked")
            link = self.rig.deputise(child.pid)
            link.exit(0)
            self.assertEqual(0, child.wait(TIMEOUT))
            child.stdout.close()

    def test_thaw_instead_of_a_new_cgroup(self):
        child = self.sleeper()
        link = self.rig.agent.expect(child.pid, "end\n")
        leaf, _ = self.rig.freeze(child.pid)
        done = self.rig.run_deputise("--thaw", leaf + "/cgroup.freeze", "--pid", child.pid)
        self.assertEqual("%d ok\n" % child.pid, done.stdout)
        self.assert_deputy(child, link)

    def test_again_is_fine(self):
        child = self.sleeper()
        link = self.rig.deputise_ready(child.pid)
        done = self.rig.run_deputise("--pid", child.pid)
        self.assertEqual(("%d ok\n" % child.pid, 0), (done.stdout, done.returncode))
        self.assert_deputy(child, link)

    def test_deputies_of_an_older_version_are_left_alone(self):
        child = self.sleeper()
        link = self.rig.deputise_ready(child.pid)
        for _ in range(2):
            shutil.copy2(self.rig.stub, self.rig.stub + ".new")
            os.rename(self.rig.stub + ".new", self.rig.stub)
            done = self.rig.run_deputise("--pid", child.pid)
            self.assertEqual(("%d ok\n" % child.pid, 0), (done.stdout, done.returncode))
            self.assertEqual(self.rig.stub + " (deleted)", os.readlink("/proc/%d/exe" % child.pid))
        self.rig.agent.cut()  # it finds the socket all the same
        os.kill(child.pid, signal.SIGUSR1)
        link.expect_signal(signal.SIGUSR1)
        link.exit(0)
        self.assertEqual(0, child.wait(TIMEOUT))

    def test_seccomp_filter_that_lets_a_deputy_live(self):
        child = self.original("filter", "allow")
        self.assertEqual(0, self.rig.run_deputise("--verify", "--pid", child.pid).returncode)
        self.assert_deputy(child, self.rig.deputise_ready(child.pid))

    def test_seccomp_filter_that_does_not(self):
        child = self.original("filter", "forbid")
        self.refused(child.pid, r"forbids socket", "--verify")
        leaf, origin = self.rig.freeze(child.pid)
        self.refused(child.pid, r"forbids socket", "--cgroup", origin)
        self.assertEqual(str(child.pid), read_text(leaf + "/cgroup.procs").strip())
        self.assertIn("frozen 1", read_text(leaf + "/cgroup.events"))

    def test_strict_seccomp(self):
        self.refused(self.original("strict", stdin=subprocess.PIPE).pid, "strict seccomp", "--verify")

    def test_first_thread_gone(self):
        child = self.original("leaderless")
        wait_until(lambda: state_of(child.pid) == "Z")
        self.refused(child.pid, "first thread has ended", "--verify")

    def test_user_processes_with_no_new_privs(self):
        libc = ctypes.CDLL(None)

        def become_nobody():
            libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)

        child = self.original("x", preexec_fn=become_nobody, stdin=subprocess.PIPE)
        link = self.rig.deputise_ready(child.pid, "stream=0 kind=pipe-in fd=0\nstream=1 kind=pipe-out fd=1\n", "0,1")
        self.assertEqual("65534\t65534\t65534\t65534", status_of(child.pid)["Uid"])
        link.data(1, b"from nobody")
        self.assertEqual(b"from nobody", os.read(child.stdout.fileno(), 100))
        child.stdin.write(b"to nobody")
        child.stdin.flush()
        self.assertEqual(b"to nobody", link.expect_data(0, 9))
        self.assert_deputy(child, link)

    def test_no_address_space_left(self):
        child = self.original("small")
        leaf, origin = self.rig.freeze(child.pid)
        link = self.rig.agent.expect(child.pid, "end\n")
        done = self.rig.run_deputise("--cgroup", origin, "--pid", child.pid)
        self.assertEqual("%d ok\n" % child.pid, done.stdout)
        self.assertEqual(self.rig.stub, os.readlink("/proc/%d/exe" % child.pid))

    def test_keeps_close_on_exec_descriptors_that_are_streams(self):
        child = self.original("noexec", 1)
        link = self.rig.deputise_ready(child.pid, "stream=1 kind=pipe-out fd=1\n", "1")
        self.assertEqual("", link.ready_text)
        link.data(1, b"x")
        self.assertEqual(b"x", os.read(child.stdout.fileno(), 1))

    def test_huge_arguments_and_environment(self):
        env = {"V%d" % i: "x" * 1000 for i in range(300)}
        words = ["w%d" % i * 10 for i in range(2000)]
        child = self.rig.spawn(["sh", "-c", "echo on; read x", *words], env=env, stdout=subprocess.PIPE, stdin=subprocess.PIPE)
        child.stdout.readline()
        with open("/proc/%d/cmdline" % child.pid, "rb") as f:
            before = f.read()
        link = self.rig.deputise_ready(child.pid)
        with open("/proc/%d/cmdline" % child.pid, "rb") as f:
            self.assertEqual(before[:131000], f.read()[:131000])
        self.assert_deputy(child, link)

    def test_a_small_stack_limit(self):
        import resource

        limit = lambda: resource.setrlimit(resource.RLIMIT_STACK, (160 * 1024, 160 * 1024))
        child = self.original("x", *["a" * 900] * 30, preexec_fn=limit)
        self.assert_deputy(child, self.rig.deputise_ready(child.pid))

    def test_an_empty_command_line(self):
        script = "import ctypes,os,time; os.write(1,b'on\\n'); time.sleep(1000)"
        child = self.rig.spawn(["", "-c", script], executable=sys.executable, stdout=subprocess.PIPE)
        child.stdout.readline()
        with open("/proc/%d/cmdline" % child.pid, "rb") as f:
            before = f.read()
        link = self.rig.deputise_ready(child.pid)
        with open("/proc/%d/cmdline" % child.pid, "rb") as f:
            self.assertEqual(before, f.read())
        self.assert_deputy(child, link)

    def test_a_stop_signal_during_the_freeze(self):
        child = self.sleeper()
        link = self.rig.agent.expect(child.pid, "end\n")
        leaf, origin = self.rig.freeze(child.pid)
        os.kill(child.pid, signal.SIGSTOP)
        done = self.rig.run_deputise("--cgroup", origin, "--pid", child.pid)
        self.assertEqual("%d ok\n" % child.pid, done.stdout)
        wait_until(lambda: state_of(child.pid) == "T")
        os.kill(child.pid, signal.SIGCONT)
        link.expect_signal(signal.SIGCONT)
        self.assert_deputy(child, link)

    def test_signals_during_the_freeze_are_not_lost(self):
        # A signal that would kill ends a frozen process at once; one with a handler waits.
        script = ("import signal,time\nfor s in (15, 20, 40): signal.signal(s, lambda *_: print('RAN ON'))\n"
                  "print('on', flush=True)\ntime.sleep(1000)")
        child = self.rig.spawn([sys.executable, "-c", script], stdout=subprocess.PIPE)
        child.stdout.readline()
        link = self.rig.agent.expect(child.pid, "end\n")
        leaf, origin = self.rig.freeze(child.pid)
        os.kill(child.pid, signal.SIGTERM)
        os.kill(child.pid, signal.SIGTSTP)
        os.kill(child.pid, 40)
        done = self.rig.run_deputise("--cgroup", origin, "--pid", child.pid)
        self.assertEqual("%d ok\n" % child.pid, done.stdout)
        for signo in (signal.SIGTERM, signal.SIGTSTP, 40):
            link.expect_signal(signo)

    def test_killed_while_frozen(self):
        child = self.sleeper()
        leaf, origin = self.rig.freeze(child.pid)
        other = self.sleeper()
        os.kill(child.pid, signal.SIGKILL)
        wait_until(lambda: state_of(child.pid) == "Z")
        self.rig.agent.expect(other.pid, "end\n")
        done = self.rig.run_deputise("--pid", child.pid, "--pid", other.pid)
        self.assertEqual("%d error it has ended already\n%d ok\n" % (child.pid, other.pid), done.stdout)
        child.wait()
        self.refused(child.pid, "no such process")

    def test_killing_the_tool_kills_the_original_rather_than_let_it_run(self):
        path = self.build + "/counters2"
        child = self.original("count", path, 3)
        leaf, origin = self.rig.freeze(child.pid)
        with open(path, "rb") as f:
            before = f.read()
        os.mkfifo(self.rig.dir + "/fifo")
        tool = self.rig.spawn([self.rig.bin + "/mig-deputise", "--stub", self.rig.stub, "--thaw", self.rig.dir + "/fifo",
                               "--cgroup", origin, "--pid", str(child.pid)])
        wait_until(lambda: status_of(child.pid)["TracerPid"] == str(tool.pid))
        wait_until(lambda: "wait_for_partner" in read_text("/proc/%d/wchan" % tool.pid) or state_of(tool.pid) == "S")
        time.sleep(0.2)
        with open(leaf + "/cgroup.freeze", "w") as f:
            f.write("0")
        time.sleep(0.1)
        tool.kill()
        self.assertEqual(-signal.SIGKILL, child.wait(TIMEOUT))
        with open(path, "rb") as f:
            self.assertEqual(before, f.read())

    def test_an_original_that_cannot_be_replaced_is_frozen_again(self):
        # A cgroup.procs that takes the process but an exec that fails: the stub is no program.
        child = self.sleeper()
        leaf, origin = self.rig.freeze(child.pid)
        broken = self.rig.dir + "/broken"
        with open(broken, "w") as f:
            f.write("no program")
        os.chmod(broken, 0o755)
        done = subprocess.run([self.rig.bin + "/mig-deputise", "--stub", broken, "--cgroup", origin, "--pid", str(child.pid)],
                              capture_output=True, text=True)
        self.assertRegex(done.stdout, "error execve of .*: Exec format error")
        self.assertIsNone(child.poll())
        self.assertEqual(str(child.pid), read_text(leaf + "/cgroup.procs").strip())
        wait_until(lambda: "frozen 1" in read_text(leaf + "/cgroup.events"))
        link = self.rig.agent.expect(child.pid, "end\n")
        done = self.rig.run_deputise("--cgroup", origin, "--pid", child.pid)
        self.assertEqual("%d ok\n" % child.pid, done.stdout)
        self.assert_deputy(child, link)

    def test_a_frozen_destination_is_refused(self):
        child = self.sleeper()
        leaf, origin = self.rig.freeze(child.pid)
        self.refused(child.pid, "is frozen too", "--cgroup", leaf + "/cgroup.procs")
        self.assertIn("frozen 1", read_text(leaf + "/cgroup.events"))

    def test_is_quick(self):
        children = [self.sleeper() for _ in range(20)]
        for child in children:
            self.rig.agent.expect(child.pid, "end\n")
        leaf, origin = self.rig.freeze(*[child.pid for child in children])
        groups = [word for child in children for word in ("--pid", child.pid)]
        start = time.monotonic()
        done = self.rig.run_deputise("--cgroup", origin, *groups)
        took = time.monotonic() - start
        self.assertEqual(20, done.stdout.count("ok\n"), done.stdout)
        print("20 processes replaced in %.1f ms" % (took * 1000), file=sys.stderr)
        self.assertLess(took, 2)

    def test_verify_does_not_touch(self):
        child = self.original("count", self.build + "/counters3", 2)
        done = self.rig.run_deputise("--verify", "--pid", child.pid)
        self.assertEqual(("%d ok\n" % child.pid, 0), (done.stdout, done.returncode))
        self.assertEqual("R", state_of(child.pid))
        self.assertNotEqual(self.rig.stub, os.readlink("/proc/%d/exe" % child.pid))

    def test_refusals(self):
        self.refused(4194303, "no such process", "--verify")
        zombie = self.rig.spawn(["true"])
        wait_until(lambda: state_of(zombie.pid) == "Z")
        self.refused(zombie.pid, "ended already", "--verify")

    @unittest.skipUnless(state_of(2) != "X" and stat_of(2)[0] == "kthreadd", "no kernel threads in this pid namespace")
    def test_kernel_threads(self):
        self.refused(2, "kernel thread", "--verify")

    def test_traced_by_another(self):
        child = self.sleeper()
        libc = ctypes.CDLL(None)
        self.assertEqual(0, libc.ptrace(0x4206, child.pid, None, None))  # PTRACE_SEIZE
        self.refused(child.pid, "process %d traces it" % os.getpid(), "--verify")

    def test_a_file_tree_without_the_stub(self):
        where = self.rig.dir + "/jail"
        os.mkdir(where)
        child = self.rig.spawn(["sleep", "1000"], preexec_fn=None)
        shutil.copy(self.rig.stub, where + "/prog")
        jailed = self.rig.spawn(["/prog"], preexec_fn=lambda: os.chroot(where))
        wait_until(lambda: stat_of(jailed.pid)[0] == "prog")
        self.refused(jailed.pid, "does not see", "--verify")

    def test_32_bit_programs(self):
        # A program of a few bytes: mov $29,%eax (pause); int $0x80; jmp back
        code = b"\xb8\x1d\x00\x00\x00\xcd\x80\xeb\xf7"
        base = 0x08048000
        header = b"\x7fELF\x01\x01\x01" + b"\0" * 9 + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, base + 84, 52, 0, 0, 52, 32, 1, 0, 0, 0)
        segment = struct.pack("<IIIIIIII", 1, 0, base, base, 84 + len(code), 84 + len(code), 5, 4096)
        path = self.rig.dir + "/tiny32"
        with open(path, "wb") as f:
            f.write(header + segment + code)
        os.chmod(path, 0o755)
        try:
            child = self.rig.spawn([path])
        except OSError as e:
            self.skipTest("this kernel runs no 32-bit programs: %s" % e)
        self.refused(child.pid, "32-bit", "--verify")


if __name__ == "__main__":
    unittest.main()
