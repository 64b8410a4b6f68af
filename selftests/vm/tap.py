# SPDX-License-Identifier: GPL-2.0-only
"""Read what test programs print in the Test Anything Protocol."""

import dataclasses
import re
import signal

PLAN = re.compile(r"1\.\.(\d+)(?:\s*#\s*SKIP\S*\s*(.*))?", re.IGNORECASE)
KSFT_SKIP = 4
RESULT = re.compile(r"(not )?ok\b\s*(\d+)?\s*(?:-\s*)?(.*?)(?:\s*#\s*(\w+)\s*(.*))?$")


@dataclasses.dataclass
class Test:
    """One result line, and the diagnostics before it."""

    name: str
    outcome: str            # "ok", "not ok" or "skip"
    notes: list = dataclasses.field(default_factory=list)


class Program:
    """The tests of one program."""

    def __init__(self, name):
        self.name = name
        self.plan = None
        self.skip_all = None
        self.bail_out = None
        self.tests = []
        self.notes = []

    def feed(self, line):
        """Take a line of the program's output."""
        plan = PLAN.match(line)
        result = RESULT.match(line)
        if plan and self.plan is None:
            self.plan = int(plan[1])
            if plan[2] is not None:
                self.skip_all = plan[2] or "no reason given"
            self.notes = []
        elif line.startswith("Bail out!"):
            self.bail_out = line[len("Bail out!"):].strip() or "no reason given"
        elif result:
            outcome = "not ok" if result[1] else "ok"
            if (result[4] or "").upper() == "SKIP":
                outcome = "skip"
                self.notes.append(result[5])
            name = f"{self.name}.{result[3] or result[2]}"
            self.tests.append(Test(name, outcome, self.notes))
            self.notes = []
        elif not line.startswith(("TAP version", "# Starting", "#  RUN",
                                  "#            OK")):
            self.notes.append(line)

    def finish(self, status, limit=None):
        """
        The program ended: add what is wrong with that as a failure.

        status: what it ended with, as in a shell; None if the guest did not let
        it end. limit: the seconds after which it was killed.
        """
        if self.plan == 0 and self.skip_all and status in (0, KSFT_SKIP) and \
                not self.tests:
            self.tests.append(Test(f"{self.name}.program", "skip",
                                   self.notes + [self.skip_all]))
            return
        ended = self._how_ended(status, limit)
        problem = None
        if self.bail_out:
            problem = f"bailed out: {self.bail_out}"
        elif self.plan is None:
            problem = f"{ended} and printed no plan"
        elif self.plan != len(self.tests):
            problem = (f"planned {self.plan} tests and printed the results of "
                       f"{len(self.tests)}; {ended}")
        elif self.plan == 0:
            problem = f"planned no tests; {ended}"
        elif status not in (0, KSFT_SKIP) and self.count("not ok") == 0:
            problem = f"{ended}, though no test failed"
        if problem:
            self.tests.append(Test(f"{self.name}.program", "not ok",
                                   self.notes + [problem]))

    @staticmethod
    def _how_ended(status, limit):
        if status is None:
            return "the guest ended while it ran"
        if status <= 128:
            return f"ended with {status}"
        try:
            name = signal.Signals(status - 128).name
        except ValueError:
            return f"ended with {status}"
        if name == "SIGKILL" and limit:
            return f"was killed, as after the limit of {limit} s"
        return f"was killed by {name}"

    def count(self, outcome):
        """How many tests ended so."""
        return sum(test.outcome == outcome for test in self.tests)
