# SPDX-License-Identifier: GPL-2.0-only
"""Which kernels are booted for a flavour, and what runs in each."""

import dataclasses
import fnmatch
import glob
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "build")
STOCK = os.environ.get("STOCK", "cloud-amd64")
FLAVOURS = ("module", "intree", "module-plain")

# A case is a file.
CASES = sorted(os.path.basename(path)[len("case_"):-len(".c")]
               for path in glob.glob(os.path.join(
                   os.path.dirname(os.path.abspath(__file__)), "case_*.c")))
# These need a kernel or a boot of their own.
USUAL = tuple(case for case in CASES if case not in ("mask", "time"))


class BenchError(Exception):
    """What ends the benchmark; its text is for the user."""


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A kernel to boot, and the module of ours to load, if any."""

    image: str
    modules: str = None
    ko: str = None

    @property
    def here(self):
        """Whether it is the one that this runs on."""
        return not self.image

    def options(self):
        """The options of vm that boot it."""
        options = ["--kernel", self.image]
        if self.modules:
            options += ["--modules", self.modules]
        if self.ko:
            options += ["--load-ko", self.ko]
        return options

    def with_module(self, name):
        """The same, with the module that was built for it."""
        return dataclasses.replace(
            self, ko=f"{BUILD}/module/{name}/fanotify_fastpath.ko")


def stock_kernel():
    """Debian's kernel."""
    stock = os.path.realpath(os.path.join(BUILD, "stock", STOCK))
    image = glob.glob(f"{stock}/boot/vmlinuz-*")[0]
    release = os.path.basename(image).removeprefix("vmlinuz-")
    return Kernel(image, f"{stock}/lib/modules/{release}")


def built_kernel(name):
    """A kernel that was built here."""
    return Kernel(f"{BUILD}/{name}/bzImage")


@dataclasses.dataclass(frozen=True)
class Boot:
    """A boot: what of the cases runs on which kernel."""

    kernel: Kernel
    # What it is for, as far as it is asked for.
    cases: tuple = USUAL
    # What the names of the metrics begin with.
    prefix: str = ""
    options: tuple = ()
    cpus: int = 1
    memory: int = 2560
    timed: bool = False
    profile: bool = False
    clock: str = "icount"
    count: int = 2

    @property
    def alone(self):
        """Whether nothing may run beside it."""
        return self.timed or self.kernel.here

    def command(self, cases, plugin=None):
        """The command that boots the guest, or runs the cases here."""
        if self.kernel.here:
            return [f"{BUILD}/bench", "--clock", self.clock, *self.options,
                    *cases]
        command = [os.path.join(TOP, "selftests/vm/vm"), "run",
                   "--mem", str(self.memory), "--timeout", "2400",
                   "--smp", str(self.cpus), "--disk", "256M:ext4",
                   "--append", "norandmaps", "--add", f"{BUILD}/bench:/bench",
                   *self.kernel.options()]
        if not self.timed:
            command += ["--icount"]
        if plugin:
            command += ["--plugin", plugin]
        return command + ["--", "/bench", *self.options, *cases]


def wanted_cases(patterns):
    """The names of the cases that match one of the patterns."""
    for pattern in patterns:
        if not fnmatch.filter(CASES, pattern):
            raise BenchError(f"there is no case {pattern}; there are "
                             f"{' '.join(CASES)}")
    return [case for case in CASES
            if any(fnmatch.fnmatch(case, pattern) for pattern in patterns)]


# Watchers that a kernel without the fastpath has no use for.
SKIP_HANDLERS = tuple(word for name in ("nop", "subtree", "kfunc_*", "other_*",
                                        "lsm", "fentry", "inotify")
                      for word in ("--skip", name))
# What is explained function by function.
PROFILED = ("--profile",) + tuple(
    word for name in ("kfunc_*", "other_*", "lsm", "fentry", "inotify", "fd",
                      "filter_*")
    for word in ("--skip", name))


def boots_of(kernel):
    """The boots of any kernel that has the fastpath."""
    return [
        Boot(kernel),
        Boot(kernel, ("cpus",), cpus=4, memory=1024),
        Boot(kernel, ("time",), options=("--timed",), cpus=2, memory=1024,
             timed=True, count=1),
        Boot(kernel, ("open",), options=PROFILED, memory=1024, profile=True,
             count=1),
    ]


def boots_here(clock):
    """What runs on this machine, for want of another."""
    here = Kernel("")
    return [Boot(here, clock=clock, count=1),
            Boot(here, ("time",), options=("--timed",), timed=True, count=1)]


def boots(flavour):
    """The boots of a flavour."""
    if flavour == "module":
        stock = stock_kernel()
        return boots_of(stock.with_module(STOCK)) + [
            Boot(stock, ("open",), "unpatched.", SKIP_HANDLERS)]
    plain = built_kernel("kernel-plain")
    beside = [
        Boot(plain, ("open",), "unpatched.", SKIP_HANDLERS),
        Boot(built_kernel("kernel-mask"), ("mask",), memory=512),
    ]
    if flavour == "intree":
        return boots_of(built_kernel("kernel")) + beside
    if flavour == "module-plain":
        return [Boot(plain.with_module("plain"), ("open", "depth", "roots",
                                                  "perm"))] + beside
    raise BenchError(f"{flavour}: the flavours are {', '.join(FLAVOURS)}")


@dataclasses.dataclass
class Output:
    """What a boot has printed, and what a plugin has written."""

    values: dict = dataclasses.field(default_factory=dict)
    units: dict = dataclasses.field(default_factory=dict)
    left_out: dict = dataclasses.field(default_factory=dict)
    sections: list = dataclasses.field(default_factory=list)
    profile: str = ""
    # What went wrong; the rest counts.
    failures: list = dataclasses.field(default_factory=list)

    def read(self, text, prefix, name):
        """Take what the guest has printed."""
        for line in text.splitlines():
            if not line.startswith("{"):
                print(f"bench: {name}: {line}", file=sys.stderr)
                continue
            entry = json.loads(line)
            if "left_out" in entry:
                self.left_out[entry["left_out"]] = entry["why"]
            elif "section" in entry:
                self.sections.append(entry | {"symbols": {}})
            elif "symbol" in entry:
                self.sections[-1]["symbols"][int(entry["address"], 16)] = \
                    entry["symbol"]
            else:
                metric = prefix + entry["metric"]
                self.values.setdefault(metric, []).append(entry["value"])
                self.units[metric] = entry["unit"]

    def add(self, other):
        """Take what another boot has printed."""
        for metric, values in other.values.items():
            self.values.setdefault(metric, []).extend(values)
        self.units |= other.units
        self.left_out |= other.left_out
        self.failures += other.failures


def run(boot, cases, name):
    """Boot once. Returns the Output."""
    output = Output()
    with tempfile.TemporaryDirectory(prefix="bench.") as folder:
        plugin = None
        if boot.profile:
            plugin = f"{BUILD}/profile_plugin.so,out={folder}/profile"
        done = subprocess.run(boot.command(cases, plugin), text=True, check=False,
                              stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        if done.returncode:
            output.failures.append(f"{name}: ended with {done.returncode}")
        elif boot.profile:
            with open(f"{folder}/profile", encoding="ascii") as file:
                output.profile = file.read()
    output.read(done.stdout, boot.prefix, name)
    return output
