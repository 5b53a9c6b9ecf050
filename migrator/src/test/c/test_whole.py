"""Programs of a real bash on a real pty, moved with real deputies at home: what the user types and sees."""

import fcntl
import os
import shutil
import signal
import struct
import termios
import time

from whole import *

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def drain(agent, home):
    """The terminal's text so far; keeps the routes going."""
    os.set_blocking(home.master, False)
    try:
        while True:
            home.text += os.read(home.master, 65536)
    except BlockingIOError:
        pass
    return home.text


def see(agent, home, wanted, seconds=10):
    wanted = wanted.encode()
    agent.until(lambda: wanted in drain(agent, home), f"{wanted} on the terminal", seconds) if wanted not in home.text else None
    at = home.text.index(wanted) + len(wanted)
    text, home.text = home.text[:at], home.text[at:]
    return text


def start(agent, work, command, ready=None, count=1):
    home = Home(agent, cwd=work)
    home.read("$ ")
    home.type(command + "\n")
    root = home.job(count)[0]
    if ready:
        home.read(ready)
    else:
        time.sleep(0.3)
    home.text = b""
    return home, root


def tty_body(agent, home, root, fd=0):
    return WholeBody(agent, root, [(1, root, "tty", "", "")], {1: fd}, (home.index, 1))


@test
def shouldLookUnmovedToAUserOfPython(agent, work):
    home, root = start(agent, work, "python3 -q", ">>> ")
    body = tty_body(agent, home, root)
    for hop in range(3):
        body.move(foreground=True)
        agent.idle(0.1)
        home.type(f"import os; prin\x7fnt(6*7, os.getpid(), {hop})\r")
        text = see(agent, home, f"42 {root} {hop}\r\n")
        assert b"\r\r\n" not in text
        see(agent, home, ">>> ")
    # Ctrl-C reaches it as it would at home
    home.type("while 1: pass\r\r")
    agent.idle(0.3)
    home.type("\x03")
    see(agent, home, "KeyboardInterrupt")
    see(agent, home, ">>> ")
    # Ctrl-Z, bash says so; the shell has its line editor back; fg
    home.type("import time; time.sleep(1.5); print('over')\r")
    agent.idle(0.3)
    home.type("\x1a")
    see(agent, home, "Stopped")
    see(agent, home, "$ ")
    home.type("echo at$((1+1))home\r")
    see(agent, home, "at2home")
    assert stat(root)["state"] == "T"
    home.type("fg\r")
    see(agent, home, "over")
    see(agent, home, ">>> ")
    home.type("exit(9)\r")
    see(agent, home, "$ ")
    home.type("echo status $?\r")
    see(agent, home, "status 9")
    assert not os.path.exists(f"/proc/{root}")


@test
def shouldLookUnmovedToAUserOfLess(agent, work):
    with open(work + "/text", "w") as f:
        f.write("".join(f"line {i}\n" for i in range(500)))
    home, root = start(agent, work, "less text", "line 5")
    body = tty_body(agent, home, root)
    body.move(foreground=True)
    fcntl.ioctl(home.master, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 50, 0, 0))
    agent.idle(0.4)
    home.text = b""
    home.type("G")
    text = see(agent, home, "line 499")
    assert b"line 489" in text and b"line 480" not in text, text  # 12 rows, not 24
    body.move()
    home.type("\x1a")
    see(agent, home, "Stopped")
    home.type("fg\r")
    see(agent, home, "line 499")
    home.type("q")
    see(agent, home, "$ ")
    home.type("stty -a | head -c 300; echo\r")
    text = see(agent, home, "rows 12")
    home.type("stty -a; echo done\r")
    text = see(agent, home, "done\r\n")
    text = see(agent, home, "done\r\n") if b"icanon" not in text else text
    assert b"-extproc" in text or b"extproc" not in text, text


@test
def shouldLookUnmovedToAUserOfVim(agent, work):
    if not shutil.which("vim"):
        print("SKIPPED: there is no vim")
        return
    home, root = start(agent, work, "vim -u NONE -N text", "~")
    agent.idle(0.5)
    body = tty_body(agent, home, root)
    body.move(foreground=True)
    home.type("ihello from")
    see(agent, home, "hello from")
    body.move()
    home.type(" afar\x1b:w\r")
    see(agent, home, "written")
    assert open(work + "/text").read() == "hello from afar\n"
    body.move()
    home.type("\x1a")
    see(agent, home, "Stopped")
    home.type("fg\r")
    see(agent, home, "hello from afar")
    home.type(":q\r")
    see(agent, home, "$ ")
    home.type("echo status $?\r")
    see(agent, home, "status 0")


@test
def shouldLookUnmovedToAUserOfTop(agent, work):
    if not shutil.which("top"):
        print("SKIPPED: there is no top")
        return
    home, root = start(agent, work, "top -d 0.5", "load average")
    body = tty_body(agent, home, root)
    body.move(foreground=True)
    see(agent, home, "load average")
    home.type("h")
    see(agent, home, "Help for Interactive Commands")
    home.type("q")
    see(agent, home, "load average")
    home.type("q")
    see(agent, home, "$ ")
    home.type("echo status $?\r")
    see(agent, home, "status 0")


@test
def shouldControlJobsOfAShellInTheCapsule(agent, work):
    home, root = start(agent, work, "bash --norc --noprofile -i")
    agent.idle(0.3)
    body = tty_body(agent, home, root)
    body.move(foreground=True)
    home.type("echo in $$ $(tty)\r")
    see(agent, home, f"in {root} {home.name}")
    for hop in range(2):
        home.type("sleep 1000\r")
        agent.idle(0.4)
        home.type("\x03")  # for the job of the inner shell
        home.type("echo status $?\r")
        see(agent, home, "status 130")
        home.type("sleep 0.7\r")
        agent.idle(0.3)
        home.type("\x1a")
        see(agent, home, "Stopped")
        assert stat(root)["state"] != "T", "the inner shell itself was stopped"
        home.type("fg; echo status $?\r")
        see(agent, home, "status 0")
        if hop == 0:
            body.pids = [root]
            body.move()
    home.type("exit 5\r")
    home.type("echo outer $?\r")
    see(agent, home, "outer 5")


@test
def shouldNotHangUpOnAChildThatOutlivesTheBody(agent, work):
    home, root = start(agent, work, "sh -c 'sleep 0.7; (sleep 0.7; touch survived) </dev/null >/dev/null 2>&1 & exit 3'")
    body = tty_body(agent, home, root, 1)
    body.move(foreground=True)
    see(agent, home, "$ ")
    home.type("echo status $?\r")
    see(agent, home, "status 3")
    agent.until(lambda: os.path.exists(work + "/survived"), "the child's work")
    agent.until(lambda: "event=empty" in body.capsule.events, "empty")


@test
def shouldDieWithTheSameSignal(agent, work):
    home, root = start(agent, work, "sleep 1000")
    body = tty_body(agent, home, root)
    body.move(foreground=True)
    agent.idle(0.1)
    home.type("\x03")
    see(agent, home, "$ ")
    home.type("echo status $?\r")
    see(agent, home, "status 130")


@test
def shouldReadTheTerminalInTheForegroundOnly(agent, work):
    home, root = start(agent, work, "cat &", "[1]")
    agent.idle(0.2)
    assert stat(root)["state"] == "T"
    home.type("fg\r")
    home.read("cat")
    home.type("a\r")
    home.read("a\r\na\r\n")
    body = tty_body(agent, home, root)
    body.move(foreground=True)
    home.type("b\r")
    see(agent, home, "b\r\nb\r\n")
    home.type("\x1a")
    see(agent, home, "Stopped")
    home.type("bg\r")
    see(agent, home, "cat &")
    home.type("echo x\r")
    see(agent, home, "x\r\n")
    agent.until(lambda: stat(root)["state"] == "T", "stopped for input in the background")
    home.type("fg\r")
    agent.idle(0.3)
    home.type("c\r")
    see(agent, home, "c\r\nc\r\n")
    home.type("\x04")
    see(agent, home, "$ ")
    home.type("echo status $?\r")
    see(agent, home, "status 0")


@test
def shouldGiveTypeAheadToTheShell(agent, work):
    home, root = start(agent, work, "sleep 1.2")
    body = tty_body(agent, home, root)
    body.move(foreground=True)
    home.type("echo type$((1+1))ahead\r")
    see(agent, home, "type2ahead\r\n")


def wait_exit(agent, pid, seconds=10):
    agent.until(lambda: not alive(pid), f"end of {pid}", seconds)


@test
def shouldKeepAPipelineGoingWhenItsMiddleMoves(agent, work):
    home, _ = start(agent, work, "(for i in $(seq 30000); do echo $i; done; sleep 1; seq 30001 60000) | sort -n | sha256sum; echo ${PIPESTATUS[*]}", count=2)
    jobs = {open(f"/proc/{p}/comm").read().strip(): p for p in home.job(2)}
    root = jobs["sort"]
    ino = [os.stat(f"/proc/{root}/fd/{fd}").st_ino for fd in (0, 1)]
    body = WholeBody(agent, root, [(1, root, "pipe-in", "", f"pipe:[{ino[0]}]"), (2, root, "pipe-out", "", f"pipe:[{ino[1]}]"),
                                   (3, root, "tty", "", "")], {1: 0, 2: 1, 3: 2}, (home.index, 3))
    body.move(foreground=True)
    agent.idle(0.1)
    body.move()
    import hashlib
    text = "".join(f"{i}\n" for i in range(1, 60001))
    see(agent, home, hashlib.sha256(text.encode()).hexdigest(), 20)
    see(agent, home, "0 0 0")


@test
def shouldMoveATreeWithADeputyForEach(agent, work):
    home, root = start(agent, work, "sh -c 'sleep 1000; echo after $?; (sleep 0.1; exit 4); exit $?'")
    body = tty_body(agent, home, root)
    assert len(body.pids) == 2
    body.move(foreground=True)
    agent.idle(0.1)
    body.move()
    kid = [p for p in body.pids if p != root][0]
    assert stat(kid)["ppid"] == root and stat(kid)["state"] in "SR"
    os.kill(kid, signal.SIGTERM)
    see(agent, home, "after 143")
    see(agent, home, "$ ")
    home.type("echo status $?\r")
    see(agent, home, "status 4")


@test
def shouldSurviveCrashesOfTheAgentAtTheTerminal(agent, work):
    home, root = start(agent, work, "python3 -q", ">>> ")
    body = tty_body(agent, home, root)
    body.move(foreground=True)
    for i in range(3):
        home.type(f"print('answer', {i}+100)\r")
        agent.idle(0.01 * i)
        agent.crash()
        time.sleep(0.2)
        agent.restart()
        see(agent, home, f"answer {i + 100}\r\n")
        see(agent, home, ">>> ")
    home.type("exit()\r")
    agent.crash()
    time.sleep(0.3)
    agent.restart()
    see(agent, home, "$ ")


@test
def shouldEndWithTheTerminal(agent, work):
    home, root = start(agent, work, "python3 -c 'import signal,os,time\ndef h(s,f): open(\"hup\",\"a\").write(\"x\"); os._exit(0)\nsignal.signal(1,h)\nwhile 1: time.sleep(1)'")
    body = tty_body(agent, home, root)
    body.move(foreground=True)
    agent.idle(0.2)
    os.close(home.master)
    wait_exit(agent, root)
    assert open(work + "/hup").read() == "x"
    agent.until(lambda: "event=empty" in body.capsule.events, "empty")


if __name__ == "__main__":
    run(TESTS, lambda tools: HomeAgent(tools, "wholetest"))
