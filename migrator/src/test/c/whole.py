"""The whole way: originals become real deputies, frames are routed between them and the capsules by a fake agent."""

import os
import shutil
import subprocess

from harness import *

(CONFIG, READY, STATE, ENDED) = (2, 3, 6, 7)


class Route:
    """Takes the place of harness.Deputy: what comes from one side goes to the other."""

    def __init__(self, agent, link):
        self.agent, self.link = agent, link
        self.capsule = None
        self.connection = None
        self.config = ""
        self.ready = 0
        self.said = []
        self.demand = set()

    def to_deputy(self, type, seq, payload):
        if self.connection is not None:
            try:
                self.connection.sendall(HEADER.pack(len(payload), type, 0, self.link, 0, seq) + payload)
            except OSError:
                pass

    def connect(self, capsule):
        self.capsule = capsule
        self.tell(LINK_UP)

    def disconnect(self):
        self.tell(LINK_DOWN)
        self.capsule = None

    def tell(self, type):
        if self.capsule is not None and self.connection is not None and self.ready:
            self.agent.send(self.capsule, type, self.link, 0, b"")
            self.to_deputy(type, 0, b"")

    def take(self, type, seq, payload):
        self.to_deputy(type, seq, payload)

    def hop(self, connection, type, payload):
        if type == HELLO:
            self.connection = connection
            self.to_deputy(CONFIG, 0, self.config.encode())
        elif type == READY:
            self.ready += 1
            self.tell(LINK_UP)
        else:
            self.said.append((type, payload.decode()))


class HomeAgent(Agent):
    def __init__(self, tools, name):
        super().__init__(tools, name)
        self.bin = self.dir + "/bin"
        os.mkdir(self.bin)
        for tool in ("mig-deputy", "mig-deputise"):
            shutil.copy2(f"{tools}/{tool}", self.bin)
        os.symlink(self.path, self.bin + "/hull.sock")

    def deputy(self, link):
        return self.deputies.setdefault(link, Route(self, link))

    def frame(self, connection, type, link, seq, payload):
        if type == HELLO:
            facts = dict(line.split("=", 1) for line in payload.decode().split("\n") if line)
            if facts["role"] != "capsule":
                route = self.deputies[int(facts["pid"])]
                self.owner[connection] = route
                route.hop(connection, type, payload)
                return
        owner = self.owner.get(connection)
        if isinstance(owner, Route):
            if type < 64:
                owner.hop(connection, type, payload)
            elif owner.capsule is not None:
                self.send(owner.capsule, type, owner.link, seq, payload)
            return
        super().frame(connection, type, link, seq, payload)

    def drop(self, connection):
        owner = self.owner.get(connection)
        if isinstance(owner, Route) and owner.connection is connection:
            owner.connection = None
            owner.ready = 0
        super().drop(connection)

    def restart(self):
        self.listen()
        self.until(lambda: all(c.connection for c in self.capsules.values()), "capsules reconnect")
        for route in self.deputies.values():
            route.tell(LINK_UP)

    def deputise(self, body, origin, keep):
        command = [self.bin + "/mig-deputise", "--stub", self.bin + "/mig-deputy", "--cgroup", origin]
        for pid in body.pids:
            command += ["--pid", str(pid)]
            if keep.get(pid):
                command += ["--keep", ",".join(map(str, keep[pid]))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0, done.stdout + done.stderr


class WholeBody(Body):
    """descriptors: {stream id: fd number in the process of its link}"""

    def __init__(self, agent, root, streams, descriptors, tty=None, links=None):
        super().__init__(agent, root, streams, tty, links)
        with open(f"/proc/{root}/cgroup") as f:
            here = [line.strip()[3:] for line in f if line.startswith("0::")][0]
        self.origin = cgroup_root() + here.rstrip("/") + "/cgroup.procs"
        self.keep = {}
        configs = {}
        for ident, link, kind, words, _ in self.streams:
            configs.setdefault(link, []).append(f"stream={ident} kind={kind} fd={descriptors[ident]} flags={'demand' if 'demand' in words else 0}\n")
            self.keep.setdefault(link, []).append(descriptors[ident])
        for link in self.links:
            with open(f"/proc/{link}/comm") as f:
                comm = f.read().strip()
            agent.deputy(link).config = f"comm={comm}\n" + "".join(configs.get(link, [])) + "end\n"

    def after_commit(self, old_leaf):
        self.agent.deputise(self, self.origin, self.keep)
        self.agent.until(lambda: all(self.agent.deputy(l).ready for l in self.links), "deputies are ready")
