"""Moves real processes between capsules on one machine. Needs root, criu >= 4.2 and a cgroup v2 freezer."""

import os
import re
import signal
import struct
import subprocess
import time

from harness import *

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def ended(deputy, expected):
    assert deputy.exit_status() == expected, f"ended with {deputy.exit_status()}, not {expected}"


def tty_index(home):
    return (home.index, 1)


@test
def shouldKeepIdentityAndTerminalWhenAJobOfABashMoves(agent, work):
    home = Home(agent, cwd=work)
    home.read("$ ")
    script = work + "/job.py"
    with open(script, "w") as f:
        f.write("import os,sys\nfor line in sys.stdin:\n"
                "  print(os.getpid(), os.getppid(), os.getsid(0), os.getpgrp(), os.ttyname(0), os.uname()[1], line.strip(), flush=True)\n"
                "print('end of input'); sys.exit(7)\n")
    home.type(f"python3 {script}\n")
    root = home.job()[0]
    time.sleep(0.3)
    body = Body(agent, root, [(1, root, "tty", "", "")], tty_index(home))
    facts = stat(root)
    body.move(foreground=True)
    d = body.deputy
    expected = f"{root} {home.pid} {home.pid} {facts['pgid']} {home.name} homehost"
    d.write(1, b"one\n")
    agent.until(lambda: f"{expected} one\n".encode() in d.output.get(1, b""), "answer with the identity of home")
    assert b"\r" not in d.output[1], "carriage returns have to be left to the home terminal"
    body.move()
    # two lines at once: a canonical reader still gets one at a time
    d.write(1, b"two\nthree\n")
    agent.until(lambda: f"{expected} two\n{expected} three\n".encode() in d.output.get(1, b""), "answer after the second hop")
    assert d.lflag() is None or d.lflag() & termios.ICANON
    d.write(1, b"\4")
    agent.until(lambda: d.exit_status(), "end")
    ended(d, (7 << 8, 0))
    assert d.output[1].endswith(b"end of input\n")
    agent.until(lambda: "event=empty" in body.capsule.events, "empty")
    home.type("\n")


@test
def shouldDieOfCtrlCWhenTheKernelOfHomeSendsIt(agent, work):
    home = Home(agent, cwd=work)
    home.read("$ ")
    home.type("sleep 1000\n")
    root = home.job()[0]
    time.sleep(0.1)
    body = Body(agent, root, [(1, root, "tty", "", "")], tty_index(home))
    body.move(foreground=True)
    body.deputy.signal(signal.SIGINT, code=SI_KERNEL, group=1)
    agent.until(lambda: body.deputy.exit_status(), "end")
    ended(body.deputy, (signal.SIGINT, 0))


@test
def shouldStopAndContinueWhenJobControlAsks(agent, work):
    home = Home(agent, cwd=work)
    home.read("$ ")
    home.type("cat\n")
    root = home.job()[0]
    time.sleep(0.1)
    body = Body(agent, root, [(1, root, "tty", "", "")], tty_index(home))
    body.move(foreground=True)
    d = body.deputy
    d.write(1, b"x\n")
    agent.until(lambda: d.output.get(1) == b"x\n", "echo by cat")
    d.signal(signal.SIGTSTP, code=SI_KERNEL, group=1)
    agent.until(lambda: d.has(STOPPED), "stop")
    assert struct.unpack("<iI", d.has(STOPPED)[0])[0] == signal.SIGTSTP
    d.post(TTY_FG, struct.pack("<HB", 1, 0))
    for stops in (2, 3):
        # cat reads in the background: the kernel of the capsule stops it, each time anew
        d.signal(signal.SIGCONT)
        agent.until(lambda: len(d.has(STOPPED)) == stops, "stop for terminal input")
        assert struct.unpack("<iI", d.has(STOPPED)[-1])[0] == signal.SIGTTIN
    # criu cannot dump what SIGTTIN stopped
    d.post(TTY_FG, struct.pack("<HB", 1, 1))
    d.signal(signal.SIGCONT)
    d.signal(signal.SIGTSTP, code=SI_KERNEL, group=1)
    agent.until(lambda: len(d.has(STOPPED)) == 4, "stop")
    continued = len(d.has(CONTINUED))
    body.stopped = f"{root}:{signal.SIGTSTP}"
    body.move()
    d.post(TTY_FG, struct.pack("<HB", 1, 1))
    d.signal(signal.SIGCONT)
    agent.until(lambda: len(d.has(CONTINUED)) > continued, "continue in the foreground")
    assert len(d.has(STOPPED)) == 4, "the stop was told again after the hop"
    d.write(1, b"y\n")
    agent.until(lambda: d.output.get(1) == b"x\ny\n", "echo again")
    d.signal(signal.SIGTERM, pid=os.getpid())
    agent.until(lambda: d.exit_status(), "end")
    ended(d, (signal.SIGTERM, 0))


def numbered(count):
    return b"".join(b"%d\n" % i for i in range(count))


def stat_is_pipe(fd):
    return os.readlink(f"/proc/self/fd/{fd}").startswith("pipe:")


def pipe_job(agent, argv, work, stdin=None):
    """A process with pipes for stdin and stdout whose other ends stay here."""
    stdin, stdout = (os.pipe() if stdin is None else (stdin, os.dup(stdin))), os.pipe()
    for fd in (stdin[0], stdout[1]):
        os.set_inheritable(fd, True)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        child = os.fork()
        if child:
            os.write(stdout[1], b"%d\n" % child)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)
        os.dup2(stdin[0], 0)
        os.dup2(stdout[1], 1)
        os.dup2(os.open("/dev/null", os.O_RDWR), 2)
        os.closerange(3, 300)
        os.chdir(work)
        os.execvp(argv[0], argv)
    if stat_is_pipe(stdin[0]):
        os.close(stdin[0])
    os.close(stdout[1])
    agent.children.append(pid)
    root = int(os.read(stdout[0], 100))
    time.sleep(0.3)
    ino = [os.fstat(f).st_ino for f in (stdin[1], stdout[0])]
    streams = [(1, root, "pipe-in", "", f"pipe:[{ino[0]}]"), (2, root, "pipe-out", "", f"pipe:[{ino[1]}]")]
    return root, streams, stdin[1], stdout[0]


@test
def shouldLoseAndDoubleNothingWhenPipesHopUnderLoad(agent, work):
    root, streams, _, _ = pipe_job(agent, ["cat"], work)
    body = Body(agent, root, streams)
    body.move()
    d = body.deputy
    data = numbered(400000)
    slice = len(data) // 5 + 1
    for hop in range(5):
        d.consume = hop % 2 == 0  # else home reads slowly: windows are exhausted, pipes full
        d.write(1, data[hop * slice:(hop + 1) * slice])
        agent.idle(0.02 if hop % 2 == 0 else 0.3)
        body.move()
        d.consume_all()
    d.eof(1)
    agent.until(lambda: d.exit_status(), "end", 30)
    assert d.output[2] == data, "bytes were lost or doubled"
    ended(d, (0, 0))
    assert (EOF, b"\2\0") in d.seen


@test
def shouldHoldTheWriterBackWhenHomeDoesNotRead(agent, work):
    root, streams, _, _ = pipe_job(agent, ["sh", "-c", "yes | head -c 3000000"], work)
    body = Body(agent, root, [streams[1]], links=[root])
    body.keys = {2: streams[1][4]}
    d = body.deputy
    d.consume = False
    body.move()
    agent.idle(0.6)
    taken = len(d.output[2])
    assert taken <= WINDOW, taken
    body.move()
    agent.idle(0.3)
    assert len(d.output[2]) <= WINDOW
    d.consume_all()
    agent.until(lambda: d.exit_status(), "end", 20)
    total = len(d.output[2]) + 65536  # the home pipe was filled before the first move
    assert 3000000 - 131072 <= total <= 3000000 + 131072, total


@test
def shouldGetSigpipeWhenTheHomeReaderIsGone(agent, work):
    root, streams, _, out = pipe_job(agent, ["python3", "-c", "import time,sys\nwhile True:\n print('x',flush=True); time.sleep(.02)"], work)
    body = Body(agent, root, [streams[1]])
    body.move()
    d = body.deputy
    agent.until(lambda: len(d.output.get(2, b"")) > 4, "output")
    d.closed(2)
    agent.until(lambda: d.exit_status(), "end")
    assert d.exit_status()[0] in (signal.SIGPIPE, 1 << 8, 120 << 8), d.exit_status()


@test
def shouldTellHomeWhenTheGuestClosesItsInput(agent, work):
    root, streams, _, _ = pipe_job(agent, ["sh", "-c", "read a; exec 0<&-; echo $a; sleep 1000"], work)
    body = Body(agent, root, streams)
    body.move()
    d = body.deputy
    d.write(1, b"line\n")
    agent.until(lambda: (CLOSED, b"\1\0") in d.seen, "CLOSED")
    agent.until(lambda: d.output.get(2) == b"line\n", "output")
    agent.ask(body.capsule, KILL, f"pid={root} signal=9 tree\n")
    agent.until(lambda: d.exit_status(), "end")
    assert d.exit_status()[0] == 9, d.exit_status()  # its child may need a moment longer to die


@test
def shouldKeepBytesAndEndOfInputWhenTheyAreUnreadAtTheHop(agent, work):
    root, streams, _, _ = pipe_job(agent, ["sh", "-c", "while [ ! -e go ]; do sleep 0.05; done; cat"], work)
    body = Body(agent, root, streams, links=[root])
    move_quietly(body)
    d = body.deputy
    data = numbered(6000)  # fits into the pipe
    d.write(1, data)
    d.eof(1)
    agent.idle(0.2)
    move_quietly(body)
    move_quietly(body)
    open(work + "/go", "w").close()
    agent.until(lambda: d.exit_status(), "end")
    assert d.output[2] == data


def move_quietly(body):
    """A shell that runs short commands: freeze it together with what it runs just then."""
    if body.capsule is None:
        leaf = body.agent.leaf("quiet")
        leaf.add(body.root)
        end = time.time() + 5
        while True:
            leaf.freeze_for_dump()
            if tree(body.root) == [body.root] or all(p in leaf.pids() for p in tree(body.root)):
                break
            leaf.freeze(False)
            assert time.time() < end
        body.frozen_leaf = leaf
        body.pids = tree(body.root)
        body.tids = sorted({t for p in body.pids for t in threads(p)})
    body.move()


@test
def shouldServeADescriptorSharedWithHomeOnlyOnDemand(agent, work):
    root, streams, _, _ = pipe_job(agent, ["python3", "-u", "-c",
                                           "import os,sys,select\n"
                                           "while True:\n"
                                           "  select.select([0],[],[])\n"
                                           "  b=os.read(0,1)\n"
                                           "  if b==b'q': sys.exit(3)\n"
                                           "  if b==b'r': b+=os.read(0,5)\n"
                                           "  os.write(1,b)\n"], work)
    streams[0] = streams[0][:3] + ("demand", streams[0][4])
    body = Body(agent, root, streams)
    body.move()
    d = body.deputy
    d.write(1, b"ar12345bq")
    agent.until(lambda: d.exit_status(), "end")
    assert d.output[2] == b"ar12345b", d.output
    assert d.granted[1] == len(b"ar12345bq"), "granted more than was asked for"
    assert d.exit_status()[0] == 3 << 8


@test
def shouldMoveATreeWithThreadsAndGroups(agent, work):
    script = work + "/tree.py"
    with open(script, "w") as f:
        f.write("import os,sys,threading,time,signal\n"
                "def spin():\n  while True: time.sleep(.05)\n"
                "for i in range(3): threading.Thread(target=spin,daemon=True).start()\n"
                "kids=[]\n"
                "for i in range(2):\n"
                "  p=os.fork()\n"
                "  if p==0:\n"
                "    if i==1: os.setpgid(0,0)\n"
                "    signal.signal(signal.SIGUSR1, lambda s,f: os._exit(40+i))\n"
                "    while True: time.sleep(1)\n"
                "  kids.append(p)\n"
                "print('kids',*kids,flush=True)\n"
                "r=[os.waitstatus_to_exitcode(os.waitpid(k,0)[1]) for k in kids]\n"
                "print('status',*r, os.getpgrp(), threading.active_count(), flush=True); sys.exit(5)\n")
    root, streams, _, out = pipe_job(agent, ["python3", script], work)
    assert os.read(out, 100).startswith(b"kids")
    body = Body(agent, root, [streams[1]])
    assert len(body.pids) == 3 and len(body.tids) > 5
    kids = [p for p in body.pids if p != root]
    body.move()
    body.move()
    assert set(agent.processes(body.capsule)) == set(body.pids)
    assert all(p["home"] == 1 for p in agent.processes(body.capsule).values())
    for kid in kids:
        agent.deputy(kid).signal(signal.SIGUSR1, pid=1)
    agent.until(lambda: body.deputy.exit_status(), "end of the root")
    ended(body.deputy, (5 << 8, 0))
    pgid = body.pgid
    assert sorted(body.deputy.output[2].split()) == sorted((b"status 40 41 %d 4\n" % pgid).split())
    for kid in kids:
        agent.until(lambda: agent.deputy(kid).exit_status(), "end of a child")
    assert sorted(agent.deputy(k).exit_status()[0] >> 8 for k in kids) == [40, 41]


@test
def shouldKeepItsGroupWhenTheLeaderStaysAtHome(agent, work):
    home = Home(agent, cwd=work)
    home.read("$ ")
    home.type("sleep 1000 | python3 -c 'import os,sys;sys.stdin.close()\nfor l in open(2): print(os.getpgrp(),os.getppid(),os.getsid(0),flush=True)'\n")
    jobs = home.job(2)
    root = next(j for j in jobs if stat(j)["pgid"] != j)
    time.sleep(0.4)
    facts = stat(root)
    body = Body(agent, root, [(1, root, "tty", "", "")], tty_index(home))
    body.move(foreground=True)
    body.move()
    d = body.deputy
    d.write(1, b"?\n")
    expected = f"{facts['pgid']} {home.pid} {home.pid}\n".encode()
    agent.until(lambda: expected in d.output.get(1, b""), f"group {expected}")
    d.signal(signal.SIGHUP)
    agent.until(lambda: d.exit_status(), "end")


@test
def shouldKeepItsParentWhenTheParentIsNoSessionLeader(agent, work):
    home = Home(agent, cwd=work)
    home.read("$ ")
    home.type("sh -c 'python3 -uc \"import os,time\nwhile True: print(os.getpid(),os.getppid(),os.getsid(0),os.getpgrp()); time.sleep(.1)\"; echo over'\n")
    parent = home.job()[0]
    end = time.time() + 5
    while not children(parent) and time.time() < end:
        time.sleep(0.02)
    root = children(parent)[0]
    time.sleep(0.4)
    facts = stat(root)
    assert facts["pgid"] == parent
    body = Body(agent, root, [(1, root, "tty", "", "")], tty_index(home))
    body.move(foreground=True)
    body.move()
    d = body.deputy
    expected = f"{root} {parent} {home.pid} {parent}\n".encode()
    d.output.clear()
    agent.until(lambda: expected in d.output.get(1, b""), f"ids {expected}")
    # its group is no orphan here either: Ctrl-Z works
    d.signal(signal.SIGTSTP, code=SI_KERNEL, group=1)
    agent.until(lambda: d.has(STOPPED), "stop")
    agent.ask(body.capsule, KILL, f"pid={root} signal=9\n")
    agent.until(lambda: d.exit_status(), "end")
    ended(d, (9, 0))


def daemon(work, leads):
    """A process whose parent has ended, writing down its ids all the time."""
    log = work + "/log"
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        if leads:
            os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.closerange(3, 300)
        os.chdir("/")
        with open(work + "/pid", "w") as f:
            f.write(str(os.getpid()))
        os.execvp("python3", ["python3", "-c", f"import os,time\nwhile True:\n f=open('{log}','a'); print(os.getpid(),os.getppid(),os.getsid(0),os.getpgrp(),file=f); f.close(); time.sleep(.05)"])
    os.waitpid(pid, 0)
    time.sleep(0.5)
    return int(open(work + "/pid").read()), log


def check_daemon(agent, body, log):
    body.move()
    body.move()
    time.sleep(0.3)
    lines = open(log).read().splitlines()
    assert set(lines) == {f"{body.root} {body.ppid} {body.sid} {body.pgid}"}, set(lines)
    agent.idle(0.3)
    assert len(open(log).read().splitlines()) > len(lines)
    body.deputy.signal(signal.SIGTERM)
    agent.until(lambda: body.deputy.exit_status(), "end")
    ended(body.deputy, (signal.SIGTERM, 0))


@test
def shouldMoveADaemonThatLeadsItsSession(agent, work):
    root, log = daemon(work, True)
    check_daemon(agent, Body(agent, root), log)


@test
def shouldMoveADaemonWhoseSessionLeaderIsGone(agent, work):
    root, log = daemon(work, False)
    body = Body(agent, root)
    assert body.sid != root and body.pgid == body.sid
    check_daemon(agent, body, log)


@test
def shouldMoveAChildOfInit(agent, work):
    """As above, where the adopter is pid 1, as it is in most places: in a pid namespace of its own."""
    root, log = daemon(work, False)
    body = Body(agent, root)
    body.ppid = 1  # the first capsule's init takes the place of whoever adopted it here
    # frozen first, so that nothing is written under the old parent any more
    leaf = agent.leaf("pause")
    leaf.add(root)
    leaf.freeze()
    body.frozen_leaf = leaf
    open(log, "w").close()
    check_daemon(agent, body, log)


@test
def shouldWorkInRawModeWhenAnEditorMoves(agent, work):
    home = Home(agent, cwd=work)
    home.read("$ ")
    with open(work + "/text", "w") as f:
        f.write("".join(f"line {i}\n" for i in range(500)))
    home.type("less text\n")
    root = home.job()[0]
    home.read("line 5")
    time.sleep(0.3)
    body = Body(agent, root, [(1, root, "tty", "", "")], tty_index(home))
    body.move(foreground=True)
    d = body.deputy
    d.post(TTY_SIZE, struct.pack("<HHHHH", 1, 10, 60, 0, 0))
    d.post(TTY_FG, struct.pack("<HB", 1, 1))
    agent.idle(0.3)
    d.output.clear()
    d.write(1, b"G")
    agent.until(lambda: b"line 499" in d.output.get(1, b""), "last line")
    body.move()
    d.output.clear()
    d.write(1, b"g")
    agent.until(lambda: b"line 1" in d.output.get(1, b""), "first line")
    d.write(1, b"q")
    agent.until(lambda: d.exit_status(), "end")
    assert d.exit_status()[0] == 0
    # less puts the modes back: home must learn it before the end
    assert d.lflag() is not None and d.lflag() & termios.ICANON and not d.lflag() & 0o200000, oct(d.lflag() or 0)


@test
def shouldEditLinesWhenAReadlineProgramMoves(agent, work):
    home = Home(agent, cwd=work)
    home.read("$ ")
    home.type("python3 -q\n")
    root = home.job()[0]
    home.read(">>> ")
    time.sleep(0.3)
    body = Body(agent, root, [(1, root, "tty", "", "")], tty_index(home))
    body.move(foreground=True)
    d = body.deputy
    for _ in range(3):
        d.output.clear()
        d.write(1, b"prunt\x01\x06\x06\x04i\x05(6*7)\r")  # ^A ^F ^F ^D i ^E: print
        agent.until(lambda: re.search(rb"42\r?\n", d.output.get(1, b"")), f"answer in {d.output.get(1)}")
        agent.until(lambda: b">>> " in d.output[1][d.output[1].rindex(b"42"):], "prompt")
        body.move()
    d.write(1, b"\x04")
    agent.until(lambda: d.exit_status(), "end")
    assert d.exit_status()[0] == 0


@test
def shouldSurviveAnAgentThatDies(agent, work):
    root, streams, _, _ = pipe_job(agent, ["cat"], work)
    body = Body(agent, root, streams)
    body.move()
    d = body.deputy
    data = numbered(200000)
    d.write(1, data)
    for crash in range(3):
        goal = len(data) * (crash + 1) // 5
        agent.until(lambda: len(d.output.get(2, b"")) >= goal, "bytes", 20)
        agent.crash()
        time.sleep(0.2)
        agent.restart()
    d.eof(1)
    agent.until(lambda: len(d.output[2]) == len(data), "all bytes", 20)
    agent.crash()
    time.sleep(0.5)
    agent.restart()
    agent.until(lambda: d.exit_status(), "end told after the restart")
    assert d.output[2] == data
    agent.until(lambda: "event=empty" in body.capsule.events, "empty")


@test
def shouldGoOnWhenAMoveIsAborted(agent, work):
    root, streams, _, _ = pipe_job(agent, ["cat"], work)
    body = Body(agent, root, streams)
    body.move()
    d = body.deputy
    data = numbered(100000)
    d.write(1, data)
    descriptors = len(os.listdir(f"/proc/{body.capsule.pid}/fd"))
    for _ in range(25):
        agent.idle(0.01)
        body.leaf.freeze()
        state = agent.export(body.capsule)
        assert state
        agent.idle(0.02)
        agent.ask(body.capsule, KEYS)
        agent.ask(body.capsule, LIST)
        agent.ask(body.capsule, RESUME)
        body.leaf.freeze(False)
    assert len(os.listdir(f"/proc/{body.capsule.pid}/fd")) == descriptors, "descriptors leak"
    d.eof(1)
    agent.until(lambda: d.exit_status(), "end", 20)
    assert d.output[2] == data


@test
def shouldTellOfLeftoversWhenChildrenOutliveTheBody(agent, work):
    root, streams, _, _ = pipe_job(agent, ["sh", "-c", "read a; (sleep 0.5; echo late) & echo early; exit 4"], work)
    body = Body(agent, root, streams)
    body.move()
    d = body.deputy
    d.write(1, b"go\n")
    agent.until(lambda: d.exit_status(), "end")
    ended(d, (4 << 8, 1))
    assert d.output[2] == b"early\n"
    agent.until(lambda: d.has(FINISHED), "FINISHED")
    assert d.output[2] == b"early\nlate\n"
    agent.until(lambda: "event=empty" in body.capsule.events, "empty")


@test
def shouldReachNewbornsWhenTheGroupIsSignalled(agent, work):
    root, streams, _, _ = pipe_job(agent, ["sh", "-c", "read a; sleep 1000 & sleep 1000 & wait"], work)
    body = Body(agent, root, streams)
    body.move()
    d = body.deputy
    d.write(1, b"go\n")
    agent.until(lambda: d.has(GROUP), "GROUP on")
    assert d.has(GROUP)[-1] == b"\1"
    assert len(agent.processes(body.capsule)) == 3
    d.signal(signal.SIGTERM, group=1)
    agent.until(lambda: d.exit_status(), "end")
    agent.until(lambda: "event=empty" in body.capsule.events, "all are gone")


@test
def shouldRelaySocketsBothWays(agent, work):
    import socket as s
    mine, theirs = s.socketpair()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        child = os.fork()
        if child:
            with open(work + "/pid", "w") as f:
                f.write(str(child))
            os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)
        os.dup2(theirs.fileno(), 0)
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.closerange(3, 300)
        os.execvp("python3", ["python3", "-c", "import os,socket\ns=socket.socket(fileno=0)\nwhile True:\n b=s.recv(1000)\n if not b: break\n s.sendall(b.upper())\ns.sendall(b'bye')\n"])
    agent.children.append(pid)
    ino = os.fstat(theirs.fileno()).st_ino
    theirs.close()
    time.sleep(0.6)
    root = int(open(work + "/pid").read())
    body = Body(agent, root, [(1, root, "unix", "flags=2", f"socket:[{ino}]")])
    body.move(external=[f"unix[{ino}]"])
    d = body.deputy
    d.write(1, b"hello ")
    agent.until(lambda: d.output.get(1) == b"HELLO ", "answer")
    key = [l for l in agent.ask(body.capsule, KEYS).split() if l.startswith("key=socket:[")][0]
    body.move(external=[f"unix[{key[12:-1]}]"])
    d.write(1, b"world")
    agent.until(lambda: d.output.get(1) == b"HELLO WORLD", "answer after the hop")
    d.eof(1)
    agent.until(lambda: d.exit_status(), "end")
    assert d.output[1] == b"HELLO WORLDbye"


@test
def shouldWriteASharedFileThroughHome(agent, work):
    path = work + "/log"
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        child = os.fork()
        if child:
            with open(work + "/pid", "w") as f:
                f.write(str(child))
            os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(log, 1)
        os.dup2(null, 0)
        os.dup2(null, 2)
        os.closerange(3, 300)
        os.execvp("sh", ["sh", "-c", "i=0; while [ $i -lt 40 ]; do echo $i; i=$((i+1)); sleep 0.05; done"])
    agent.children.append(pid)
    time.sleep(0.5)
    root = int(open(work + "/pid").read())
    leaf = agent.leaf("pre")
    leaf.add(root)
    body = Body(agent, root, [(3, root, "file-out", "", path[1:])], links=[root])
    move_quietly(body)
    at_home = open(path).read()
    d = body.deputy
    agent.until(lambda: d.output.get(3), "output through the stream")
    move_quietly(body)
    agent.until(lambda: d.exit_status(), "end")
    assert open(path).read() == at_home, "the file was written behind the back of home"
    assert at_home.encode() + d.output[3] == b"".join(b"%d\n" % i for i in range(40))


@test
def shouldReadASharedFileThroughHome(agent, work):
    path = work + "/input"
    with open(path, "wb") as f:
        f.write(numbered(1000))
    shared = os.open(path, os.O_RDONLY)
    root, streams, _, _ = pipe_job(agent, ["python3", "-u", "-c",
                                           "import os,time\n"
                                           "while True:\n"
                                           "  b=os.read(0,7)\n"
                                           "  if not b: break\n"
                                           "  os.write(1,b)\n"
                                           "  time.sleep(.002)\n"], work, stdin=shared)
    time.sleep(0.1)
    body = Body(agent, root, [(1, root, "pipe-in", "demand", path[1:]), streams[1]])
    body.move()
    d = body.deputy
    at_move = os.lseek(shared, 0, os.SEEK_CUR)
    assert 0 < at_move < 3890

    def serve():
        wanted = d.room.setdefault(1, 0) - len(d.queued.get(1, b""))
        if wanted > 0:
            data = os.read(shared, wanted)
            if data:
                d.write(1, data)
            else:
                d.eof(1)
        return d.exit_status()

    agent.until(lambda: serve() or len(d.output.get(2, b"")) > 100, "some of it")
    # the offset at home is never ahead of what the body has read
    assert os.lseek(shared, 0, os.SEEK_CUR) <= at_move + len(d.output[2]) + 14
    body.move()
    agent.until(serve, "end", 30)
    assert d.output[2] == numbered(1000)[at_move:]


@test
def shouldHangUpWhenTheHomeTerminalDoes(agent, work):
    home = Home(agent, cwd=work)
    home.read("$ ")
    home.type("(trap '' HUP; exec cat)\n")
    root = home.job()[0]
    time.sleep(0.2)
    body = Body(agent, root, [(1, root, "tty", "", "")], tty_index(home), links=[root])
    body.move(foreground=True)
    d = body.deputy
    d.post(TTY_HUP, struct.pack("<H", 1))
    agent.until(lambda: d.exit_status(), "end of input at the hang-up")
    assert d.exit_status()[0] in (0, 1 << 8), d.exit_status()


@test
def shouldGiveTypedButUnreadInputBack(agent, work):
    home = Home(agent, cwd=work)
    home.read("$ ")
    home.type("sleep 0.8\n")
    root = home.job()[0]
    body = Body(agent, root, [(1, root, "tty", "", "")], tty_index(home))
    body.move(foreground=True)
    d = body.deputy
    d.write(1, b"ls\nwhoami\n")
    agent.until(lambda: d.exit_status(), "end")
    assert b"".join(p[2:] for p in d.has(TTY_UNREAD)) == b"ls\nwhoami\n"
    kinds = [t for t, _ in d.seen]
    assert kinds.index(TTY_UNREAD) < kinds.index(EXIT)


@test
def shouldRefuseNonsense(agent, work):
    capsule = agent.capsule()
    for type, text in [(99 - 40, ""), (31 + 12, "x"), (PREPARE, ""), (PREPARE, "root=1 sid=1 pgid=1 ppid=1"), (CRIU, "mode=restore"),
                       (CRIU, "mode=dump"), (CRIU, "mode=dance"), (RESTORED, "pids=5"), (EXPORT, ""), (IMPORT, "len=10"),
                       (IMPORT, b"\xff" * 1000), (KILL, "pid=1 signal=9"), (KILL, "pid=77 signal=9"), (KILL, "")]:
        try:
            agent.ask(capsule, type, text)
        except Refused as e:
            assert re.match(r"error \d+ \S", str(e)), e
        else:
            raise AssertionError(f"{type} {text} was taken")
    agent.ask(capsule, PREPARE, "root=500 sid=400 pgid=500 ppid=400\nlast_pid=600\ntty=5 stream=1\nstream=2 link=500 kind=pipe-in flags=0\n")
    for type, text in [(PREPARE, "root=500 sid=400 pgid=500 ppid=400"), (RESTORED, "pids=500"),
                       (CRIU, f"mode=restore sock={agent.dir}/nothing token=x exe={CRIU_EXE}"),
                       (CRIU, f"mode=restore sock={agent.criu_path} token=x exe=/nowhere")]:
        try:
            agent.ask(capsule, type, text)
        except Refused as e:
            assert re.match(r"error \d+ \S", str(e)), e
        else:
            raise AssertionError(f"{type} {text} was taken")
    for state in (b"\0" * 40, b"MCPS\1\0\0\0\xff\0\0\0\xff\0\0\0" + os.urandom(500)):
        try:
            agent.import_state(capsule, state)
        except Refused:
            pass
        else:
            raise AssertionError("nonsense was imported")
    # garbage on the socket: the connection is given up, the capsule lives and comes back
    capsule.connection.send(b"\xff" * 100)
    old = capsule.connection
    agent.until(lambda: capsule.connection not in (None, old), "reconnect")
    agent.ask(capsule, LIST)
    agent.destroy(capsule)


@test
def shouldShareAJobServerWithHome(agent, work):
    tokens = os.pipe()
    os.write(tokens[1], b"ab")
    ino = os.fstat(tokens[0]).st_ino
    log = work + "/log"
    pid = os.fork()
    if pid == 0:
        os.setsid()
        child = os.fork()
        if child:
            with open(work + "/pid", "w") as f:
                f.write(str(child))
            os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)
        os.dup2(tokens[0], 3)
        os.dup2(tokens[1], 4)
        null = os.open("/dev/null", os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.closerange(5, 300)
        os.execvp("python3", ["python3", "-c", f"import os,time\n"
                              "for i in range(20):\n"
                              "  t=os.read(3,1)\n"
                              "  time.sleep(.02)\n"
                              f"  open('{log}','ab').write(t)\n"
                              "  os.write(4,t)\n"
                              "  time.sleep(.02)\n"])
    agent.children.append(pid)
    time.sleep(0.3)
    root = int(open(work + "/pid").read())
    body = Body(agent, root, [(1, root, "pipe-in", "demand", f"pipe:[{ino}]"), (2, root, "pipe-out", "", "pipe:[1000000007]")])
    body.move(between=lambda images: split_pipe(images, ino, 1000000007))
    d = body.deputy
    # what a deputy does: reads the shared pipe when the guest wants it, writes what the guest returns
    given = 0

    def serve():
        nonlocal given
        os.set_blocking(tokens[0], False)
        wanted = d.room.setdefault(1, 0) - len(d.queued.get(1, b""))
        if wanted > 0:
            try:
                d.write(1, os.read(tokens[0], wanted))
            except BlockingIOError:
                pass
        back = d.output.get(2, b"")
        if len(back) > given:
            os.write(tokens[1], back[given:])
            given = len(back)
        return d.exit_status()

    agent.until(lambda: serve() or given >= 5, "tokens come and go")
    body.move()
    agent.until(serve, "end", 15)
    serve()
    for p in d.has(TTY_UNREAD):
        os.write(tokens[1], p[2:])
    ended(d, (0, 0))
    assert len(open(log, "rb").read()) == 20
    assert sorted(os.read(tokens[0], 10)) == sorted(b"ab"), "a token got lost"


@test
def shouldGiveTokensBackWhenNobodyReadsThem(agent, work):
    root, streams, _, _ = pipe_job(agent, ["python3", "-u", "-c",
                                           "import os,select,sys\n"
                                           "select.select([0],[],[])\n"
                                           "os.write(1,b'seen')\n"], work)
    streams[0] = streams[0][:3] + ("demand", streams[0][4])
    body = Body(agent, root, streams)
    body.move()
    d = body.deputy
    d.write(1, b"token")
    agent.until(lambda: d.exit_status(), "end")
    assert d.output[2] == b"seen"
    assert b"".join(p[2:] for p in d.has(TTY_UNREAD)) == b"t", d.has(TTY_UNREAD)


@test
def shouldMoveAShellThatLeadsItsSession(agent, work):
    home = Home(agent, cwd=work)
    home.read("$ ")
    root = home.pid
    time.sleep(0.2)
    body = Body(agent, root, [(1, root, "tty", "", "")], tty_index(home))
    st = os.stat(f"/proc/{root}/fd/0")
    body.keys[1] = f"tty[{st.st_rdev:x}:{st.st_dev:x}]"
    body.move(foreground=True)
    d = body.deputy
    for hop in range(2):
        d.output.clear()
        d.write(1, b"echo pid $$ $(tty)\r")
        agent.until(lambda: f"pid {root} {home.name}".encode() in d.output.get(1, b""), "answer of the shell")
        d.write(1, b"sleep 1000\r")
        agent.idle(0.5)
        d.signal(signal.SIGINT, code=SI_KERNEL, group=1)  # for the job in front, not for the shell
        d.write(1, b"echo status $?\r")
        agent.until(lambda: b"status 130" in d.output[1], f"job control in {d.output}")
        body.pids = [root]
        if hop == 0:
            body.move()
    d.write(1, b"exit 3\r")
    agent.until(lambda: d.exit_status(), "end")
    ended(d, (3 << 8, 0))


@test
def shouldStayTheSameAfterManyHops(agent, work):
    root, streams, _, _ = pipe_job(agent, ["python3", "-u", "-c",
                                           "import os,sys\nfor l in sys.stdin: print(l.strip(), os.getpid(), *sorted(os.listdir('/proc/self/fd')))\n"], work)
    body = Body(agent, root, streams)
    d = body.deputy
    answers = []
    for hop in range(8):
        body.move()
        d.output.clear()
        d.write(1, b"%d\n" % hop)
        agent.until(lambda: d.output.get(2, b"").endswith(b"\n"), "answer")
        answers.append(d.output[2].split())
    assert all(a[1:] == answers[0][1:] for a in answers), answers
    assert [int(a[0]) for a in answers] == list(range(8))
    d.eof(1)
    agent.until(lambda: d.exit_status(), "end")
    ended(d, (0, 0))


@test
def shouldReapOrphansAndKnowTheEndWhenTheParentIsKilledByTheGuest(agent, work):
    root, streams, _, _ = pipe_job(agent, ["sh", "-c", "read a; (sh -c 'sleep 0.2; echo orphan' &) ; sleep 0.6; kill -9 $PPID; sleep 0.2; echo alive; exit 6"], work)
    body = Body(agent, root, streams)
    body.move()
    d = body.deputy
    d.write(1, b"go\n")
    agent.until(lambda: d.exit_status(), "end")
    ended(d, (6 << 8, 0))
    assert d.output[2] == b"orphan\nalive\n"
    agent.until(lambda: "event=empty" in body.capsule.events, "empty")


@test
def shouldLeaveAUsableAgentWhenRestoreFails(agent, work):
    root, streams, _, _ = pipe_job(agent, ["sleep", "1000"], work)
    body = Body(agent, root, streams)
    images = agent.dir + "/broken"
    os.mkdir(images)
    capsule = agent.capsule()
    body.prepare(capsule)
    connection = agent.criu_in(capsule, "restore")
    try:
        agent.restore(connection, images, [], None)
    except AssertionError:
        pass
    else:
        raise AssertionError("restored from nothing")
    try:
        agent.ask(capsule, RESTORED, f"pids={root}\n")
    except Refused as e:
        assert "error 3 " in str(e), e
    else:
        raise AssertionError("nothing was restored")
    agent.destroy(capsule)
    body.move()  # into another one
    body.deputy.signal(signal.SIGTERM)
    agent.until(lambda: body.deputy.exit_status(), "end")
    ended(body.deputy, (signal.SIGTERM, 0))


@test
def shouldStayInTheCgroupItWasGiven(agent, work):
    leaf = agent.leaf("capsule")
    capsule = agent.capsule(leaf.path + "/cgroup.procs")
    agent.ask(capsule, PREPARE, "root=500 sid=400 pgid=450 ppid=300\ntasks=500,501\nlast_pid=600\n")
    inside = set(leaf.pids())
    assert capsule.pid in inside and len(inside) == 3, inside  # init, holder, nanny
    connection = agent.criu_in(capsule, "restore")
    assert len(leaf.pids()) == 4
    connection.close()
    agent.until(lambda: len(leaf.pids()) == 3, "criu ends with its connection")
    assert agent.processes(capsule) == {}
    agent.destroy(capsule)
    other = agent.capsule()
    try:
        agent.ask(other, PREPARE, "root=500 sid=501 pgid=500 ppid=300\ntasks=500,501\n")
    except Refused as e:
        assert "below root" in str(e)
    else:
        raise AssertionError("a session leader inside of the tree was taken")
    agent.destroy(other)


@test
def shouldForwardSenderAndValueOfSignals(agent, work):
    root, streams, _, _ = pipe_job(agent, ["python3", "-u", "-c",
                                           "import signal\n"
                                           "signal.pthread_sigmask(signal.SIG_BLOCK,[signal.SIGUSR1,signal.SIGRTMIN])\n"
                                           "for i in range(4):\n"
                                           "  s=signal.sigwaitinfo([signal.SIGUSR1,signal.SIGRTMIN]); print(s.si_signo,s.si_pid,s.si_uid)\n"], work)
    body = Body(agent, root, streams)
    body.move()
    d = body.deputy
    d.signal(signal.SIGUSR1, pid=777, uid=42)
    agent.until(lambda: d.output.get(2, b"").count(b"\n") == 1, "first")
    for pid in (1001, 1002, 1003):
        d.signal(signal.SIGRTMIN, code=-1, pid=pid, uid=7, value=pid)
    agent.until(lambda: d.exit_status(), "end")
    assert d.output[2].split(b"\n")[:4] == [b"10 777 42", b"34 1001 7", b"34 1002 7", b"34 1003 7"], d.output


if __name__ == "__main__":
    run(TESTS, lambda tools: Agent(tools, "captest"))
