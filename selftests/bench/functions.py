# SPDX-License-Identifier: GPL-2.0-only
"""Make sense of what profile_plugin.c writes: instructions by function."""

import bisect
import collections

USER_END = 1 << 47
# No function is longer.
LONGEST = 1 << 16

# Who writes to shared memory in these, writes for an event.
EVENT_FUNCTIONS = ("fsnotify", "__fsnotify", "fanotify", "fastpath", "wrapped",
                   "bpf_prog_", "bpf_fanotify", "__srcu", "find_mark",
                   "bpf_trampoline", "(trampoline)")

# What differs by less, for each open+close, is the kernel's tick.
LEAST = 0.5


class Symbols:
    """Functions of the kernel and of what has been loaded, by address."""

    def __init__(self, names):
        self.names = names
        self.starts = sorted(names)

    def name(self, address):
        """The function that an instruction is in."""
        if address < USER_END:
            return "(userspace)"
        start = self.starts[bisect.bisect(self.starts, address) - 1]
        # The trampolines of BPF have no names.
        if address - start > LONGEST:
            return "(trampoline)"
        name = self.names[start]
        # A BPF program is named after its code, too: bpf_prog_DIGEST_NAME.
        if name.startswith("bpf_prog_"):
            return "bpf_prog_" + name.split("_", 3)[3]
        # What the compiler made of one function.
        return name.split(".")[0]


def sections(text):
    """The sections of the plugin's file: (executed, stores) by address."""
    found = []
    for line in text.splitlines():
        what, first, *count = line.split()
        if what == "section":
            found.append(({}, {}))
        else:
            found[-1][what == "store"][int(first, 16)] = int(count[0])
    return found


def by_function(counts, symbols, units):
    """Counts by address, as counts of each function for one unit."""
    table = collections.Counter()
    for address, count in counts.items():
        table[symbols.name(address)] += count / units
    return table


def profiles(output):
    """For each section its metric, and what each function executed and shared."""
    kernel = {}
    for section, (executed, stores) in zip(output.sections,
                                           sections(output.profile)):
        # The first has those of the kernel itself.
        kernel = kernel or section["symbols"]
        symbols = Symbols(kernel | section["symbols"])
        yield (section["metric"],
               by_function(executed, symbols, section["units"]),
               by_function(stores, symbols, section["units"]))


def instructions(output):
    """
    What each function adds with a watcher: metrics profile.WATCHER.FUNCTION,
    which add up to the watcher's cost.
    """
    tables = {metric.removeprefix("open."): executed
              for metric, executed, _ in profiles(output)}
    none = tables.pop("none", {})
    values = {}
    for watcher, table in tables.items():
        rest = 0
        for function in sorted(table.keys() | none.keys()):
            added = table.get(function, 0) - none.get(function, 0)
            if abs(added) >= LEAST:
                values[f"profile.{watcher}.{function}"] = added
            else:
                rest += added
        values[f"profile.{watcher}.(rest)"] = rest
    return values


def shared_writes(output):
    """
    Writes for each event to cache lines of the kernel that another CPU writes
    to, too: metrics shared.WATCHER.
    """
    values = {}
    for metric, _, stores in profiles(output):
        watcher = metric.rpartition(".")[2]
        values[f"shared.{watcher}"] = sum(
            count for function, count in stores.items()
            if function.startswith(EVENT_FUNCTIONS))
    return values
