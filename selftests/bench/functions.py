# SPDX-License-Identifier: GPL-2.0-only
"""Make sense of what profile_plugin.c writes: instructions by function."""

import bisect
import collections

USER_END = 1 << 47
# No function is longer.
LONGEST = 1 << 16

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
    """The sections of the plugin's file: how often what address was executed."""
    found = []
    for line in text.splitlines():
        address, count = line.split()
        if address == "section":
            found.append({})
        else:
            found[-1][int(address, 16)] = int(count)
    return found


def by_function(counts, symbols, units):
    """Counts by address, as counts of each function for one unit."""
    table = collections.Counter()
    for address, count in counts.items():
        table[symbols.name(address)] += count / units
    return table


def profiles(output):
    """For each section its metric, and what each function executed."""
    kernel = {}
    for section, executed in zip(output.sections, sections(output.profile)):
        # The first has those of the kernel itself.
        kernel = kernel or section["symbols"]
        symbols = Symbols(kernel | section["symbols"])
        yield (section["metric"],
               by_function(executed, symbols, section["units"]))


def instructions(output):
    """
    What each function adds with a watcher: metrics profile.WATCHER.FUNCTION,
    which add up to the watcher's cost.
    """
    tables = {metric.removeprefix("open."): executed
              for metric, executed in profiles(output)}
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
