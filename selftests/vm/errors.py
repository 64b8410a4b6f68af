# SPDX-License-Identifier: GPL-2.0-only
"""How a run can end, apart from the exit status of its command."""

import enum


class Outcome(enum.IntEnum):
    """Exit codes of `vm run` that are not the command's."""

    DISK_FULL = 118
    NOT_STARTED = 119
    PANIC = 120
    OOPS = 121
    WARNING = 122
    TIMEOUT = 123
    QEMU_DIED = 124
    HARNESS = 125


class HarnessError(Exception):
    """Something that the user can mend; its text is the whole message."""
