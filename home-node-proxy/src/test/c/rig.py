"""A stand-in for agent and capsule, and a place to deputise real processes, for the tests of the native tools.

The fake agent listens on a hull socket of its own directory, talks the hop frames with the deputies that connect, and plays
the capsule's end of their links, optionally losing frames and connections on the way.
"""

import collections
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

HELLO, CONFIG, READY, LINK_UP, LINK_DOWN, STATE, ENDED, EVENT = range(1, 9)
ACK, RESYNC = 64, 65
DATA, EOF, CLOSED, WINDOW, SIGNAL, STOPPED, CONTINUED, EXIT = range(70, 78)
TTY_MODE, TTY_SIZE, TTY_FG, TTY_HUP, TTY_UNREAD, GROUP, FINISHED = range(78, 85)

HEADER = struct.Struct("<IHHIIQ")
Signal = collections.namedtuple("Signal", "signo code pid uid value group")
WINDOW_BYTES = 65536
TIMEOUT = 10


def wait_until(condition, what="condition", timeout=TIMEOUT):
    """Polls until the condition yields something true, which is returned."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("timed out waiting for " + what)
        time.sleep(0.005)


class Link:
    """The capsule's end of the link of one deputy."""

    def __init__(self, agent, pid, config):
        self.agent, self.pid, self.config = agent, pid, config
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.conn = None
        self.ready = 0
        self.states, self.ended, self.frames = [], None, []
        self.out_next, self.in_next, self.unacked = 1, 1, collections.OrderedDict()
        self.credit = collections.defaultdict(lambda: WINDOW_BYTES)
        self.received = collections.defaultdict(bytearray)
        self.eof, self.closed = set(), set()
        self.auto_window = True
        self.deaf = False  # numbered frames are neither taken nor acknowledged
        self.conts = 0
        self.hellos = []
        self.broken = None

    # ---- sending
    def send(self, kind, payload=b""):
        with self.lock:
            seq = self.out_next
            self.out_next += 1
            frame = HEADER.pack(len(payload), kind, 0, self.pid, 0, seq) + payload
            self.unacked[seq] = frame
            self.put(frame)

    def put(self, frame):
        if self.conn is not None and not self.agent.loses():
            self.conn.send(frame)

    def control(self, kind, payload):
        self.put(HEADER.pack(len(payload), kind, 0, self.pid, 0, 0) + payload)

    def data(self, stream, data):
        """Sends all of it, waiting for the window."""
        data = bytes(data)
        while data:
            with self.changed:
                self.until(lambda: self.credit[stream] > 0 or stream in self.closed, "window of stream %d" % stream)
                if stream in self.closed:
                    return
                n = min(len(data), self.credit[stream], 40000)
                self.credit[stream] -= n
                self.send(DATA, struct.pack("<H", stream) + data[:n])
            data = data[n:]

    def end_of_file(self, stream):
        self.send(EOF, struct.pack("<H", stream))

    def grant(self, stream, n):
        self.send(WINDOW, struct.pack("<HI", stream, n))

    def stopped(self, signo, conts=None):
        self.send(STOPPED, struct.pack("<iI", signo, self.conts if conts is None else conts))

    def exit(self, status, leftovers=0):
        self.send(EXIT, struct.pack("<iB", status, leftovers))

    # ---- waiting
    def until(self, condition, what, timeout=TIMEOUT):
        with self.changed:
            if not self.changed.wait_for(condition, timeout):
                raise AssertionError("timed out waiting for %s; states=%s frames=%s" % (what, self.states, self.frames[-5:]))
            return condition()

    def expect(self, kind, match=lambda payload: True, timeout=TIMEOUT):
        """Takes the first frame of the kind that matches out of the list of frames seen."""

        def find():
            for i, (k, payload) in enumerate(self.frames):
                if k == kind and match(payload):
                    return i + 1
            return 0

        with self.changed:
            index = self.until(find, "frame %d" % kind, timeout) - 1
            return self.frames.pop(index)[1]

    def expect_signal(self, signo, timeout=TIMEOUT):
        payload = self.expect(SIGNAL, lambda p: struct.unpack_from("<i", p)[0] == signo, timeout)
        return Signal(*struct.unpack("<iiiIQB", payload))

    def expect_data(self, stream, n, timeout=TIMEOUT):
        with self.changed:
            self.until(lambda: len(self.received[stream]) >= n, "%d bytes of stream %d" % (n, stream), timeout)
            data = bytes(self.received[stream][:n])
            del self.received[stream][:n]
            return data

    def wait_ready(self):
        count = self.ready
        self.until(lambda: self.ready > 0, "READY")
        return count

    def settle(self):
        """Everything sent so far has arrived and was acknowledged."""
        self.until(lambda: not self.unacked, "acknowledgements")

    # ---- receiving, called by the connection's thread
    def connected(self, conn, role):
        with self.changed:
            self.conn = conn
            self.hellos.append(role)
            conn.send_frame(CONFIG, self.pid, self.config.encode())
            self.changed.notify_all()

    def up(self):
        with self.lock:
            if self.conn is not None:
                self.conn.send_frame(LINK_UP, self.pid)
                self.control(RESYNC, struct.pack("<QB", self.in_next, 1))

    def hop(self, kind, payload):
        with self.changed:
            if kind == READY:
                self.ready_text = payload.decode()
                self.ready += 1
                self.up()
            elif kind == STATE:
                self.states.append(payload.decode().strip())
            elif kind == ENDED:
                self.ended = payload.decode()
            self.changed.notify_all()

    def end_to_end(self, kind, seq, payload):
        if self.agent.loses():
            return
        with self.changed:
            if kind == ACK or kind == RESYNC:
                (number,) = struct.unpack_from("<Q", payload)
                upto = number if kind == ACK else number - 1
                while self.unacked and next(iter(self.unacked)) <= upto:
                    self.unacked.popitem(last=False)
                if kind == RESYNC:
                    if payload[8:9] == b"\1":
                        self.control(RESYNC, struct.pack("<QB", self.in_next, 0))
                    for frame in list(self.unacked.values()):
                        self.put(frame)
                self.changed.notify_all()
                return
            if self.deaf:
                return
            if seq != self.in_next:
                if seq > self.in_next:
                    self.control(RESYNC, struct.pack("<QB", self.in_next, 0))
                else:
                    self.control(ACK, struct.pack("<Q", self.in_next - 1))
                return
            self.in_next += 1
            self.control(ACK, struct.pack("<Q", seq))
            self.take(kind, payload)
            self.changed.notify_all()

    def take(self, kind, payload):
        stream = struct.unpack_from("<H", payload)[0] if len(payload) >= 2 else None
        if kind == DATA:
            self.received[stream] += payload[2:]
            if self.auto_window:
                self.send(WINDOW, struct.pack("<HI", stream, len(payload) - 2))
        elif kind == EOF:
            self.eof.add(stream)
        elif kind == CLOSED:
            self.closed.add(stream)
        elif kind == WINDOW:
            self.credit[stream] += struct.unpack_from("<HI", payload)[1]
        else:
            if kind == SIGNAL and struct.unpack_from("<i", payload)[0] == signal.SIGCONT:
                self.conts += 1
            self.frames.append((kind, payload))


class Connection(threading.Thread):
    def __init__(self, agent, sock):
        super().__init__(daemon=True)
        self.agent, self.sock, self.link = agent, sock, None
        self.send_lock = threading.Lock()
        self.start()

    def send(self, data):
        try:
            with self.send_lock:
                self.sock.sendall(data)
        except OSError:
            pass

    def send_frame(self, kind, link, payload=b""):
        self.send(HEADER.pack(len(payload), kind, 0, link, 0, 0) + payload)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def receive(self, n):
        data = b""
        while len(data) < n:
            more = self.sock.recv(n - len(data))
            if not more:
                raise OSError("end")
            data += more
        return data

    def run(self):
        try:
            while True:
                length, kind, zero, link, zero2, seq = HEADER.unpack(self.receive(24))
                assert zero == 0 and zero2 == 0 and length <= 65600
                payload = self.receive(length) if length else b""
                if kind == HELLO:
                    fields = dict(line.split("=", 1) for line in payload.decode().split())
                    assert fields["version"] == "1", fields
                    self.link = self.agent.link_for(int(fields["pid"]))
                    self.link.connected(self, fields)
                elif kind < ACK:
                    self.link.hop(kind, payload)
                else:
                    self.link.end_to_end(kind, seq, payload)
        except OSError:
            pass
        finally:
            link = self.link
            if link is not None:
                with link.changed:
                    if link.conn is self:
                        link.conn = None
                    link.changed.notify_all()
            self.sock.close()


class Agent:
    """Listens on the hull socket; one Link per expected deputy."""

    def __init__(self, path):
        self.path, self.links, self.connections = path, {}, []
        self.loss = 0
        self.random = random.Random(4711)
        self.listener = None
        self.listen()

    def loses(self):
        return self.loss > 0 and self.random.random() < self.loss

    def listen(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen(20)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            self.connections.append(Connection(self, sock))

    def crash(self):
        """As if killed: nobody listens, all connections break."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()

    def cut(self):
        for conn in self.connections:
            conn.close()
        self.connections = []

    def expect(self, pid, config):
        self.links[pid] = Link(self, pid, config)
        return self.links[pid]

    def link_for(self, pid):
        if pid not in self.links:
            raise OSError("deputy %d is not expected" % pid)
        return self.links[pid]


def read_text(path):
    with open(path) as f:
        return f.read()


def children_of(pid):
    return [int(kid) for kid in read_text("/proc/%d/task/%d/children" % (pid, pid)).split()]


def unified_root():
    with open("/proc/self/mounts") as mounts:
        for line in mounts:
            fields = line.split()
            if fields[2] == "cgroup2":
                return fields[1]
    return None


def status_of(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def stat_of(pid):
    """comm, state, ppid, pgrp, session, tty_nr, tpgid"""
    with open("/proc/%d/stat" % pid) as f:
        text = f.read()
    comm = text[text.index("(") + 1 : text.rindex(")")]
    fields = text[text.rindex(")") + 2 :].split()
    return (comm, fields[0]) + tuple(int(x) for x in fields[1:6])


def state_of(pid):
    """The letter of proc(5); X when the process is gone."""
    try:
        return stat_of(pid)[1]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def rss_kib(pid):
    return int(status_of(pid)["VmRSS"].split()[0])


class Rig:
    """A directory with the tools and an agent, and a frozen cgroup leaf on demand. Cleans up everything in close()."""

    def __init__(self, tools):
        self.dir = tempfile.mkdtemp(prefix="mig-rig-")
        os.chmod(self.dir, 0o755)
        self.run = os.path.join(self.dir, "run")
        self.bin = os.path.join(self.dir, "bin")
        os.mkdir(self.run)
        os.mkdir(self.bin)
        for tool in ("mig-deputy", "mig-deputise"):
            shutil.copy2(os.path.join(tools, tool), self.bin)
            os.chmod(os.path.join(self.bin, tool), 0o755)
        os.symlink(os.path.join(self.run, "hull.sock"), os.path.join(self.bin, "hull.sock"))
        self.stub = os.path.join(self.bin, "mig-deputy")
        self.agent = Agent(os.path.join(self.run, "hull.sock"))
        self.leaves, self.children = [], []

    def spawn(self, argv, **options):
        child = subprocess.Popen(argv, **options)
        self.children.append(child)
        return child

    def leaf(self):
        path = os.path.join(unified_root(), "mig-rig-%d-%d" % (os.getpid(), len(self.leaves)))
        os.mkdir(path)
        self.leaves.append(path)
        return path

    def freeze(self, *pids):
        """Moves the processes into a frozen leaf; returns (leaf, cgroup.procs file they came from)."""
        with open("/proc/%d/cgroup" % pids[0]) as f:
            here = [line.strip()[3:] for line in f if line.startswith("0::")][0]
        leaf = self.leaf()
        for pid in pids:
            with open(leaf + "/cgroup.procs", "w") as f:
                f.write(str(pid))
        with open(leaf + "/cgroup.freeze", "w") as f:
            f.write("1")
        wait_until(lambda: "frozen 1" in read_text(leaf + "/cgroup.events"), "freezing")
        return leaf, unified_root() + here.rstrip("/") + "/cgroup.procs"

    def run_deputise(self, *arguments):
        return subprocess.run(
            [os.path.join(self.bin, "mig-deputise"), "--stub", self.stub, *map(str, arguments)],
            capture_output=True, text=True, timeout=30)

    def deputise(self, pid, config="", keep=""):
        """Freezes the process and makes it a deputy; returns its Link, READY and up."""
        comm = stat_of(pid)[0]
        link = self.agent.expect(pid, "comm=%s\n%send\n" % (comm, config))
        leaf, origin = self.freeze(pid)
        done = self.run_deputise("--cgroup", origin, "--pid", pid, *(["--keep", keep] if keep else []))
        assert done.stdout == "%d ok\n" % pid and done.returncode == 0, (done.stdout, done.stderr)
        self.drop_leaf(leaf)
        return link

    def deputise_ready(self, pid, config="", keep=""):
        link = self.deputise(pid, config, keep)
        link.until(lambda: link.ready > 0, "READY")
        return link

    def drop_leaf(self, leaf):
        wait_until(lambda: not read_text(leaf + "/cgroup.procs"), "an empty leaf")

        def remove():
            try:
                os.rmdir(leaf)
                return True
            except OSError:
                return False

        wait_until(remove, "removal of the leaf")
        self.leaves.remove(leaf)

    def close(self):
        for leaf in list(self.leaves):
            with open(leaf + "/cgroup.kill", "w") as f:
                f.write("1")
            with open(leaf + "/cgroup.freeze", "w") as f:
                f.write("0")
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout, child.stderr):
                if pipe:
                    try:
                        pipe.close()
                    except OSError:
                        pass
        for leaf in list(self.leaves):
            self.drop_leaf(leaf)
        self.agent.crash()
        shutil.rmtree(self.dir)
