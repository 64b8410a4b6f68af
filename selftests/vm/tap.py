# SPDX-License-Identifier: GPL-2.0-only
"""Read what test programs print in the Test Anything Protocol."""

import dataclasses
import re

PLAN = re.compile(r"1\.\.(\d+)")
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
        self.bail_out = None
        self.tests = []
        self.notes = []

    def feed(self, line):
        """Take a line of the program's output."""
        plan = PLAN.match(line)
        result = RESULT.match(line)
        if plan and self.plan is None:
            self.plan = int(plan[1])
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

    def finish(self, status):
        """The program ended: add what is wrong with that as a failure."""
        problem = None
        if self.bail_out:
            problem = f"bailed out: {self.bail_out}"
        elif self.plan is None:
            problem = f"ended with {status} and printed no plan"
        elif self.plan != len(self.tests):
            problem = (f"planned {self.plan} tests and ran {len(self.tests)}; "
                       f"ended with {status}")
        elif status not in (0, 4) and self.count("not ok") == 0:
            problem = f"ended with {status}, though no test failed"
        if problem:
            self.tests.append(Test(f"{self.name}.program", "not ok",
                                   self.notes + [problem]))

    def count(self, outcome):
        """How many tests ended so."""
        return sum(test.outcome == outcome for test in self.tests)
