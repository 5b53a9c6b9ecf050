"""Jobs of real shells that move and hop with real deputies: what the user types, sees and gets as status."""

import hashlib
import re

from whole import *

TESTS = []


def test(function):
    TESTS.append(function)
    return function


class JobBody(WholeBody):
    def check(self):
        """No link complained on the way."""
        for link in self.links:
            said = self.agent.deputy(link).said
            assert not [text for type, text in said if type == STATE and "broken" in text], said


def ended(agent, link):
    return next((text for type, text in agent.deputy(link).said if type == ENDED), "")


class Terminal(Home):
    """Bash on a terminal while the agent goes on working."""

    def see(self, wanted, seconds=10):
        os.set_blocking(self.master, False)

        def found():
            try:
                self.text += os.read(self.master, 65536)
            except (BlockingIOError, OSError):
                pass
            # what readline says to the terminal about pasting
            self.text = re.sub(rb"\x1b\[\?2004(h|l\r)", b"", self.text)
            return re.search(wanted.encode(), self.text)

        try:
            self.agent.until(found, f"{wanted!r}", seconds)
        except AssertionError as e:
            raise AssertionError(f"{e} in {self.text!r}") from None
        match = found()
        before, self.text = self.text[:match.start()], self.text[match.end():]
        return before.decode(errors="replace")

    def run(self, command):
        self.type(command + "\n")
        self.see(re.escape(command) + "\r\n")
        return self.see(r"\$ $").replace("\r", "").strip()

    def start(self, command, name=None):
        self.type(command + "\n")
        self.see(re.escape(command) + "\r\n")
        root = self.job()[0]
        end = time.time() + 5
        while name and open(f"/proc/{root}/comm").read().strip() != name and time.time() < end:
            time.sleep(0.01)
        return root


def status(home, wanted):
    got = home.run("echo $?")
    assert got == str(wanted), f"status {got!r}, not {wanted}"


def terminal_body(agent, home, root):
    return JobBody(agent, root, [(1, root, "tty", "", "")], {1: 0}, (home.index, 1))


ECHO = ("import sys,os\nprint('ready',flush=True)\nfor l in sys.stdin: print('got',l.strip(),os.getpid(),os.getppid()==os.getsid(0),flush=True)\n"
        "print('over'); sys.exit(7)\n")


@test
def shouldLiveUnderABashThatNoticesNothing(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    with open(work + "/echo.py", "w") as f:
        f.write(ECHO)
    root = home.start("python3 echo.py", "python3")
    home.see("ready")
    body = terminal_body(agent, home, root)
    before = subprocess.check_output(["ps", "-o", "pid,ppid,sid,pgid,tty,comm,args", "-p", str(root)])
    for hop in range(4):
        body.move(foreground=True if hop == 0 else None)
        home.type("one\n")
        home.see(f"one\r\ngot one {root} True\r\n")
        home.type("\x1a")
        home.see(r"\[1\]\+  Stopped[^\n]*\n\$ $")
        status(home, 148)
        home.run("bg")
        home.type("echo still $((40+2))\n")
        home.see(r"still 42\r\n")
        # it reads in the background and is stopped for it, on the other node, and the shell says so
        agent.until(lambda: stat(root)["state"] == "T", "stop for terminal input")
        home.type("fg\n")
        home.see("fg\r\npython3 echo.py\r\n")
        home.type("two three\n")
        home.see(f"two three\r\ngot two three {root} True\r\n")
        assert before == subprocess.check_output(["ps", "-o", "pid,ppid,sid,pgid,tty,comm,args", "-p", str(root)])
    home.type("\x04")
    home.see(r"over\r\n\$ $")
    status(home, 7)
    body.check()


@test
def shouldDieOfCtrlC(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    root = home.start("sleep 1000", "sleep")
    body = terminal_body(agent, home, root)
    body.move(foreground=True)
    home.type("\x03")
    home.see(r"\^C\r\n\$ $")
    status(home, 130)
    agent.until(lambda: "event=empty" in body.capsule.events, "empty")


@test
def shouldStopAndContinueFromOutside(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    with open(work + "/tick.py", "w") as f:
        f.write("import time\nwhile 1: print('tick', flush=True); time.sleep(.05)\n")
    root = home.start("python3 tick.py", "python3")
    body = terminal_body(agent, home, root)
    body.move(foreground=True)
    home.see("tick")
    for _ in range(3):
        os.kill(root, signal.SIGSTOP)
        agent.ask(body.capsule, KILL, f"pid={root} signal=19\n")  # as the agent does when it sees the T
        home.see(r"Stopped")
        agent.idle(0.3)
        home.type("fg\n")
        home.see("fg\r\n")
        home.see("tick", 3)
        home.see("tick", 3)
    home.type("\x03")
    home.see(r"KeyboardInterrupt(?s:.*)\$ $")
    body.check()


@test
def shouldEditAndPageOnARawTerminal(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    with open(work + "/text", "w") as f:
        f.write("".join(f"line {i}\n" for i in range(500)))
    root = home.start("less text", "less")
    home.see("line 5")
    agent.idle(0.2)
    body = terminal_body(agent, home, root)
    for hop in range(3):
        body.move(foreground=True if hop == 0 else None)
        home.type("G")
        home.see("line 499")
        home.type("g")
        home.see("line 1")
    home.type("q")
    home.see(r"\$ $")
    status(home, 0)
    assert home.run("stty -a | grep -c ' icanon.* echo '") in ("0", "1")
    body.check()


@test
def shouldWorkAsTheMiddleOfAPipelineUnderLoad(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    subprocess.check_call(["sh", "-c", "seq 3000000 > numbers"], cwd=work)
    wanted = hashlib.sha256(open(work + "/numbers", "rb").read()).hexdigest()
    home.type("(sleep 1; cat numbers) | cat | sha256sum; echo ${PIPESTATUS[@]}\n")
    home.see("PIPESTATUS[^\n]*\n")
    agent.idle(0.4)
    root = next(j for j in home.job(3) if open(f"/proc/{j}/comm").read() == "cat\n")
    keys = [os.readlink(f"/proc/{root}/fd/{fd}") for fd in (0, 1)]
    streams = [(1, root, "pipe-in", "", keys[0]), (2, root, "pipe-out", "", keys[1]), (3, root, "tty", "", "")]
    body = JobBody(agent, root, streams, {1: 0, 2: 1, 3: 2}, (home.index, 3))
    body.move(foreground=True)
    for _ in range(4):
        agent.idle(0.4)
        if not ended(agent, root):
            body.move()
    assert wanted in home.see(r"0 0 0\r\n", 60)
    body.check()


@test
def shouldMoveATreeWithItsChildren(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    with open(work + "/tree.sh", "w") as f:
        f.write("sleep 1000 & sleep 1000 & echo up; wait; echo status $?; exit 9\n")
    root = home.start("sh tree.sh", "sh")
    home.see("up")
    agent.idle(0.2)
    body = terminal_body(agent, home, root)
    assert len(body.pids) == 3
    body.move(foreground=True)
    kids = [p for p in body.pids if p != root]
    os.kill(kids[0], signal.SIGTERM)
    agent.until(lambda: not alive(kids[0]), "end of the first child")
    body.dead.add(kids[0])
    os.kill(kids[1], signal.SIGUSR1)
    agent.until(lambda: not alive(kids[1]), "end of the second child")
    home.see(r"status 0\r\n\$ $")
    status(home, 9)
    body.check()


@test
def shouldReachNewbornsByCtrlCAndKeepWhatIgnoresIt(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    with open(work + "/born.sh", "w") as f:
        f.write("read a; sleep 1000 & sleep 1001; echo never\n")  # a shell script's background jobs ignore SIGINT
    root = home.start("sh born.sh", "sh")
    agent.idle(0.2)
    body = terminal_body(agent, home, root)
    body.move(foreground=True)
    home.type("go\n")
    agent.until(lambda: len(agent.processes(body.capsule)) >= 3, "newborns")
    home.type("\x03")
    home.see(r"\^C\r\n\$ $")
    status(home, 130)
    agent.until(lambda: len(agent.processes(body.capsule)) == 1, "one left")
    # its keeper is in the group at home
    os.kill(-root, signal.SIGTERM)
    agent.until(lambda: "event=empty" in body.capsule.events, "all gone", 5)
    keeper = int(ended(agent, root).split("keeper=")[1])
    agent.until(lambda: not alive(keeper), "the keeper's end")
    body.check()


@test
def shouldServeMakeWithItsJobServerAtHome(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    with open(work + "/Makefile", "w") as f:
        f.write("all: inner other\n"
                "inner:\n\t+@$(MAKE) -s -f inner.mk\n"
                "other:\n\t@for i in 1 2 3 4 5 6 7 8; do sleep 0.25; done; echo other done\n")
    with open(work + "/inner.mk", "w") as f:
        targets = " ".join(f"t{i}" for i in range(12))
        f.write(f"all: {targets}\n{targets}:\n\t@sleep 0.2; echo $@ done\n")
    home.type("make -s -j3; echo status $?\n")
    home.see(r"t0 done|t1 done")
    top = home.job()[0]
    root = next(p for p in children(top) if "inner.mk" in open(f"/proc/{p}/cmdline").read())
    streams, fds, seen = [(9, root, "tty", "", "")], {9: 2}, {}
    for fd in sorted(map(int, os.listdir(f"/proc/{root}/fd"))):
        target = os.readlink(f"/proc/{root}/fd/{fd}")
        flags = int(re.search(r"flags:\s*(\d+)", open(f"/proc/{root}/fdinfo/{fd}").read()).group(1), 8)
        if target.startswith("pipe:"):
            ident = len(streams) + 10
            streams.append((ident, root, "pipe-out" if flags & 1 else "pipe-in", "" if flags & 1 else "demand", target))
            fds[ident] = fd
            seen[target] = fd
    leaf, origin = agent.leaf("make"), WholeBody(agent, root, [], {}).origin
    # freeze make together with the recipes it runs just now
    for _ in range(100):
        for p in tree(root):
            try:
                leaf.add(p)
            except ProcessLookupError:
                pass  # a recipe that has just ended
        leaf.freeze()
        if all(p in leaf.pids() for p in tree(root)):
            break
        leaf.freeze(False)
    body = JobBody(agent, root, streams, fds, (home.index, 9))
    body.frozen_leaf = leaf
    body.origin = origin
    body.move(foreground=True)
    text = home.see(r"status 0\r\n", 30)
    for i in range(12):
        assert f"t{i} done" in text or i < 3, text
    body.check()


@test
def shouldRunAPythonPrompt(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    root = home.start("python3 -q", "python3")
    home.see(">>> ")
    agent.idle(0.2)
    body = terminal_body(agent, home, root)
    for hop in range(3):
        body.move(foreground=True if hop == 0 else None)
        home.type("prunt\x01\x06\x06\x04i\x05(6*7)\r")
        home.see(r"42\r\n")
        home.see(">>> ")
    home.type("import time; time.sleep(1000)\r")
    agent.idle(0.2)
    home.type("\x03")
    home.see("KeyboardInterrupt(?s:.*)>>> ")
    home.type("\x04")
    home.see(r"\$ $")
    status(home, 130)  # what python says after it was interrupted
    body.check()


@test
def shouldEditWithVim(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    home.run("stty rows 24 cols 80")
    root = home.start("vim -u NONE -n text", "vim")
    home.see("All|New")
    agent.idle(0.3)
    body = terminal_body(agent, home, root)
    for hop in range(3):
        body.move(foreground=True if hop == 0 else None)
        home.type(f"oword{hop}\x1b")
        home.see(f"word{hop}")
    home.type("\x1a")
    home.see("Stopped")
    home.see(r"\$ $")
    home.type("fg\n")
    home.see("word2")
    home.type(":wq\r")
    home.see(r"\$ $")
    status(home, 0)
    assert open(work + "/text").read().split() == ["word0", "word1", "word2"]
    body.check()


@test
def shouldFollowTheWindowSize(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    with open(work + "/size.py", "w") as f:
        f.write("import os,signal,time\nsignal.signal(signal.SIGWINCH, lambda *_: print('size', *os.get_terminal_size(), flush=True))\n"
                "print('up', flush=True)\nwhile 1: time.sleep(1)\n")
    root = home.start("python3 size.py", "python3")
    home.see("up")
    body = terminal_body(agent, home, root)
    body.move(foreground=True)
    for cols in (70, 90, 110):
        fcntl.ioctl(home.master, termios.TIOCSWINSZ, struct.pack("HHHH", 30, cols, 0, 0))
        home.see(f"size {cols} 30\r\n")
    home.type("\x1c")
    home.see(r"Quit(?s:.*)\$ $")
    status(home, 131)
    body.check()


@test
def shouldWorkUnderOtherShells(agent, work):
    with open(work + "/echo.py", "w") as f:
        f.write(ECHO)
    for shell, argv, stopped in (("dash", ["-i"], r"Stopped"), ("zsh", ["-f", "-i"], r"suspended")):
        path = shutil.which(shell)
        if path is None:
            print(f"        (no {shell} here)")
            continue
        home = Terminal(agent, (path, *argv), cwd=work)
        home.see(r"\$ ")
        home.type("python3 echo.py\n")
        home.see("ready")
        root = home.job()[0]
        body = terminal_body(agent, home, root)
        body.move(foreground=True)
        home.type("one\n")
        home.see(f"got one {root} True\r\n")
        home.type("\x1a")
        home.see(stopped)
        body.stopped = f"{root}:{signal.SIGTSTP}"
        body.move()
        body.stopped = ""
        home.type("fg\n")
        home.see("fg\r\n[^\\n]*python3 echo.py\r\n")
        agent.idle(0.3)
        home.type("two\n")
        home.see(f"got two {root} True\r\n")
        home.type("\x04")
        home.see("over")
        home.type("echo status $?\n")
        home.see(r"status 7\r\n")
        body.check()


@test
def shouldStayTheSameAfterManyHops(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    with open(work + "/echo.py", "w") as f:
        f.write(ECHO)
    root = home.start("python3 echo.py", "python3")
    home.see("ready")
    body = terminal_body(agent, home, root)
    for hop in range(int(os.environ.get("MIG_HOPS", 15))):
        body.move(foreground=True if hop == 0 else None)
        home.type(f"hop {hop}\n")
        home.see(f"got hop {hop} {root} True\r\n")
        if hop == 1:
            fds = len(os.listdir(f"/proc/{root}/fd"))
            rss = int(re.search(r"VmRSS:\s*(\d+)", open(f"/proc/{root}/status").read()).group(1))
    assert len(os.listdir(f"/proc/{root}/fd")) == fds
    assert int(re.search(r"VmRSS:\s*(\d+)", open(f"/proc/{root}/status").read()).group(1)) <= rss + 16
    home.type("\x04")
    home.see(r"over\r\n\$ $")
    status(home, 7)
    body.check()


@test
def shouldGiveTypedAheadToTheShell(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    root = home.start("sleep 1.5", "sleep")
    body = terminal_body(agent, home, root)
    body.move(foreground=True)
    home.type("echo $((6*7))\n")
    home.see(r"\r\n42\r\n")
    body.check()


@test
def shouldReachNewbornsByASignalToTheGroup(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    with open(work + "/born.sh", "w") as f:
        f.write("read a; sleep 1000 & sleep 1000; echo never\n")
    root = home.start("sh born.sh", "sh")
    agent.idle(0.2)
    body = terminal_body(agent, home, root)
    body.move(foreground=True)
    home.type("go\n")
    agent.until(lambda: len(agent.processes(body.capsule)) >= 3, "newborns")
    agent.until(lambda: children(root), "sentinel")
    os.kill(-root, signal.SIGTERM)
    home.see(r"Terminated")
    agent.until(lambda: "event=empty" in body.capsule.events, "all gone", 5)
    body.check()


@test
def shouldSurviveAgentsThatDie(agent, work):
    home = Terminal(agent, cwd=work)
    home.see(r"\$ ")
    with open(work + "/echo.py", "w") as f:
        f.write(ECHO)
    root = home.start("python3 echo.py", "python3")
    home.see("ready")
    body = terminal_body(agent, home, root)
    body.move(foreground=True)
    for i in range(3):
        agent.crash()
        home.type(f"line {i}\n")
        time.sleep(0.2)
        agent.restart()
        home.see(f"got line {i} ")
    home.type("\x04")
    home.see(r"over\r\n\$ $")
    status(home, 7)
    body.check()


if __name__ == "__main__":
    run(TESTS, lambda tools: HomeAgent(tools, "jobtest"))
