# SPDX-License-Identifier: GPL-2.0-only
"""What is made of the values that the cases measure."""

import dataclasses
import re
import statistics


@dataclasses.dataclass
class Metric:
    """A metric that a case reports: what it is compared with, and its bound."""

    name: str
    baseline: str = None
    target: float = None
    target_of: str = "value"
    # The flavours that have the bound; of all if there are none.
    bound: tuple = ()
    # Another metric that this one is, by another name.
    same_as: str = None

    # What JSON gets beside what all metrics have.
    extra = {}

    @property
    def measured(self):
        """The metric that a case reports and that this has the unit of."""
        return self.same_as or self.name

    @property
    def is_ratio(self):
        """Whether it says nothing without its baseline."""
        return bool(self.same_as)

    def of_runs(self, values):
        """Its value in each run; KeyError if these lack what it takes."""
        return values[self.measured]


@dataclasses.dataclass
class Difference(Metric):
    """The metric `whole` minus the metric `minus`."""

    whole: str = None
    minus: str = None

    def __post_init__(self):
        self.baseline = self.baseline or self.minus
        self.extra = {"minus": self.minus}

    @property
    def measured(self):
        return self.whole

    @property
    def is_ratio(self):
        return self.baseline != self.minus

    def of_runs(self, values):
        return [whole - minus for whole, minus
                in zip(values[self.whole], values[self.minus])]


@dataclasses.dataclass
class Slope(Metric):
    """
    How much metrics grow by, for each step of what they are called by; beyond
    what those of `minus` do.
    """

    points: dict = None
    minus: dict = None

    @property
    def measured(self):
        return next(iter(self.points.values()))

    def of_runs(self, values):
        series = [values[name] for name in self.points.values()]
        if self.minus:
            series = [[whole - minus for whole, minus in zip(run, values[name])]
                      for run, name in zip(series, self.minus.values())]
        return [statistics.linear_regression(list(self.points), run).slope
                for run in zip(*series)]


def costs(names):
    """What each watcher costs beyond none, for all cases that have both."""
    found = []
    for name in names:
        prefix, _, watcher = name.rpartition(".")
        none = f"{prefix}.none"
        if watcher == "none" or none not in names:
            continue
        found.append(Metric(name, none))
        if not re.match(r"files\.", name):
            found.append(Difference(f"{name}.cost", none, whole=name, minus=none))
    return found


# A handler that does nothing but what is in its name is compared with:
SLEEPING = ("data_inode", "data_dentry", "dget_parent", "xattr")
WAKING = ("is_subdir", "nearest_mark", "ancestors", "dentry_name", "file_name",
          "path", "hook_args")

DEPTHS = (2, 4, 8, 16, 32)

METRICS = [
    # Where no handler is attached: the kernel without anything of ours.
    *[Metric(f"unattached.{watcher}", f"unpatched.open.{watcher}", 1.002,
             "ratio", same_as=f"open.{watcher}")
      for watcher in ("none", "ignore", "fid", "fd", "filter_fd", "filter_fid")],
    # Where one is attached to another group.
    Metric("elsewhere.none", "open.none", 1.002, "ratio",
           same_as="open.other_none"),
    Metric("elsewhere.fid", "open.fid", 1.002, "ratio", same_as="open.other_fid"),

    # The handler that does nothing.
    Difference("nop.beyond.ignore", whole="open.nop", minus="open.ignore"),
    Difference("nop.beyond.mask", whole="open.nop", minus="mask.open",
               target=180, bound=("intree",)),
    Difference("nop.beyond.intree", whole="open.nop", minus="intree:open.nop",
               target=80),

    # The subtree handler, beyond that.
    Difference("subtree.beyond.nop", whole="open.subtree", minus="open.nop",
               target=150),
    *[Difference(f"depth.{depth}.cost", whole=f"depth.{depth}.subtree",
                 minus=f"depth.{depth}.nop") for depth in DEPTHS],
    Slope("depth.per.level", target=12,
          points={depth: f"depth.{depth}.subtree" for depth in DEPTHS},
          minus={depth: f"depth.{depth}.nop" for depth in DEPTHS}),

    # Marks of other groups on an ancestor.
    Difference("foreign.1.cost", whole="foreign.1", minus="foreign.0"),
    Difference("foreign.4.cost", whole="foreign.4", minus="foreign.0"),

    # The number of roots does not matter, ...
    Difference("roots.1.cost", whole="roots.1", minus="roots.nop"),
    *[Difference(f"roots.{count}.cost", "roots.1.cost", 1.02, "ratio",
                 whole=f"roots.{count}", minus="roots.nop")
      for count in (100, 10000)],

    # ... nor that of the files, ...
    Difference("files.1000.cost", whole="files.1000.subtree",
               minus="files.1000.none"),
    *[Difference(f"files.{count}.cost", "files.1000.cost", 1.02, "ratio",
                 whole=f"files.{count}.subtree", minus=f"files.{count}.none")
      for count in (10000, 100000, 1000000)],

    # ... nor that of the directories when a subtree begins to be watched, ...
    Metric("setup.100000", "setup.1000", 1.02, "ratio"),
    Metric("setup.100000.inotify", "setup.100000"),

    # ... nor that of the files below a directory that is moved in and out.
    Metric("move.100000.subtree", "move.1000.subtree", 1.02, "ratio"),
    Difference("move.100000.subtree.cost", "move.1000.subtree.cost", 1.02,
               "ratio", whole="move.100000.subtree", minus="move.100000.none"),

    # In all, against a filter in userspace, with its listener.
    *[Difference(f"subtree.to.{case}{watcher}", f"{case}{watcher}.cost",
                 round(1 / 9, 4), "ratio", whole="open.subtree",
                 minus="open.none")
      for case in ("open.", "waiting.")
      for watcher in ("filter_fd", "filter_fid")],
    # What no handler can go below: the event does not enter fanotify.
    *[Difference(f"floor.to.{case}{watcher}", f"{case}{watcher}.cost",
                 whole="open.ignore", minus="open.none")
      for case in ("open.", "waiting.")
      for watcher in ("filter_fd", "filter_fid")],

    # A permission event that is answered in the kernel, or by a process.
    Difference("answer.open", "perm.open.allow.cost", round(1 / 12, 4), "ratio",
               whole="perm.open.nop", minus="perm.open.none"),
    Difference("answer.exec", "perm.exec.allow.cost", whole="perm.exec.nop",
               minus="perm.exec.none"),

    # Each kfunc, beyond a handler that calls none.
    *[Difference(f"kfunc.{kfunc}", whole=f"open.kfunc_{kfunc}",
                 minus="open.kfunc_sleepable") for kfunc in SLEEPING],
    *[Difference(f"kfunc.{kfunc}", whole=f"open.kfunc_{kfunc}",
                 minus="open.nop") for kfunc in WAKING],

    # Events that are delivered and read.
    Difference("sent.subtree.beyond.fid", whole="sent.subtree", minus="sent.fid"),

    # More groups, more CPUs.
    Slope("groups.per.group",
          points={count: f"groups.{count}" for count in range(1, 9)}),
    *[Metric(f"cpus.4.{watcher}.cost", f"cpus.1.{watcher}.cost", 1.002, "ratio")
      for watcher in ("nop", "subtree")],

    # What stays in memory: the roots, as without a handler.
    Metric("kept.inodes.subtree", "kept.inodes.fid", 1, "ratio"),
    Metric("kept.dentries.subtree", "kept.dentries.fid", 0),
    Metric("memory.inotify.watch", "memory.root"),
]


def all_metrics(names):
    """What is measured, what each watcher costs, and what is made of that."""
    table = {name: Metric(name) for name in names}
    for metric in costs(names) + METRICS:
        if metric.name in table and isinstance(table[metric.name], Difference):
            # A bound on a cost.
            metric = dataclasses.replace(
                table[metric.name], baseline=metric.baseline,
                target=metric.target, target_of=metric.target_of,
                bound=metric.bound)
        table.pop(metric.name, None)
        table[metric.name] = metric
    return list(table.values())
