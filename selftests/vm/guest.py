# SPDX-License-Identifier: GPL-2.0-only
"""Boot a guest in QEMU, run a command in it, and say how that ended."""

import contextlib
import ctypes
import dataclasses
import errno
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time

import initramfs
from console import Console
from errors import HarnessError, Outcome

PR_SET_PDEATHSIG = 1

# Always wanted, and not built into every kernel.
BASE_MODULES = ["virtio_pci", "virtio_console"]


@dataclasses.dataclass
class Config:
    """What to boot and what to run in it."""

    kernel: str
    command: list
    modules: str = None
    load: list = dataclasses.field(default_factory=list)
    load_ko: list = dataclasses.field(default_factory=list)
    add: list = dataclasses.field(default_factory=list)
    disk: list = dataclasses.field(default_factory=list)
    smp: int = 2
    mem: int = 1024
    icount: bool = False
    plugin: str = None
    timeout: float = 300
    append: str = ""
    console_log: str = None
    expect_warning: re.Pattern = None
    verbose: bool = False


@dataclasses.dataclass
class Result:
    """How a run ended."""

    code: int
    trouble: str = None     # one line, if it was not the command that ended it
    kernel_lines: list = dataclasses.field(default_factory=list)
    seconds: float = 0      # of the guest's clock, for the command
    up: bool = False        # the kernel came up, with all its CPUs


@contextlib.contextmanager
def _running(command, errors, fds):
    """Run QEMU, and be sure to end it, whenever a signal comes."""
    libc = ctypes.CDLL(None)
    before = signal.pthread_sigmask(
        signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))

    def in_child():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors,
                              stderr=errors, pass_fds=fds,
                              preexec_fn=in_child) as qemu:
            try:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)
                yield qemu
            finally:
                qemu.kill()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# File systems that are made on the host: the tool, the Debian package that it is
# in, and what the guest needs beside the module of that name.
MKFS = {
    "ext4": (["mke2fs", "-q", "-F", "-t", "ext4"], "e2fsprogs", []),
    "btrfs": (["mkfs.btrfs", "-q", "-f"], "btrfs-progs", []),
    "xfs": (["mkfs.xfs", "-q", "-f"], "xfsprogs", []),
    "vfat": (["mkfs.vfat"], "dosfstools", ["nls_cp437", "nls_ascii"]),
}


class Disk:
    """A disk of the guest: SIZE[M|G][:FSTYPE]."""

    def __init__(self, spec):
        match = re.fullmatch(r"([1-9]\d*)([MG]?)(?::(\w+))?", spec)
        if not match:
            # For argparse, which words it.
            raise ValueError(spec)
        self.size = int(match[1]) << (30 if match[2] == "G" else 20)
        self.fstype = match[3]
        self.mount_as = self.fstype if self.fstype in MKFS else "none"

    @property
    def modules(self):
        """The modules that it is mounted with."""
        if not self.fstype:
            return []
        return [self.fstype, *MKFS.get(self.fstype, (None, None, []))[2]]

    def make(self, path):
        """Make its image, with a file system if it is to be mounted."""
        with open(path, "wb") as file:
            file.truncate(self.size)
        if self.mount_as == "none":
            return
        (tool, *options), package, _ = MKFS[self.mount_as]
        made = subprocess.run([initramfs.need(tool, package), *options, path],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True, check=False)
        if made.returncode:
            lines = made.stderr.strip().splitlines() or ["no reason given"]
            raise HarnessError(f"{tool} failed on {path}: {lines[-1]}")


class Guest:
    """One boot of QEMU."""

    def __init__(self, config, write, again=False):
        self.config = config
        self.log_mode = "ab" if again else "wb"
        self.write = write
        self.status = b""
        self.qemu = None
        self.console = None

    def _say(self, text):
        if self.config.verbose:
            print(f"vm: {text}", file=sys.stderr, flush=True)

    def _qemu_command(self, qemu, kernel, initrd, disks, fds):
        config = self.config
        accel = ["-accel", "tcg,thread=single", "-icount", "shift=0"] \
            if config.icount else ["-accel", "tcg,thread=multi"]
        if config.plugin:
            accel += ["-plugin", config.plugin]
        # One CPU until init brings the others: while it boots the kernel
        # rewrites its own code (static keys), and TCG with a thread for each
        # CPU lets another CPU run into the breakpoints of that.
        append = ("console=ttyS0 loglevel=5 panic=-1 oops=panic "
                  "maxcpus=1 noreplace-smp "
                  f"rdinit=/init {config.append}").strip()
        if config.icount:
            # The same each time: the clock, random numbers, and where the
            # kernel is, on which its hashes and free lists depend.
            accel += ["-rtc", "base=2024-01-01,clock=vm", "-seed", "1"]
            append += " nokaslr"
        command = [qemu, *accel, "-smp", str(config.smp), "-cpu", "max",
                   "-m", str(config.mem),
                   "-nodefaults", "-no-user-config", "-display", "none",
                   "-no-reboot", "-kernel", kernel, "-initrd", initrd,
                   "-append", append, "-device", "virtio-serial-pci"]
        for name, fd in fds.items():
            command += ["-chardev", f"socket,id={name},fd={fd}"]
            if name == "console":
                command += ["-serial", "chardev:console"]
            else:
                command += ["-device",
                            f"virtserialport,chardev={name},name=vm.{name}"]
        for disk in disks:
            command += ["-drive", f"file={disk},if=virtio,format=raw,"
                        "cache=unsafe,discard=unmap"]
        return command

    def run(self):
        """Boot, run, and return a Result."""
        config = self.config
        if not os.path.isfile(config.kernel):
            raise HarnessError(f"{config.kernel}: no such kernel")
        qemu = initramfs.need("qemu-system-x86_64", "qemu-system-x86")
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="fanfp-vm."))
            log = (stack.enter_context(open(config.console_log, self.log_mode))
                   if config.console_log else None)
            self.console = Console(config.expect_warning, log)
            try:
                initrd, disks = self._prepare(folder)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                raise HarnessError(f"{os.path.dirname(folder)} is full; make "
                                   "room or set TMPDIR") from error
            return self._boot(qemu, initrd, disks, os.path.join(folder, "errors"))

    def _prepare(self, folder):
        config = self.config
        disks = []
        for number, disk in enumerate(config.disk):
            disks.append(os.path.join(folder, f"disk{number}"))
            disk.make(disks[-1])
        load = list(BASE_MODULES)
        if disks:
            # The checksum is what file systems ask for by an alias.
            load += ["virtio_blk", "crc32c_generic"]
            load += [module for disk in config.disk for module in disk.modules]
        load += config.load
        initrd = os.path.join(folder, "initrd")
        initramfs.make(
            initrd, config.command, config.add,
            initramfs.Modules(config.modules) if config.modules else None,
            load, config.load_ko, [disk.mount_as for disk in config.disk],
            config.smp)
        self._say(f"initramfs of {os.path.getsize(initrd) >> 20} MB; booting")
        return initrd, disks

    def _boot(self, qemu, initrd, disks, error_file):
        ours, theirs = {}, {}
        for name in ("console", "output", "status", "control"):
            ours[name], theirs[name] = socket.socketpair()
        fds = {name: end.fileno() for name, end in theirs.items()}
        command = self._qemu_command(qemu, self.config.kernel, initrd, disks, fds)
        with open(error_file, "wb") as errors, \
             _running(command, errors, fds.values()) as self.qemu:
            for end in theirs.values():
                end.close()
            timed_out = self._watch(ours)
        for end in ours.values():
            end.close()
        self.console.finish()
        with open(error_file, encoding="utf-8", errors="replace") as file:
            errors = file.read().strip()
        result = self._result(timed_out, self.qemu.returncode, errors)
        result.up = b"up\n" in self.status
        return result

    def _watch(self, ours):
        """Pass data on until QEMU ends; returns whether time ran out."""
        deadline = time.monotonic() + self.config.timeout
        asked = False
        selector = selectors.DefaultSelector()
        for name in ("console", "output", "status"):
            selector.register(ours[name], selectors.EVENT_READ, name)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                if asked:
                    return True
                # Who is blocked? A short time to answer, then that's it.
                asked = True
                deadline += 3
                with contextlib.suppress(OSError):
                    ours["control"].send(b"w\n")
                continue
            for key, _ in selector.select(left):
                try:
                    data = key.fileobj.recv(65536)
                except ConnectionError:
                    data = b""
                if not data:
                    selector.unregister(key.fileobj)
                elif key.data == "console":
                    self.console.feed(data)
                elif key.data == "output":
                    self.write(data)
                else:
                    self.status += data
                    self._say("guest: " + data.decode().strip().replace("\n", ", "))
        self.qemu.wait()
        return asked

    def _result(self, timed_out, qemu_code, errors):
        lines = [line.partition(" ") for line in self.status.decode().splitlines()]
        report = {word: rest for word, _, rest in lines}
        full = [rest for word, _, rest in lines if word == "full"]
        tail = self.console.tail()
        seconds = 0
        if "time" in report:
            start, end = map(float, report["time"].split())
            seconds = end - start

        trouble = self.console.trouble()
        if trouble and not (timed_out and trouble[0] == Outcome.WARNING):
            return Result(trouble[0], trouble[1], tail, seconds)
        if "failed" in report:
            return Result(Outcome.NOT_STARTED, "the guest was not set up: "
                          f"{report['failed']}", tail)
        if timed_out:
            return Result(Outcome.TIMEOUT, "the guest did not end within "
                          f"{self.config.timeout:g} seconds", tail)
        if "exit" not in report:
            if "started" not in report and qemu_code == 0:
                return Result(Outcome.NOT_STARTED, "the guest did not get as "
                              "far as the command", tail)
            return Result(Outcome.QEMU_DIED, "QEMU "
                          f"{self._how_ended(qemu_code, errors)} before the "
                          "command did", tail)
        code = int(report["exit"])
        if full:
            return Result(Outcome.DISK_FULL, f"the guest's {', '.join(full)} "
                          f"is full; the command ended with {code}", tail,
                          seconds)
        return Result(code, None, tail, seconds)

    @staticmethod
    def _how_ended(code, errors):
        if code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with {code}" + (f" ({errors})" if errors else "")


def run(config, write):
    """
    Boot a guest; write() gets its output. Returns a Result.

    A kernel that does not come up is booted once more: the emulator sometimes
    fails there. What comes later, with our modules loaded, counts the first time.
    """
    result = Guest(config, write).run()
    if result.trouble and not result.up and result.code != Outcome.QEMU_DIED:
        print(f"vm: {result.trouble}, while it booted; booting once more",
              file=sys.stderr)
        if config.verbose:
            for line in result.kernel_lines:
                print(f"vm: | {line}", file=sys.stderr)
        result = Guest(config, write, again=True).run()
    return result
