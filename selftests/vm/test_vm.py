#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Test the VM harness: what goes wrong in a guest is reported as that."""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import console
import tap
from errors import Outcome

HERE = os.path.dirname(os.path.abspath(__file__))
VM = os.path.join(HERE, "vm")

OPTIONS = None
TESTS = []


class Failed(Exception):
    """A test did not see what it should."""


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
                 "--timeout", str(timeout), *options]
    if OPTIONS.modules:
        arguments += ["--modules", OPTIONS.modules]
    return subprocess.run([*arguments, "--", *command], capture_output=True,
                          check=False, env=env, timeout=timeout + 60)


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


@test
def an_oops_is_reported():
    """Even though the kernel then panics."""
    run = shell("echo '<1>BUG: kernel NULL pointer dereference, address: 0' "
                "> /dev/kmsg; echo c > /proc/sysrq-trigger")
    ended(run, Outcome.OOPS, "oopsed: ", "sysrq")
    contains(run.stderr.decode().splitlines()[0], "NULL pointer")


@test
def a_kernel_warning_fails_a_command_that_succeeds():
    """And is quoted."""
    run = shell("echo '<4>WARNING: CPU: 0 PID: 1 at test' > /dev/kmsg; echo fine")
    ended(run, Outcome.WARNING, "warned 1 time(s): ", "at test")
    equal(run.stdout, b"fine\n", "output")


@test
def an_expected_warning_is_none():
    """Only that one."""
    run = shell("echo '<4>WARNING: CPU: 0 PID: 1 at test' > /dev/kmsg",
                options=["--expect-warning", "at test"])
    ended(run, 0)


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


@test
def a_killed_qemu_is_reported():
    """As that, not as a failed command."""
    process = subprocess.Popen(
        [VM, "run", "--kernel", OPTIONS.kernel, "--timeout", "60", "--",
         "sleep", "1000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(3)
    for pid in children(process.pid):
        os.kill(pid, signal.SIGKILL)
    _, errors = process.communicate(timeout=60)
    equal(process.returncode, Outcome.QEMU_DIED, "exit status")
    contains(errors.decode(), "QEMU was killed by SIGKILL")


@test
def nothing_is_left_when_it_is_terminated():
    """No QEMU and no temporary files."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [VM, "run", "--kernel", OPTIONS.kernel, "--", "sleep", "1000"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(os.environ, TMPDIR=folder))
        time.sleep(3)
        qemu = children(process.pid)
        equal(len(qemu), 1, "QEMU processes")
        process.terminate()
        process.communicate(timeout=30)
        equal(os.listdir(folder), [], "temporary files")
        equal(os.path.exists(f"/proc/{qemu[0]}"), False, "QEMU")


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
def a_missing_qemu_is_named_with_its_package():
    """So that it can be installed."""
    python = os.path.dirname(sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(sys.executable, os.path.join(folder, "python3"))
        run = vm("true", env={"PATH": folder, "HOME": "/", "PYTHON": python})
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
            try:
                function()
                problem = None
            except (Failed, subprocess.TimeoutExpired, OSError) as error:
                problem = str(error)
            with lock:
                outcomes[number] = problem is None
                for line in (problem or "").splitlines():
                    print(f"# {line}")
                print(f"{'ok' if problem is None else 'not ok'} {number + 1} "
                      f"harness.{function.__name__}", flush=True)

    start = time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = outcomes.count(True)
    failed = len(outcomes) - passed
    if OPTIONS.results:
        with open(OPTIONS.results, "a", encoding="utf-8") as file:
            file.write(f"harness {passed} {failed} 0 "
                       f"{time.monotonic() - start:.0f}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
