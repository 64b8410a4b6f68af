# SPDX-License-Identifier: GPL-2.0-only
"""What is made of the values that the cases measure: one entry each."""

import dataclasses
import statistics


@dataclasses.dataclass
class Metric:
    """A metric that a case reports: what it is compared with."""

    name: str
    baseline: str = None
    target: float = None
    target_of: str = "value"

    # What JSON gets beside what all metrics have.
    extra = {}

    def of_run(self, values):
        """Its value in a run; KeyError if that lacks what it takes."""
        return values[self.name]


@dataclasses.dataclass
class Difference(Metric):
    """The metric `whole` minus the metric `minus`."""

    whole: str = None
    minus: str = None

    def __post_init__(self):
        self.baseline = self.baseline or self.minus
        self.extra = {"minus": self.minus}

    def of_run(self, values):
        return values[self.whole] - values[self.minus]


@dataclasses.dataclass
class Slope(Metric):
    """How much metrics grow by, for each step of what they are called by."""

    points: dict = None

    def of_run(self, values):
        return statistics.linear_regression(
            list(self.points), [values[name] for name in self.points.values()]
        ).slope


METRICS = [
    # One open(2) and close(2), and what each thing adds to it.
    Metric("open.ignore", "open.none"),
    Metric("open.nop", "open.none"),
    Metric("open.subtree", "open.none"),
    Difference("open.ignore.cost", whole="open.ignore", minus="open.none"),
    Difference("open.nop.cost", whole="open.nop", minus="open.none"),
    Difference("open.subtree.cost", whole="open.subtree", minus="open.none"),
    Difference("open.nop.beyond.ignore", whole="open.nop", minus="open.ignore"),

    # The subtree handler at a depth, beyond the handler that does nothing.
    *[Difference(f"depth.{depth}.cost", whole=f"depth.{depth}.subtree",
                 minus=f"depth.{depth}.nop",
                 target=150 if depth == 4 else None)
      for depth in (2, 4, 8, 16, 32)],
    Slope("depth.per.level", target=12,
          points={depth: f"depth.{depth}.subtree"
                  for depth in (2, 4, 8, 16, 32)}),

    # Marks of other groups on an ancestor.
    Difference("foreign.1.cost", whole="foreign.1", minus="foreign.0"),
    Difference("foreign.4.cost", whole="foreign.4", minus="foreign.0"),

    # The number of roots does not matter, ...
    Difference("roots.1.cost", whole="roots.1", minus="roots.nop"),
    Difference("roots.100.cost", "roots.1.cost", 1.02, "ratio",
               whole="roots.100", minus="roots.nop"),
    Difference("roots.10000.cost", "roots.1.cost", 1.02, "ratio",
               whole="roots.10000", minus="roots.nop"),

    # ... nor that of the files, ...
    Difference("files.1000.cost", whole="files.1000.subtree",
               minus="files.1000.none"),
    *[Difference(f"files.{count}.cost", "files.1000.cost", 1.02, "ratio",
                 whole=f"files.{count}.subtree", minus=f"files.{count}.none")
      for count in (10000, 100000, 1000000)],

    # ... nor that of the directories when a subtree begins to be watched.
    Metric("setup.100000", "setup.1000", 1.02, "ratio"),

    # Events that are delivered and read.
    Metric("sent.subtree", "sent.all"),
    Difference("sent.subtree.cost", whole="sent.subtree", minus="sent.all"),

    # What stays in memory: the roots, as without a handler.
    Metric("kept.inodes.subtree", "kept.inodes.all", 1, "ratio"),
    Metric("kept.dentries.subtree", "kept.dentries.all", 0),
]
