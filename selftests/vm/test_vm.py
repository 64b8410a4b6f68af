#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Test the VM harness: what goes wrong in a guest is reported as that."""

import argparse
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

import console
import initramfs
import tap
from errors import Outcome

HERE = os.path.dirname(os.path.abspath(__file__))
VM = os.path.join(HERE, "vm")
RUN_TESTS = os.path.join(HERE, "run-tests")

OPTIONS = None
TESTS = []


class Failed(Exception):
    """A test did not see what it should."""


class Skipped(Exception):
    """A test can't be run here."""


def test(function):
    """Remember a test, in order."""
    TESTS.append(function)
    return function


def equal(seen, wanted, what):
    """See that two values are the same."""
    if seen != wanted:
        raise Failed(f"{what}: {seen!r}, not {wanted!r}")


def contains(text, part):
    """See that a text says something."""
    if part not in text:
        raise Failed(f"{part!r} is not in:\n{text}")


def vm(*command, options=(), timeout=90, env=None, kernel=None):
    """Run the vm tool; returns the finished process."""
    arguments = [VM, "run", "--kernel", kernel or OPTIONS.kernel,
                 "--timeout", str(timeout)]
    if OPTIONS.modules:
        arguments += ["--modules", OPTIONS.modules]
    return subprocess.run([*arguments, *options, "--", *command], capture_output=True,
                          check=False, env=env, timeout=2 * timeout + 60)


def shell(script, **kwargs):
    """Run a script in a guest."""
    return vm("sh", "-c", script, **kwargs)


def ended(run, code, says=None, kernel_says=None):
    """See how a run ended, and that it says so in one line."""
    errors = run.stderr.decode()
    equal(run.returncode, code, f"exit status (stderr: {errors[-2000:]})")
    if says:
        contains(errors.splitlines()[0], says)
    if kernel_says:
        contains("\n".join(errors.splitlines()[1:]), kernel_says)


@test
def the_exit_status_and_output_are_the_commands():
    """Exactly, without a line end, and stderr goes along."""
    run = shell("printf 'a\\000b\\377'; printf c >&2; exit 3")
    ended(run, 3)
    equal(run.stdout, b"a\0b\xffc", "output")
    equal(run.stderr, b"", "stderr")


@test
def a_megabyte_of_output_comes_through():
    """All of it, also what a child writes that is left behind."""
    run = shell("(sleep 1; echo late) & head -c 1000000 /dev/zero; wait")
    ended(run, 0)
    equal(len(run.stdout), 1000005, "bytes")


@test
def a_signal_is_128_and_its_number():
    """As in a shell."""
    ended(shell("kill -KILL $$"), 128 + 9)


@test
def a_missing_command_is_127():
    """As in a shell."""
    ended(vm("no-such-command"), 127)


@test
def a_dynamic_program_of_the_host_runs():
    """With its libraries, and a file that was added."""
    run = vm("/usr/bin/sha256sum", "/etc/added", options=[
        "--add", "/usr/bin/sha256sum", "--add", "/etc/debian_version:/etc/added"])
    ended(run, 0)
    contains(run.stdout.decode(), "/etc/added")


@test
def a_disk_is_mounted():
    """With the file system that was asked for."""
    run = shell("grep disk0 /proc/mounts; df -m /mnt/disk0 | tail -1",
                options=["--disk", "64M:ext4"])
    ended(run, 0)
    contains(run.stdout.decode(), "/mnt/disk0 ext4")


@test
def other_file_systems_are_mounted():
    """Those that need other modules, and other tools on the host."""
    run = shell("cat /proc/mounts; for i in 0 1 2; do echo x > /mnt/disk$i/x; done",
                options=["--disk", "256M:btrfs", "--disk", "320M:xfs",
                         "--disk", "64M:vfat"])
    ended(run, 0)
    for number, fstype in enumerate(("btrfs", "xfs", "vfat")):
        contains(run.stdout.decode(), f"/mnt/disk{number} {fstype}")


@test
def a_full_disk_is_reported():
    """And named."""
    run = shell("cat /dev/zero > /mnt/disk0/fill", options=["--disk", "16M:ext4"])
    ended(run, Outcome.DISK_FULL, "/mnt/disk0 is full")


@test
def a_panic_is_reported():
    """With the kernel's last lines."""
    run = shell("echo started; sleep 1; echo c > /proc/sysrq-trigger")
    if run.returncode == Outcome.OOPS:      # some configurations oops first
        contains(run.stderr.decode(), "sysrq_handle_crash")
    else:
        ended(run, Outcome.PANIC, "panicked", "Call Trace")
    contains(run.stdout.decode(), "started")


def crashing_module():
    """
    A module of this kernel that starts with an undefined instruction.

    Nothing that can be asked of a stock kernel makes it oops, and it would not
    load a module that was built for another one.
    """
    if not OPTIONS.modules:
        raise Skipped("needs --modules")
    modules = initramfs.Modules(OPTIONS.modules)
    path, _ = modules.deps.get("dummy", (None, None))
    if not path:
        raise Skipped("this kernel has no module that is called dummy")
    # A wrong signature is refused, where none would do.
    image = bytearray(modules.read(path).split(b"~Module signature appended~")[0])
    table, = struct.unpack_from("<Q", image, 0x28)
    count, = struct.unpack_from("<H", image, 0x3c)
    # (type, offset, size, link) of each section
    sections = [struct.unpack_from("<4xI16xQQI", image, table + 64 * i)
                for i in range(count)]
    for kind, offset, size, link in sections:
        if kind != 2:       # SHT_SYMTAB
            continue
        names = sections[link][1]
        for symbol in range(offset, offset + size, 24):
            name, _, _, section, value = struct.unpack_from("<IBBHQ", image, symbol)
            if image[names + name:].startswith(b"init_module\0"):
                at = sections[section][1] + value
                image[at:at + 2] = b"\x0f\x0b"
    return bytes(image)


@test
def an_oops_is_reported():
    """Even though the kernel then panics; and the first time."""
    with tempfile.NamedTemporaryFile(suffix=".ko") as file:
        file.write(crashing_module())
        file.flush()
        run = vm("true", options=["--load-ko", file.name])
    ended(run, Outcome.OOPS, "the guest's kernel oopsed: ", "RIP: ")
    contains(run.stderr.decode().splitlines()[0], "invalid opcode")


@test
def a_kernel_warning_fails_a_command_that_succeeds():
    """And is quoted."""
    run = shell("echo '<4>WARNING: CPU: 0 PID: 1 at test' > /dev/kmsg; echo fine")
    ended(run, Outcome.WARNING, "warned 1 time(s): ", "at test")
    equal(run.stdout, b"fine\n", "output")


@test
def a_task_that_hangs_is_a_warning():
    """One that the kernel itself gives: a writer to a frozen file system."""
    run = shell("hung=/proc/sys/kernel/hung_task; [ -e ${hung}_timeout_secs ] || exit 77;"
                "for f in timeout_secs check_interval_secs; do echo 1 > ${hung}_$f; done;"
                "fsfreeze --freeze /mnt/disk0; touch /mnt/disk0/file & sleep 5;"
                "fsfreeze --unfreeze /mnt/disk0; wait; echo thawed",
                options=["--disk", "16M:ext4"])
    if run.returncode == 77:
        raise Skipped("this kernel does not look for hung tasks")
    ended(run, Outcome.WARNING, "INFO: task touch", "blocked for more than")
    equal(run.stdout, b"thawed\n", "output")


@test
def an_expected_warning_is_none():
    """Only that one."""
    expect = ["--expect-warning", "at test"]
    ended(shell("echo '<4>WARNING: CPU: 0 PID: 1 at test' > /dev/kmsg",
                options=expect), 0)
    ended(shell("echo '<4>WARNING: CPU: 0 PID: 1 elsewhere' > /dev/kmsg",
                options=expect), Outcome.WARNING, "elsewhere")


@test
def a_module_that_does_not_load_is_reported():
    """The command is not run without it."""
    with tempfile.NamedTemporaryFile(suffix=".ko") as file:
        file.write(b"no module")
        file.flush()
        run = vm("echo", "ran", options=["--load-ko", file.name])
    ended(run, Outcome.NOT_STARTED, f"cannot load {os.path.basename(file.name)}: ")
    equal(run.stdout, b"", "output")


@test
def a_hang_is_reported_with_who_is_blocked():
    """Within the limit and a few seconds."""
    start = time.monotonic()
    run = shell("echo going; sleep 1000", timeout=20)
    ended(run, Outcome.TIMEOUT, "did not end within 20 seconds",
          "Show Blocked State")
    equal(run.stdout, b"going\n", "output")
    if time.monotonic() - start > 40:
        raise Failed("it took more than 40 seconds")


def children(pid):
    """The children of a process."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return list(map(int, file.read().split()))


def started(*arguments, **kwargs):
    """Start a tool, and return it when its QEMU runs, with the pid of that."""
    process = subprocess.Popen([arguments[0], *arguments[1:]],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               **kwargs)
    for _ in range(300):
        for pid in children(process.pid):
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                if file.read().startswith("qemu"):
                    return process, pid
        time.sleep(0.1)
    process.kill()
    raise Failed(f"no QEMU; stderr: {process.communicate()[1].decode()}")


@test
def a_killed_qemu_is_reported():
    """As that, not as a failed command."""
    process, qemu = started(VM, "run", "--kernel", OPTIONS.kernel, "--",
                            "sleep", "1000")
    os.kill(qemu, signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    equal(process.returncode, Outcome.QEMU_DIED, "exit status")
    contains(errors.decode(), "QEMU was killed by SIGKILL")


def left_after(number, *command):
    """See that a signal ends a tool, and with it all that it has made."""
    with tempfile.TemporaryDirectory() as folder:
        process, qemu = started(*command, env=dict(os.environ, TMPDIR=folder))
        equal(len(os.listdir(folder)), 1, "temporary files before")
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        equal(process.returncode, 128 + number, "exit status")
        equal(errors, b"", "stderr")
        equal(os.listdir(folder), [], "temporary files")
        equal(os.path.exists(f"/proc/{qemu}"), False, "QEMU")


@test
def nothing_is_left_when_it_is_terminated():
    """No QEMU and no temporary files, whatever the signal and the tool."""
    for number in (signal.SIGTERM, signal.SIGINT):
        left_after(number, VM, "run", "--kernel", OPTIONS.kernel, "--disk",
                   "16M:ext4", "--", "sleep", "1000")
    left_after(signal.SIGTERM, RUN_TESTS, "--kernel", OPTIONS.kernel, "/bin/true")


@test
def qemu_does_not_outlive_a_killed_tool():
    """Nobody can clean up then; but nothing goes on running."""
    with tempfile.TemporaryDirectory() as folder:
        process, qemu = started(VM, "run", "--kernel", OPTIONS.kernel, "--",
                                "sleep", "1000", env=dict(os.environ, TMPDIR=folder))
        process.kill()
        process.communicate(timeout=30)
        for _ in range(50):
            if not os.path.exists(f"/proc/{qemu}"):
                return
            time.sleep(0.1)
    raise Failed("QEMU still runs")


@test
def a_missing_kernel_is_one_line():
    """Not a traceback."""
    run = vm("true", kernel="/no/such/bzImage")
    ended(run, Outcome.HARNESS, "/no/such/bzImage: no such kernel")
    equal(len(run.stderr.splitlines()), 1, "lines")


@test
def a_missing_file_is_one_line():
    """Not a traceback."""
    run = vm("true", options=["--add", "/no/such/file"])
    ended(run, Outcome.HARNESS, "/no/such/file")
    equal(len(run.stderr.splitlines()), 1, "lines")


@test
def a_mistake_in_the_options_is_said():
    """And is not taken for the status of a command."""
    for options, says in ((["--disk", "much"], "invalid Disk value: 'much'"),
                          (["--expect-warning", "("], "--expect-warning: '('"),
                          (["--load-ko", "/no/such.ko"], "/no/such.ko: No such file"),
                          (["--modules", "/no/such"], "/no/such/modules.dep"),
                          (["--output", "/no/such/file"], "/no/such/file: No such")):
        run = vm("true", options=options)
        equal(run.returncode, Outcome.HARNESS, f"exit status with {options}")
        contains(run.stderr.decode().splitlines()[-1], says)


@test
def a_full_disk_of_the_host_is_one_line():
    """Not a traceback, and not the guest's fault."""
    run = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c",
         "mount -t tmpfs -o size=1M tmpfs /mnt && exec env TMPDIR=/mnt \"$@\"", "sh",
         VM, "run", "--kernel", OPTIONS.kernel, "--", "true"],
        capture_output=True, check=False, timeout=60)
    if b"unshare" in run.stderr or b"mount:" in run.stderr:
        raise Skipped("cannot mount a small file system here")
    ended(run, Outcome.HARNESS, "/mnt is full")
    equal(len(run.stderr.splitlines()), 1, "lines")


@test
def a_missing_qemu_is_named_with_its_package():
    """So that it can be installed."""
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(sys.executable, os.path.join(folder, "python3"))
        run = vm("true", env={"PATH": folder})
    ended(run, Outcome.HARNESS, "Debian package qemu-system-x86")


def parse(text, status=0):
    """A tap.Program that has read a text."""
    program = tap.Program("p")
    for line in text.splitlines():
        program.feed(line)
    program.finish(status)
    return [(t.name, t.outcome) for t in program.tests]


@test
def tap_results_are_read():
    """Passed, failed, skipped."""
    equal(parse("TAP version 13\n1..3\nok 1 a.b\n# said\nnot ok 2 a.c\n"
                "ok 3 a.d # SKIP not here\n", 1),
          [("p.a.b", "ok"), ("p.a.c", "not ok"), ("p.a.d", "skip")], "tests")


@test
def tap_without_a_plan_fails():
    """A program that dies before it says anything."""
    equal(parse("Segmentation fault\n", 139), [("p.program", "not ok")], "tests")


@test
def tap_with_too_few_tests_fails():
    """A program that dies in the middle."""
    equal(parse("1..2\nok 1 a\n", 137), [("p.a", "ok"), ("p.program", "not ok")],
          "tests")


@test
def tap_that_bails_out_fails():
    """Whatever it printed before."""
    equal(parse("1..1\nok 1 a\nBail out! no root\n"),
          [("p.a", "ok"), ("p.program", "not ok")], "tests")


@test
def tap_with_a_bad_exit_status_fails():
    """Even if all tests passed."""
    equal(parse("1..1\nok 1 a\n", 9), [("p.a", "ok"), ("p.program", "not ok")],
          "tests")


@test
def tap_that_skips_everything_is_shown():
    """A plan of no tests is a failure without a reason, and shown with one."""
    equal(parse("TAP version 13\n1..0 # SKIP not root\n", 4),
          [("p.program", "skip")], "tests")
    equal(parse("TAP version 13\n1..0\n"), [("p.program", "not ok")], "tests")


@test
def the_tests_of_a_guest_are_summed_up():
    """Each program by itself, and what the kernel says on top."""
    scripts = {
        "good": "echo 1..2; echo ok 1 a.b; echo ok 2 a.c '# SKIP no c'",
        "bad": "echo 1..1; echo '# why'; echo not ok 1 a.b; exit 1",
        "slow": "echo 1..1; sleep 1000",
        "dies": "echo 1..1; echo ok 1 a.b; kill -SEGV $$",
        "warns": "echo 1..1; echo '<4>WARNING: at test' > /dev/kmsg; echo ok 1 a.b",
        "panics": "echo 1..1; echo c > /proc/sysrq-trigger; sleep 1000",
        "late": "echo 1..1; echo ok 1 a.b",
    }
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, script in scripts.items():
            paths.append(os.path.join(folder, name))
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n{script}\n")
            os.chmod(paths[-1], 0o755)
        results = os.path.join(folder, "results")
        run = subprocess.run(
            [RUN_TESTS, "--kernel", OPTIONS.kernel, "--name", "stage", "--limit",
             "2", "--results", results, *paths],
            capture_output=True, text=True, check=False, timeout=120)
        equal(run.returncode, 1, f"exit status (stderr: {run.stderr})")
        with open(results, encoding="utf-8") as file:
            equal(file.read().split()[:4], ["stage", "3", "6", "1"], "results")
    for says in ("ok     good.a.b\nskip   good.a.c\n       | no c\n"
                 "not ok bad.a.b\n       | # why\n"
                 "not ok slow.program\n",
                 "was killed, as after the limit of 2 s\n"
                 "ok     dies.a.b\nnot ok dies.program\n",
                 "was killed by SIGSEGV, though no test failed\n"
                 "ok     warns.a.b\nnot ok panics.program\n",
                 "the guest ended while it ran\nnot ok late.program\n"
                 "       | did not run\nnot ok stage.kernel-log\n",
                 "stage: 3 passed, 6 failed, 1 skipped"):
        contains(run.stdout, says)


@test
def every_kind_of_kernel_trouble_is_known():
    """Lines that kernels have printed."""
    for line, outcome in (
            ("[ 1.0] BUG: kernel NULL pointer dereference, address: 8", Outcome.OOPS),
            ("[ 1.0] Oops: Oops: 0000 [#1] SMP", Outcome.OOPS),
            ("[ 1.0] Kernel panic - not syncing: Fatal exception", Outcome.PANIC),
            ("[ 1.0] WARNING: possible circular locking dependency", Outcome.WARNING),
            ("[ 1.0] WARNING: suspicious RCU usage", Outcome.WARNING),
            ("[ 1.0] BUG: KASAN: slab-use-after-free in f+0x1/0x2", Outcome.WARNING),
            ("[ 1.0] BUG: sleeping function called from invalid context", Outcome.WARNING),
            ("[ 1.0] rcu: INFO: rcu_preempt self-detected stall on CPU", Outcome.WARNING),
            ("[ 1.0] INFO: task cat:12 blocked for more than 120 seconds.", Outcome.WARNING),
            ("[ 1.0] watchdog: BUG: soft lockup - CPU#0 stuck for 22s!", Outcome.WARNING),
            ("[ 1.0] UBSAN: shift-out-of-bounds in a.c:1:2", Outcome.WARNING),
            ("[ 1.0] kmemleak: 3 new suspected memory leaks", Outcome.WARNING),
            ("[ 1.0] refcount_t: underflow; use-after-free.", Outcome.WARNING)):
        reader = console.Console()
        reader.feed(line.encode() + b"\r\n")
        trouble = reader.trouble()
        equal(trouble and trouble[0], outcome, line)
    reader = console.Console()
    reader.feed(b"[ 1.0] fanotify_fastpath: loading out-of-tree module taints kernel.\n")
    equal(reader.trouble(), None, "an ordinary line")


def main():
    """Run the tests two at a time, print TAP."""
    global OPTIONS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--modules")
    parser.add_argument("--results", metavar="FILE")
    OPTIONS = parser.parse_args()

    print(f"TAP version 13\n1..{len(TESTS)}")
    outcomes = [None] * len(TESTS)
    todo = iter(enumerate(TESTS))
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                number, function = next(todo, (None, None))
            if function is None:
                return
            outcome, note, skip = "ok", "", ""
            try:
                function()
            except Skipped as error:
                skip = f" # SKIP {error}"
            except (Failed, subprocess.TimeoutExpired, OSError) as error:
                outcome, note = "not ok", str(error)
            with lock:
                outcomes[number] = "skip" if skip else outcome
                for line in note.splitlines():
                    print(f"# {line}")
                print(f"{outcome} {number + 1} harness.{function.__name__}{skip}",
                      flush=True)

    start = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed, skipped = outcomes.count("ok"), outcomes.count("skip")
    failed = len(outcomes) - passed - skipped
    if OPTIONS.results:
        with open(OPTIONS.results, "a", encoding="utf-8") as file:
            file.write(f"harness {passed} {failed} {skipped} "
                       f"{time.monotonic() - start:.0f}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
