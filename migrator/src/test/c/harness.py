"""A fake agent and fake deputies for tests of mig-capsule: hull socket, links, criu by its RPC protocol, cgroup v2 freezer.

Everything runs in one thread; `Agent.until(condition)` turns the wheels until the condition holds or time is up.
"""

import errno
import fcntl
import os
import pty
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback
import uuid

HEADER = struct.Struct("<IHHIIQ")
WINDOW = 65536
(HELLO, LINK_UP, LINK_DOWN, EVENT) = (1, 4, 5, 8)
(PREPARE, CRIU, RESTORED, KEYS, EXPORT, IMPORT, RESUME, KILL, DESTROY, LIST) = range(32, 42)
(ACK, RESYNC) = (64, 65)
(DATA, EOF, CLOSED, WINDOW_MORE, SIGNAL, STOPPED, CONTINUED, EXIT, TTY_MODE, TTY_SIZE, TTY_FG, TTY_HUP, TTY_UNREAD, GROUP,
 FINISHED) = range(70, 85)
SI_KERNEL = 0x80
CRIU_EXE = os.environ.get("MIG_CRIU", "/opt/mig/criu/criu")


class Refused(Exception):
    pass


# ---------------------------------------------------------------- protobuf, as little as criu needs


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while True:
        if value < 0x80:
            return bytes(out) + bytes([value])
        out.append(value & 0x7F | 0x80)
        value >>= 7


def field(number, value):
    if isinstance(value, (bytes, str)):
        value = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(int(value))


def decode(data):
    fields, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = number()
        if tag & 7 == 0:
            value = number()
        elif tag & 7 == 2:
            length = number()
            value = data[at:at + length]
            at += length
        elif tag & 7 == 5:
            value = data[at:at + 4]
            at += 4
        else:
            value = data[at:at + 8]
            at += 8
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def split_pipe(images, pipe_id, new_id):
    """Gives the write ends of a pipe in files.img a pipe of their own, so that two streams can take its place."""
    with open(images + "/files.img", "rb") as f:
        data = f.read()
    out, at = bytearray(data[:8]), 8
    while at < len(data):
        length = struct.unpack_from("<I", data, at)[0]
        entry = data[at + 4:at + 4 + length]
        at += 4 + length
        file = decode(entry)
        if 18 in file:
            end = decode(file[18][0])
            if end[2][0] == pipe_id and end[3][0] & 3 == os.O_WRONLY:
                changed = field(1, end[1][0]) + field(2, new_id) + field(3, end[3][0]) + field(4, end[4][0])
                entry = field(1, file[1][0]) + field(2, file[2][0]) + field(18, changed)
        out += struct.pack("<I", len(entry)) + entry
    with open(images + "/files.img", "wb") as f:
        f.write(out)


# ---------------------------------------------------------------- cgroup v2


def cgroup_root():
    with open("/proc/self/mounts") as mounts:
        for line in mounts:
            if line.split()[2] == "cgroup2":
                return line.split()[1]
    raise RuntimeError("no cgroup v2 is mounted")


class Leaf:
    def __init__(self, name):
        self.path = f"{cgroup_root()}/{name}"
        os.mkdir(self.path)

    def add(self, pid):
        with open(self.path + "/cgroup.procs", "w") as procs:
            procs.write(str(pid))

    def pids(self):
        with open(self.path + "/cgroup.procs") as procs:
            return [int(p) for p in procs.read().split()]

    def freeze_for_dump(self):
        """A parent in vfork() sleeps uninterruptibly until its child execs: criu could never seize the two of them."""
        for _ in range(100):
            self.freeze()
            if not any(stat(pid)["state"] == "D" for pid in self.pids()):
                return
            self.freeze(False)
            time.sleep(0.003)
        raise AssertionError("always some process in an uninterruptible sleep")

    def freeze(self, frozen=True):
        with open(self.path + "/cgroup.freeze", "w") as freeze:
            freeze.write("1" if frozen else "0")
        end = time.time() + 5
        while f"frozen {int(frozen)}" not in open(self.path + "/cgroup.events").read():
            assert time.time() < end, "the freezer does not get there"
            time.sleep(0.001)

    def remove(self):
        try:
            with open(self.path + "/cgroup.kill", "w") as kill:
                kill.write("1")
        except OSError:
            pass
        end = time.time() + 5
        while True:
            try:
                os.rmdir(self.path)
                return
            except OSError as e:
                if e.errno == errno.ENOENT or time.time() > end:
                    return
                time.sleep(0.005)


# ---------------------------------------------------------------- the other end of a link


class Deputy:
    """Speaks the link protocol of a deputy; what the capsule says is recorded."""

    def __init__(self, agent, link):
        self.agent, self.link = agent, link
        self.capsule = None
        self.up = False
        self.out_next = self.in_next = 1
        self.unacked = []
        self.output = {}  # stream -> bytes received
        self.room = {}  # stream -> bytes we may send
        self.queued = {}  # stream -> bytes waiting for room
        self.eof_wanted = set()
        self.consume = True
        self.unreported = {}
        self.demand = set()
        self.seen = []  # (type, payload) of other frames
        self.modes = None
        self.granted = {}

    def connect(self, capsule):
        self.capsule = capsule
        self.up = True
        self.agent.send(capsule, LINK_UP, self.link, 0, b"")
        self.resync(True)

    def disconnect(self):
        self.up = False
        if self.capsule is not None:
            self.agent.send(self.capsule, LINK_DOWN, self.link, 0, b"")
        self.capsule = None

    def raw(self, type, seq, payload):
        if self.up:
            self.agent.send(self.capsule, type, self.link, seq, payload)

    def resync(self, asks):
        self.raw(RESYNC, 0, struct.pack("<QB", self.in_next, asks))

    def post(self, type, payload=b""):
        self.unacked.append((self.out_next, type, payload))
        self.raw(type, self.out_next, payload)
        self.out_next += 1

    def write(self, stream, data):
        self.queued[stream] = self.queued.get(stream, b"") + data
        self.push(stream)

    def push(self, stream):
        room = self.room.setdefault(stream, 0 if stream in self.demand else WINDOW)
        queue = self.queued.get(stream, b"")
        while queue and room:
            part = queue[:min(room, 30000)]
            queue, room = queue[len(part):], room - len(part)
            self.post(DATA, struct.pack("<H", stream) + part)
        self.queued[stream], self.room[stream] = queue, room
        if not queue and stream in self.eof_wanted:
            self.eof_wanted.discard(stream)
            self.post(EOF, struct.pack("<H", stream))

    def eof(self, stream):
        self.eof_wanted.add(stream)
        self.push(stream)

    def closed(self, stream):
        self.post(CLOSED, struct.pack("<H", stream))

    def signal(self, signo, code=0, pid=4242, uid=0, value=0, group=0):
        self.post(SIGNAL, struct.pack("<iiiIQB", signo, code, pid, uid, value, group))

    def take(self, type, seq, payload):
        if type in (ACK, RESYNC):
            upto = struct.unpack_from("<Q", payload)[0]
            self.unacked = [u for u in self.unacked if u[0] > (upto if type == ACK else upto - 1)]
            if type == RESYNC:
                for number, kind, content in self.unacked:
                    self.raw(kind, number, content)
                if payload[8:9] == b"\1":
                    self.resync(False)
            return
        assert seq > 0
        if seq != self.in_next:
            if seq > self.in_next:
                self.resync(True)
            return
        self.in_next += 1
        self.raw(ACK, 0, struct.pack("<Q", seq))
        if type == DATA:
            stream = struct.unpack_from("<H", payload)[0]
            self.output[stream] = self.output.get(stream, b"") + payload[2:]
            self.unreported[stream] = self.unreported.get(stream, 0) + len(payload) - 2
            assert self.unreported[stream] <= WINDOW, "the capsule sent more than the window allows"
            if self.consume:
                self.report(stream)
        elif type == WINDOW_MORE:
            stream, n = struct.unpack("<HI", payload)
            self.room[stream] = self.room.get(stream, 0 if stream in self.demand else WINDOW) + n
            self.granted[stream] = self.granted.get(stream, 0) + n
            self.push(stream)
        else:
            if type == TTY_MODE:
                self.modes = payload[2:]
            self.seen.append((type, payload))

    def report(self, stream):
        n = self.unreported.get(stream, 0)
        if n:
            self.unreported[stream] = 0
            self.post(WINDOW_MORE, struct.pack("<HI", stream, n))

    def consume_all(self):
        self.consume = True
        for stream in list(self.unreported):
            self.report(stream)

    def has(self, type):
        return [p for t, p in self.seen if t == type]

    def exit_status(self):
        got = self.has(EXIT)
        return struct.unpack("<iB", got[0]) if got else None

    def lflag(self):
        return struct.unpack_from("<IIII", self.modes)[3] if self.modes else None

    def oflag(self):
        return struct.unpack_from("<IIII", self.modes)[1] if self.modes else None


# ---------------------------------------------------------------- agent


class Capsule:
    def __init__(self, ident, pid):
        self.id, self.pid = ident, pid
        self.connection = None
        self.events = []


class Agent:
    def __init__(self, tools, name):
        self.tools, self.name = tools, name
        self.dir = tempfile.mkdtemp(prefix=f"mig-{name}-", dir="/run")
        self.selector = selectors.DefaultSelector()
        self.capsules = {}
        self.deputies = {}
        self.replies = {}
        self.buffers = {}
        self.owner = {}
        self.request = 0
        self.criu_waiting = {}
        self.children = []
        self.leaves = []
        self.listen()
        self.criu_listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.criu_path = self.dir + "/criu.sock"
        self.criu_listener.bind(self.criu_path)
        self.criu_listener.listen(8)

    # -- hull socket

    def listen(self):
        self.path = self.dir + "/hull.sock"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.selector.register(self.listener, selectors.EVENT_READ, None)

    def crash(self):
        """The agent dies: all connections are gone; what was not read is lost."""
        self.selector.unregister(self.listener)
        self.listener.close()
        os.unlink(self.path)
        for connection in list(self.buffers):
            self.drop(connection)
        for deputy in self.deputies.values():
            deputy.up = False

    def restart(self):
        self.listen()
        self.until(lambda: all(c.connection for c in self.capsules.values()), "capsules reconnect")
        for deputy in self.deputies.values():
            if deputy.capsule is not None:
                deputy.connect(deputy.capsule)

    def drop(self, connection):
        self.selector.unregister(connection)
        self.buffers.pop(connection, None)
        capsule = self.owner.pop(connection, None)
        if capsule is not None:
            capsule.connection = None
        connection.close()

    def send(self, capsule, type, link, seq, payload):
        if capsule.connection is None:
            return
        data = HEADER.pack(len(payload), type, 0, link, 0, seq) + payload
        view = memoryview(data)
        capsule.connection.settimeout(5)
        try:
            capsule.connection.sendall(view)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def turn(self, timeout=0.02):
        for key, _ in self.selector.select(timeout):
            if key.fileobj is self.listener:
                connection, _ = self.listener.accept()
                self.buffers[connection] = b""
                self.selector.register(connection, selectors.EVENT_READ, None)
                continue
            connection = key.fileobj
            try:
                data = connection.recv(262144)
            except ConnectionResetError:
                data = b""
            if not data:
                self.drop(connection)
                continue
            self.buffers[connection] += data
            self.frames(connection)

    def frames(self, connection):
        buffer, at = self.buffers[connection], 0
        while len(buffer) - at >= HEADER.size:
            length, type, zero, link, zero2, seq = HEADER.unpack_from(buffer, at)
            assert length <= 65600 and zero == 0 and zero2 == 0
            if len(buffer) - at - HEADER.size < length:
                break
            payload = buffer[at + HEADER.size:at + HEADER.size + length]
            at += HEADER.size + length
            self.frame(connection, type, link, seq, payload)
        self.buffers[connection] = buffer[at:]

    def frame(self, connection, type, link, seq, payload):
        if type == HELLO:
            facts = dict(line.split("=", 1) for line in payload.decode().split("\n") if line)
            assert facts["version"] == "1" and facts["role"] == "capsule", facts
            capsule = self.capsules[facts["id"]]
            capsule.connection = connection
            self.owner[connection] = capsule
        elif type == EVENT:
            self.owner[connection].events.append(payload.decode().strip())
        elif type & 0x8000:
            self.replies.setdefault(seq, []).append(payload)
        else:
            deputy = self.deputies[link]
            # what comes from a capsule that is not (or no longer) the link's is stale
            if deputy.capsule is self.owner[connection]:
                deputy.take(type, seq, payload)

    def until(self, condition, what, seconds=10):
        end = time.time() + seconds
        while not condition():
            if time.time() > end:
                raise AssertionError(f"waited {seconds} s in vain: {what}")
            self.turn()

    def idle(self, seconds):
        end = time.time() + seconds
        while time.time() < end:
            self.turn()

    # -- capsules

    def capsule(self, *procs):
        ident = str(uuid.uuid4())
        capsule = self.capsules[ident] = Capsule(ident, 0)
        args = [self.tools + "/mig-capsule", "--id", ident, "--socket", self.path, "--rundir", self.dir, "--hostname", "homehost"]
        for p in procs:
            args += ["--procs", p]
        out = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=10)
        assert out.returncode == 0, out.stderr
        capsule.pid = int(out.stdout.split("=")[1])
        self.until(lambda: capsule.connection, "capsule says hello")
        return capsule

    def ask(self, capsule, type, text=b"", seconds=10):
        """Sends a command; returns the lines of the reply behind the first, and the first."""
        self.request += 1
        number = self.request
        self.send(capsule, type, 0, number, text.encode() if isinstance(text, str) else text)
        self.until(lambda: number in self.replies, f"reply to command {type}", seconds)
        return self.answer(number)

    def answer(self, number):
        text = self.replies.pop(number)[0].decode()
        if not text.startswith("ok"):
            raise Refused(text)
        return text

    def export(self, capsule):
        self.request += 1
        number = self.request
        self.send(capsule, EXPORT, 0, number, b"")
        self.until(lambda: number in self.replies, "EXPORT")
        first = self.replies[number][0]
        assert first.startswith(b"ok "), first
        length = int(first[3:])
        self.until(lambda: sum(map(len, self.replies[number][1:])) >= length, "exported state")
        return b"".join(self.replies.pop(number)[1:])

    def import_state(self, capsule, state):
        self.request += 1
        number = self.request
        self.send(capsule, IMPORT, 0, number, f"len={len(state)}\n".encode())
        for at in range(0, len(state), 65536):
            self.send(capsule, IMPORT, 0, number, state[at:at + 65536])
        self.until(lambda: number in self.replies, "IMPORT")
        return self.answer(number)

    def destroy(self, capsule):
        try:
            self.ask(capsule, DESTROY)
        except AssertionError:
            os.kill(capsule.pid, signal.SIGKILL)
        end = time.time() + 5
        while alive(capsule.pid) and time.time() < end:
            self.turn(0.002)
        del self.capsules[capsule.id]
        assert not alive(capsule.pid), "the capsule outlives DESTROY"

    def processes(self, capsule):
        out = {}
        for line in self.ask(capsule, LIST).split("\n")[1:]:
            if line:
                facts = dict(w.split("=") for w in line.split())
                out[int(facts["pid"])] = {k: int(v) for k, v in facts.items()}
        return out

    def deputy(self, link):
        return self.deputies.setdefault(link, Deputy(self, link))

    def leaf(self, name):
        leaf = Leaf(f"{self.name}-{os.getpid()}-{name}-{len(self.leaves)}")
        self.leaves.append(leaf)
        return leaf

    # -- criu

    def accept_criu(self, token):
        self.criu_listener.settimeout(5)
        connection, _ = self.criu_listener.accept()
        assert connection.recv(1000).decode() == token
        return connection

    def criu_here(self):
        token = uuid.uuid4().hex
        process = subprocess.Popen([self.tools + "/mig-spawn", self.criu_path, token, CRIU_EXE])
        return self.accept_criu(token), process

    def criu_in(self, capsule, mode):
        token = uuid.uuid4().hex
        text = self.ask(capsule, CRIU, f"sock={self.criu_path} token={token} exe={CRIU_EXE} mode={mode}\n")
        assert int(text.split("hostpid=")[1]) > 0 and int(text.split("pid=")[1].split()[0]) > 1
        return self.accept_criu(token)

    def rpc(self, connection, type, opts, notified=None):
        connection.settimeout(0)
        # a silent peer must not keep the fake deputies from their work, so poll
        connection.setblocking(False)
        connection.send(field(1, type) + field(2, opts))
        while True:
            try:
                reply = decode(connection.recv(65536))
            except BlockingIOError:
                self.turn(0.001)
                continue
            if reply[1][0] == 6:
                script = decode(reply[4][0] if 4 in reply and 5 not in reply else reply[5][0])[1][0].decode()
                if notified is not None:
                    notified(script)
                connection.send(field(1, 6) + field(3, 1))
                continue
            return bool(reply[2][0]), reply

    def dump(self, connection, pid, images, leaf, external=()):
        os.mkdir(images)
        opts = (field(1, -1) + field(68, images) + field(2, pid) + field(3, 1) + field(7, 1) + field(9, 4) + field(10, "dump.log")
                + field(34, 0) + field(44, leaf.path) + field(64, 3))
        for e in external:
            opts += field(37, e)
        good, reply = self.rpc(connection, 1, opts)
        connection.close()
        if not good:
            raise AssertionError("dump failed: " + tail(images + "/dump.log") + str(reply))

    def restore(self, connection, images, inherit, notified):
        opts = (field(1, -1) + field(68, images) + field(7, 1) + field(9, 4) + field(10, "restore.log") + field(12, 1) + field(26, 1)
                + field(34, 0))
        for key, fd in inherit:
            opts += field(27, field(1, key) + field(2, fd))
        good, reply = self.rpc(connection, 2, opts, notified)
        connection.close()
        if not good:
            raise AssertionError("restore failed: " + tail(images + "/restore.log") + str(reply))

    # -- the end

    def close(self):
        for capsule in list(self.capsules.values()):
            try:
                os.kill(capsule.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            wait_gone(capsule.pid)
        for child in self.children:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
            try:
                os.waitpid(child, 0)
            except ChildProcessError:
                pass
        for leaf in self.leaves:
            leaf.remove()
        shutil.rmtree(self.dir, ignore_errors=True)


def tail(path, lines=25):
    try:
        with open(path, errors="replace") as log:
            return "\n" + "".join(log.readlines()[-lines:])
    except OSError as e:
        return str(e)


def alive(pid):
    """Not even dying any more? Whoever adopted it may take his time to reap it."""
    try:
        return stat(pid)["state"] not in "ZX"
    except OSError:
        return False


def wait_gone(pid, seconds=5):
    end = time.time() + seconds
    while alive(pid) and time.time() < end:
        time.sleep(0.01)


def stat(pid):
    with open(f"/proc/{pid}/stat") as f:
        rest = f.read().rsplit(")", 1)[1].split()
    return {"state": rest[0], "ppid": int(rest[1]), "pgid": int(rest[2]), "sid": int(rest[3])}


def children(pid):
    out = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if stat(int(name))["ppid"] == pid:
                    out.append(int(name))
            except OSError:
                pass
    return out


def tree(pid):
    out = [pid]
    for child in children(pid):
        out += tree(child)
    return out


def threads(pid):
    try:
        return [int(t) for t in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


class Home:
    """An interactive bash on a pty, as on a user's terminal."""

    def __init__(self, agent, argv=("/bin/bash", "--norc", "--noprofile", "-i"), cwd=None):
        self.agent = agent
        self.master, slave = pty.openpty()
        self.name = os.ttyname(slave)
        self.index = int(self.name.rsplit("/", 1)[1])
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(slave, fd)
            os.closerange(3, 200)
            if cwd:
                os.chdir(cwd)
            os.environ.update(PS1="$ ", TERM="xterm", HOME=cwd or "/")
            os.execv(argv[0], list(argv))
        os.close(slave)
        agent.children.append(self.pid)
        self.text = b""

    def type(self, text):
        os.write(self.master, text.encode())

    def read(self, wanted, seconds=10):
        end = time.time() + seconds
        os.set_blocking(self.master, False)
        while wanted.encode() not in self.text:
            assert time.time() < end, f"not on the terminal: {wanted!r} in {self.text!r}"
            try:
                self.text += os.read(self.master, 65536)
            except BlockingIOError:
                time.sleep(0.01)
        text, self.text = self.text, b""
        return text

    def job(self, count=1, seconds=5):
        """The pids of bash's children, when there are so many."""
        end = time.time() + seconds
        while True:
            found = sorted(children(self.pid))
            if len(found) >= count:
                return found
            assert time.time() < end
            time.sleep(0.01)


class Body:
    """A process tree that is moved about."""

    def __init__(self, agent, root, streams=(), tty=None, links=None):
        self.agent, self.root = agent, root
        self.streams = list(streams)  # (id, link, kind, flags words, key at home)
        self.tty = tty  # (index, stream) or None
        self.pids = tree(root)
        self.tids = sorted({t for p in self.pids for t in threads(p)})
        self.links = links or list(self.pids)
        facts = stat(root)
        self.sid, self.pgid, self.ppid = facts["sid"], facts["pgid"], facts["ppid"]
        self.capsule = self.leaf = self.frozen_leaf = None
        self.hops = 0
        self.keys = {s[0]: s[4] for s in self.streams}
        self.dead = set()
        self.stopped = ""
        for link in self.links:
            agent.deputy(link)
        for s in self.streams:
            if "demand" in s[3]:
                agent.deputy(s[1]).demand.add(s[0])

    def move(self, external=(), between=None, foreground=None):
        """First from home, later from capsule to capsule. between(images): called when the old place is frozen and dumped."""
        agent, old, old_leaf = self.agent, self.capsule, self.leaf
        images = f"{agent.dir}/images-{self.root}-{self.hops}"
        self.hops += 1
        state = None
        if old is None:
            old_leaf = self.frozen_leaf or agent.leaf("home")
            if self.frozen_leaf is None:
                for pid in self.pids:
                    old_leaf.add(pid)
                old_leaf.freeze_for_dump()
            connection, process = agent.criu_here()
            agent.dump(connection, self.root, images, old_leaf, external)
            process.wait(5)
        else:
            old_leaf.freeze_for_dump()
            agent.turn()
            state = agent.export(old)
            lines = [dict(w.split("=", 1) for w in l.split()) for l in agent.ask(old, KEYS).split("\n")[1:] if l]
            self.keys = {int(l["stream"]): l["key"] for l in lines}
            connection = agent.criu_in(old, "dump")
            agent.dump(connection, self.root, images, old_leaf, external)
        for link in self.links:
            agent.deputy(link).disconnect()
        if between is not None:
            between(images)
        new = agent.capsule()
        fds = self.prepare(new, foreground)
        if state is not None:
            agent.import_state(new, state)
        leaf = agent.leaf("guest")
        connection = agent.criu_in(new, "restore")

        def notified(script):
            if script == "pre-resume":
                leaf.freeze()
                for facts in agent.processes(new).values():
                    leaf.add(facts["hostpid"])

        inherit = [(key, fds[s]) for s, key in self.keys.items() if s in fds and not (key.startswith("tty") and self.sid != self.root)]
        agent.restore(connection, images, inherit, notified)
        alive = [p for p in self.links if p not in self.dead]
        agent.ask(new, RESTORED, f"pids={','.join(map(str, alive))}\n" + (f"stopped={self.stopped}\n" if self.stopped else ""))
        # commit
        for link in self.links:
            agent.deputy(link).connect(new)
        leaf.freeze(False)
        if old is None:
            self.after_commit(old_leaf)
        else:
            agent.destroy(old)
        self.capsule, self.leaf = new, leaf
        return new

    def after_commit(self, old_leaf):
        """The originals have served; a Deputy object takes their place."""
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        old_leaf.freeze(False)

    def prepare(self, capsule, foreground=None):
        text = f"root={self.root} sid={self.sid} pgid={self.pgid} ppid={self.ppid}\n"
        text += f"tasks={','.join(map(str, self.tids))}\nlast_pid={max(self.tids + [self.sid, self.ppid]) + 50}\n"
        if self.tty:
            text += f"tty={self.tty[0]} stream={self.tty[1]} link={self.root}"
            text += "" if foreground is None else f" fg={int(foreground)}"
            text += "\n"
        for ident, link, kind, words, _ in self.streams:
            if kind != "tty" and ident in self.keys:
                text += f"stream={ident} link={link} kind={kind} {words}\n"
        reply = self.agent.ask(capsule, PREPARE, text)
        return {int(l.split()[0].split("=")[1]): int(l.split("fd=")[1]) for l in reply.split("\n")[1:] if l}

    @property
    def deputy(self):
        return self.agent.deputy(self.root)


ATTEMPTS = 3


def attempt(function, make_agent, tools):
    """Runs one test and says how it ended."""
    agent = make_agent(tools)
    work = tempfile.mkdtemp(prefix="mig-captest-work-", dir="/tmp")
    verdict = "ok"
    try:
        function(agent, work)
    except Exception:
        verdict = "FAILED"
        traceback.print_exc()
        if os.environ.get("KEEP"):
            shutil.copytree(agent.dir, os.environ["KEEP"], dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.sock"))
    finally:
        capsules = [c.pid for c in agent.capsules.values()]
        agent.close()
        shutil.rmtree(work, ignore_errors=True)
    leaks = [p for p in capsules if alive(p)] + [leaf.path for leaf in agent.leaves if os.path.exists(leaf.path)]
    return f"FAILED (left over: {leaks})" if leaks else verdict


def run(tests, make_agent):
    """
    Runs those whose name contains one of the arguments behind the tools' directory, all when there are none. A busy machine
    can fail a test once: it is tried again, and said.
    """
    tools, wanted = sys.argv[1], sys.argv[2:]
    failed = []
    for function in tests:
        if wanted and not any(w in function.__name__ for w in wanted):
            continue
        for count in range(ATTEMPTS):
            started = time.time()
            verdict = attempt(function, make_agent, tools)
            flake = "FLAKE  " if count > 0 and verdict == "ok" else ""
            print(f"{flake}{verdict:7} {function.__name__} {time.time() - started:.1f} s", flush=True)
            if verdict == "ok":
                break
        if verdict != "ok":
            failed.append(function.__name__)
    if failed:
        print("failed:", *failed)
        sys.exit(1)
