#!/usr/bin/env python3
"""libmig-exec.so: whoever executes a program must not be able to tell that it is there.

test_exec.py TOOLS   a folder with libmig-exec.so and mig-born; needs gcc, neither root nor an agent.
"""
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

TOOLS = os.path.abspath(sys.argv.pop(1))
HERE = os.path.dirname(os.path.abspath(__file__))
CALLS = ["execve", "execv", "execvp", "execvpe", "execl", "execlp", "execle", "noargs", "posix_spawn", "posix_spawnp", "posix_actions"]
LATER = 10**9
LOADED = 5  # what a busy machine may add to a goal of 20 microseconds


class Agent:
    """Answers that programs begin here, and counts who asks."""

    def __init__(self, folder):
        self.asked = []
        self.answer = b'{"ok":true,"start":"home","first":"","why":"test"}\n'
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(folder + "/control.sock")
        self.server.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.asked.append(connection.recv(4096))
            if self.answer is None:
                self.kept = connection
                continue
            with connection:
                connection.sendall(self.answer)

    def close(self):
        if self.server.fileno() >= 0:
            self.server.shutdown(socket.SHUT_RDWR)
            self.server.close()


class ExecTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.calls = tempfile.mkdtemp() + "/exec_calls"
        subprocess.check_call(["gcc", "-std=gnu17", "-O1", "-Wall", "-Wextra", "-Werror", "-o", cls.calls, HERE + "/exec_calls.c"])

    @classmethod
    def tearDownClass(cls):
        subprocess.call(["rm", "-rf", os.path.dirname(cls.calls)])

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.agent = Agent(self.folder)
        self.room = self.folder + "/room"
        self.programs = self.folder + "/bin"
        os.mkdir(self.programs)
        self.program("bare", b"echo no format\n")
        self.program("script", b"#!" + self.calls.encode() + b" of-script\nline\n")
        self.program("lost", b"#!/nowhere/at/all\n")
        self.program("empty", b"")
        self.program("closed", b"#!/bin/true\n", 0o644)
        self.program("suid", open(self.calls, "rb").read(), 0o4755)
        self.program("plain", open(self.calls, "rb").read())
        os.mkdir(self.programs + "/folder")
        self.program("wrong-loader", open(self.calls, "rb").read().replace(b"/lib64/ld-linux", b"/lib64/ld-nosuch"))

    def tearDown(self):
        self.agent.close()
        subprocess.call(["rm", "-rf", self.folder])

    def program(self, name, content, mode=0o755):
        with open(self.programs + "/" + name, "wb") as file:
            file.write(content)
        os.chmod(self.programs + "/" + name, mode)

    def word(self, mode, until=LATER, room=0, pid=0, running=0):
        with open(self.room, "w") as file:
            file.write("%d %d %d %d %d\n" % (mode, until * 1000, room, pid, running))

    def run_call(self, call, name, preload=True, how="fork", space=None, path=None):
        env = {"A": "1", "PATH": path or self.programs, "ODD": "x\ny", "MIG_MANAGED": "1",
               "MIG_BIRTHS": "%d:%s" % (space or os.stat("/proc/self/ns/pid").st_ino, self.room), "EMPTY": ""}
        if preload:
            env["LD_PRELOAD"] = TOOLS + "/libmig-exec.so"
        done = subprocess.run(["exec_calls", call, name, how], executable=self.calls, env=env, capture_output=True, cwd=self.programs,
                              timeout=30)
        return done.returncode, done.stdout.decode(errors="backslashreplace"), done.stderr

    def asks(self):
        asked, self.agent.asked[:] = len(self.agent.asked), []
        return asked

    def test_nothing_differs_whatever_is_executed(self):
        names = ["plain", "script", "missing", "closed", "folder", "empty", "lost", "bare", "suid", "wrong-loader", ""]
        for how in ("fork", "vfork"):
            for call in CALLS:
                for name in names:
                    for named in (name, self.programs + "/" + name, "./" + name):
                        self.word(0)
                        alone = self.run_call(call, named, preload=False, how=how)
                        for mode in (1, 2):
                            self.word(mode)
                            self.assertEqual(self.run_call(call, named, how=how), alone, (call, named, how, mode))
            names = ["plain", "missing"]
        self.assertGreater(self.asks(), 0)

    def test_agent_is_asked_once_when_there_is_no_room(self):
        self.word(2)
        for call in CALLS:
            for name in ("plain", "script"):
                relative = call in ("execvp", "execvpe", "execlp", "posix_spawnp")
                self.run_call(call, name if relative else self.programs + "/" + name)
                self.assertEqual(self.asks(), 0 if call == "noargs" else 1, (call, name))

    def test_nobody_is_asked_about_what_is_no_ordinary_program(self):
        self.word(2)
        for name in ("suid", "closed", "missing", "lost", "empty", "bare", "wrong-loader", "folder"):
            self.run_call("execve", self.programs + "/" + name)
            self.assertEqual(self.asks(), 0, name)

    def test_nobody_is_asked_when_word_says_room_is_old_or_is_none(self):
        plain = self.programs + "/plain"
        self.word(1, room=10**6)
        self.run_call("execve", plain)
        self.word(2, until=0)
        self.run_call("execve", plain)
        self.word(2)
        self.run_call("execve", plain, space=1)
        for text in ("", "x", "2", "2 99999999999999999999 0 0", "7 9999999999999 0 0 0", "-2 9999999999999 0 0 0", "\0" * 64):
            with open(self.room, "w") as file:
                file.write(text)
            self.run_call("execve", plain)
        os.unlink(self.room)
        self.run_call("execve", plain)
        self.assertEqual(self.asks(), 0)

    def test_new_programs_are_asked_about_when_more_run_than_fit(self):
        plain = self.programs + "/plain"
        self.word(1, running=10**6)
        self.run_call("execve", plain)
        self.assertEqual(self.asks(), 0)
        burner = subprocess.Popen(["sh", "-c", "while :; do :; done"])
        try:
            self.word(1, running=0)
            for _ in range(20):
                self.run_call("execve", plain)
            self.assertGreater(self.asks(), 10)
        finally:
            burner.kill()
            burner.wait()

    def test_program_begins_when_agent_is_silent_or_gone(self):
        self.word(0)
        alone = self.run_call("execve", self.programs + "/plain", preload=False)
        self.word(2)
        self.agent.answer = None
        begun = time.monotonic()
        self.assertEqual(self.run_call("execve", self.programs + "/plain"), alone)
        self.assertLess(time.monotonic() - begun, 15)
        self.agent.close()
        self.assertEqual(self.run_call("execve", self.programs + "/plain"), alone)

    def test_cost_with_room(self):
        def nanoseconds(preload, mode, room=10**8):
            self.word(mode, room=room, running=10**6)
            env = {"PATH": "/bin", "MIG_MANAGED": "1", "MIG_BIRTHS": "%d:%s" % (os.stat("/proc/self/ns/pid").st_ino, self.room)}
            env.update({"SETTING%d" % i: "some text" for i in range(40)})
            if preload:
                env["LD_PRELOAD"] = TOOLS + "/libmig-exec.so"
            return min(int(subprocess.check_output(["exec_calls", "cost", "/nowhere", "20000"], executable=self.calls, env=env))
                       for _ in range(3))

        without = nanoseconds(False, 0)
        idle, room, crowd = nanoseconds(True, 0), nanoseconds(True, 1), nanoseconds(True, 1, room=0)
        print("an execve(2) that fails: %d ns; below mig shell %d ns, with room %d ns, with room for what is new %d ns"
              % (without, idle, room, crowd))
        self.assertLess(room - without, 20000 * LOADED)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
