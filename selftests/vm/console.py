# SPDX-License-Identifier: GPL-2.0-only
"""Read the kernel's console, and know trouble when it is there."""

import re

from errors import Outcome

PANIC = re.compile(r"Kernel panic - not syncing")

OOPS = re.compile(
    r"BUG: (unable to handle|kernel NULL pointer)|Oops:|kernel BUG at|"
    r"general protection fault|invalid opcode:|stack segment:|"
    r"double fault:|divide error:")

# What the kernel prints when something is wrong, but it goes on.
WARNING = re.compile(
    r"WARNING:|BUG:|\bINFO: (possible|task|trying|suspicious|inconsistent)|"
    r"possible (circular|recursive) locking|suspicious RCU usage|"
    r"rcu.*(self-detected stall|detected stalls|detected expedited stalls)|"
    r"soft lockup|hard LOCKUP|blocked for more than|KASAN|KCSAN|KMSAN|UBSAN|"
    r"kmemleak: \d+ new|unreferenced object|scheduling while atomic|"
    r"sleeping function called|refcount_t:|list_(add|del) corruption|"
    r"DEBUG_LOCKS_WARN_ON|ODEBUG|Voluntary context switch within|"
    r"cannot create duplicate filename|"
    r"bad unlock balance|held lock freed|VFS: Busy inodes|"
    r"unregister_netdevice: waiting|Out of memory: Killed")


class Console:
    """The kernel's lines so far, and the worst that they say."""

    def __init__(self, expect=None, log=None):
        self.expect = expect
        self.log = log
        self.lines = []
        self.partial = b""
        self.warnings = []
        self.oops = None
        self.panic = None

    def feed(self, data):
        """Take what came from the console."""
        if self.log:
            self.log.write(data)
            self.log.flush()
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            self._line(line.decode(errors="replace").rstrip("\r"))

    def finish(self):
        """No more will come."""
        if self.partial:
            self.feed(b"\n")

    def _line(self, line):
        self.lines.append(line)
        if self.expect and self.expect.search(line):
            return
        if PANIC.search(line):
            self.panic = self.panic or line
        elif OOPS.search(line):
            self.oops = self.oops or line
        elif WARNING.search(line):
            self.warnings.append(line)

    def trouble(self):
        """(Outcome, text) of the worst trouble, or None."""
        if self.oops:
            return Outcome.OOPS, f"the guest's kernel oopsed: {self.oops}"
        if self.panic:
            return Outcome.PANIC, f"the guest's kernel panicked: {self.panic}"
        if self.warnings:
            return (Outcome.WARNING, "the guest's kernel warned "
                    f"{len(self.warnings)} time(s): {self.warnings[0]}")
        return None

    def tail(self, count=30):
        """The lines from where the worst trouble began, or the last ones."""
        worst = self.oops or self.panic or (self.warnings + [None])[0]
        if worst in self.lines:
            start = max(0, self.lines.index(worst) - 2)
            return self.lines[start:start + count]
        return self.lines[-count:]
