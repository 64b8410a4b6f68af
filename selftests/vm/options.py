# SPDX-License-Identifier: GPL-2.0-only
"""The options that "vm run" and "run-tests" share, and how both end."""

import argparse
import os
import re
import signal
import sys

import guest
from errors import HarnessError, Outcome


class Parser(argparse.ArgumentParser):
    """Ends with a status of the harness, which no command is likely to have."""

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(Outcome.HARNESS,
                  f"{self.prog}: {message}; see {self.prog} --help\n")


def version():
    """The project's version."""
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
    with open(os.path.join(top, "VERSION"), encoding="utf-8") as file:
        return file.read().strip()


def regex(text):
    """A regular expression, for argparse."""
    try:
        return re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None


def add_options(parser):
    """The options that say what guest to boot."""
    parser.add_argument("--version", action="version",
                        version=f"%(prog)s {version()}")
    parser.add_argument("--kernel", required=True, metavar="BZIMAGE",
                        help="the kernel to boot")
    parser.add_argument("--modules", metavar="DIR",
                        help="its modules: a lib/modules/VERSION tree")
    parser.add_argument("--load", action="append", default=[], metavar="MODULE",
                        help="load a module of that tree, if it is there")
    parser.add_argument("--load-ko", action="append", default=[], metavar="FILE",
                        help="load a module from a file, after those")
    parser.add_argument("--add", action="append", default=[],
                        metavar="HOST[:GUEST]",
                        help="copy a file or directory into the guest")
    parser.add_argument("--disk", action="append", default=[], type=guest.Disk,
                        metavar="SIZE[M|G][:FSTYPE]",
                        help="add a disk: ext4, btrfs, xfs and vfat are made and mounted "
                        "at /mnt/disk0, /mnt/disk1, ...; another type is left to "
                        "the command")
    parser.add_argument("--smp", type=int,
                        help="CPUs (2; with --icount 1)")
    parser.add_argument("--mem", type=int, default=1024, metavar="MB",
                        help="memory (1024)")
    parser.add_argument("--icount", action="store_true",
                        help="one instruction per tick, CPUs in turn: for counting")
    parser.add_argument("--plugin", metavar="FILE[,ARGUMENT]",
                        help="load a plugin into QEMU")
    parser.add_argument("--timeout", type=float, default=300, metavar="SECONDS",
                        help="until the guest is given up (300)")
    parser.add_argument("--append", default="", metavar="WORDS",
                        help="add to the kernel's command line")
    parser.add_argument("--console-log", metavar="FILE",
                        help="write the kernel's console to a file")
    parser.add_argument("--expect-warning", metavar="REGEX", type=regex,
                        help="kernel lines that are no trouble")
    parser.add_argument("-v", "--verbose", action="store_true",
                        help="say on stderr how far the guest is")


def config(args, command):
    """A guest.Config from parsed options."""
    adds = []
    for add in args.add:
        host, _, inside = add.partition(":")
        adds.append((host, inside or os.path.abspath(host)))
    return guest.Config(
        kernel=args.kernel, command=command, modules=args.modules,
        load=args.load, load_ko=args.load_ko, add=adds, disk=args.disk,
        smp=args.smp or (1 if args.icount else 2), mem=args.mem,
        icount=args.icount, plugin=args.plugin, timeout=args.timeout,
        append=args.append, console_log=args.console_log,
        expect_warning=args.expect_warning, verbose=args.verbose)


def _terminated(number, _):
    # Unwinds, so that QEMU and the temporary files go.
    sys.exit(128 + number)


def guarded(name, function):
    """Call function; what the user can mend is one line, not a traceback."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _terminated)
    try:
        return function()
    except HarnessError as error:
        print(f"{name}: {error}", file=sys.stderr)
    except BrokenPipeError:
        # Nobody reads on; keep the interpreter from trying once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"{name}: {where}{error.strerror}", file=sys.stderr)
    return Outcome.HARNESS
