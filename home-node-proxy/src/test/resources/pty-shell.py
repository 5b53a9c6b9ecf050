"""An interactive bash on a pty of its own. Each line of standard input is typed; all output of the terminal goes to standard output."""

import os
import pty
import selectors
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(PS1="ready> ", PS2="", HISTFILE="/dev/null", TERM="dumb")
    os.execvp("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"])

ends = selectors.DefaultSelector()
ends.register(0, selectors.EVENT_READ, terminal)
ends.register(terminal, selectors.EVENT_READ, 1)
while True:
    for key, _ in ends.select():
        try:
            data = os.read(key.fd, 4096)
        except OSError:
            data = b""
        if not data:
            os.close(terminal)
            os.waitpid(pid, 0)
            sys.exit(0)
        # what is typed comes as text: ^C and ^Z stand for the keys
        if key.fd == 0:
            data = data.replace(b"^C\n", b"\x03").replace(b"^Z\n", b"\x1a")
        os.write(key.data, data)
