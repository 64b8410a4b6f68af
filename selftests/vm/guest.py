# SPDX-License-Identifier: GPL-2.0-only
"""Boot a guest in QEMU, run a command in it, and say how that ended."""

import contextlib
import ctypes
import dataclasses
import os
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
    timeout: float = 300
    append: str = ""
    console_log: str = None
    expect_warning: str = None


@dataclasses.dataclass
class Result:
    """How a run ended."""

    code: int
    trouble: str = None     # one line, if it was not the command that ended it
    kernel_lines: list = dataclasses.field(default_factory=list)
    seconds: float = 0      # of the guest's clock, for the command
    started: bool = False   # it got as far as the command


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _make_disk(path, spec):
    """Make the image of a disk; returns the type to mount it as."""
    size, _, fstype = spec.partition(":")
    with open(path, "wb") as file:
        try:
            number = int(size.rstrip("MG"))
        except ValueError:
            raise HarnessError(f"--disk {spec}: not SIZE[M|G][:FSTYPE]") from None
        file.truncate(number << (30 if size.endswith("G") else 20))
    if not fstype:
        return "none"
    if fstype != "ext4":
        raise HarnessError(f"--disk {spec}: only ext4 is made on the host; "
                           "leave the type out and make it in the guest")
    mke2fs = initramfs.need("mke2fs", "e2fsprogs")
    subprocess.run([mke2fs, "-q", "-F", "-t", fstype, path], check=True)
    return fstype


class Guest:
    """One boot of QEMU."""

    def __init__(self, config, write):
        self.config = config
        self.write = write
        self.status = b""
        self.qemu = None
        log = open(config.console_log, "wb") if config.console_log else None
        self.console = Console(config.expect_warning, log)

    def _qemu_command(self, qemu, kernel, initrd, disks, fds):
        config = self.config
        accel = ["-accel", "tcg,thread=single", "-icount", "shift=0",
                 "-smp", "1"] if config.icount else \
                ["-accel", "tcg,thread=multi", "-smp", str(config.smp)]
        # One CPU until init brings the others: while it boots the kernel
        # rewrites its own code (static keys), and TCG with a thread for each
        # CPU lets another CPU run into the breakpoints of that.
        append = ("console=ttyS0 loglevel=5 panic=-1 oops=panic "
                  "maxcpus=1 noreplace-smp "
                  f"rdinit=/init {config.append}").strip()
        command = [qemu, *accel, "-cpu", "max", "-m", str(config.mem),
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
        with tempfile.TemporaryDirectory(prefix="fanfp-vm.") as folder:
            disks, types = [], []
            for number, spec in enumerate(config.disk):
                disks.append(os.path.join(folder, f"disk{number}"))
                types.append(_make_disk(disks[-1], spec))
            modules = (initramfs.Modules(config.modules)
                       if config.modules else None)
            load = BASE_MODULES + (["virtio_blk"] if disks else []) + config.load
            initrd = os.path.join(folder, "initrd")
            initramfs.make(initrd, config.command, config.add, modules, load,
                           config.load_ko, types)
            return self._boot(qemu, initrd, disks)

    def _boot(self, qemu, initrd, disks):
        ours, theirs = {}, {}
        for name in ("console", "output", "status", "control"):
            ours[name], theirs[name] = socket.socketpair()
        fds = {name: end.fileno() for name, end in theirs.items()}
        command = self._qemu_command(qemu, self.config.kernel, initrd, disks, fds)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, pass_fds=fds.values(),
                              preexec_fn=_die_with_parent) as self.qemu:
            for end in theirs.values():
                end.close()
            try:
                timed_out = self._watch(ours)
            finally:
                self.qemu.kill()
            errors = self.qemu.stderr.read().decode(errors="replace").strip()
        self.console.finish()
        result = self._result(timed_out, self.qemu.returncode, errors)
        result.started = b"started" in self.status
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
        self.qemu.wait()
        return asked

    def _result(self, timed_out, qemu_code, errors):
        words = [line.split() for line in self.status.decode().splitlines()]
        report = {line[0]: line[1:] for line in words if line}
        full = [line[1] for line in words if line[:1] == ["full"]]
        tail = self.console.tail()
        seconds = 0
        if "time" in report:
            start, end = map(float, report["time"])
            seconds = end - start

        trouble = self.console.trouble()
        if trouble and not (timed_out and trouble[0] == Outcome.WARNING):
            return Result(trouble[0], trouble[1], tail, seconds)
        smp = 1 if self.config.icount else self.config.smp
        if "cpus" in report and int(report["cpus"][0]) != smp:
            return Result(Outcome.NOT_STARTED, "the guest's kernel brought up "
                          f"{report['cpus'][0]} of {smp} CPUs", tail)
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
        code = int(report["exit"][0])
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

    A guest that does not get as far as its command is booted once more: then it
    was not the emulator's doing.
    """
    result = Guest(config, write).run()
    if result.trouble and not result.started and \
            result.code != Outcome.QEMU_DIED:
        print(f"vm: {result.trouble}, before the command; booting once more",
              file=sys.stderr)
        result = Guest(config, write).run()
    return result
