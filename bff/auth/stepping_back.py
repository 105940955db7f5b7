"""How a process gives way to those who answer people. Linux alone has what it asks for; elsewhere it is only nice."""

import ctypes
import os
import platform
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

SLICE = 100_000_000
"""Nanoseconds: the longest that Linux takes."""
_LEAST = 19
"""The niceness of what gets the smallest share."""
_AUTOGROUP = Path("/proc/self/autogroup")
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
"""The number of the system call, which Debian's C library has no function for yet."""
SCHED_ATTR = struct.Struct("=IIQiIQQQ")
"""Size, policy, flags, niceness, priority, then what is the slice of SCHED_BATCH, and two for others (sched(7))."""


def step_back() -> None:
    """Take what others leave of the processors, and let go at once when somebody else wakes up.

    SCHED_IDLE has whoever wakes up moved to this one's processor, as if nothing ran there. In a session of its own that
    is not enough: shares of sessions would make them wait. A long slice asks for throughput, and since Linux 6.12
    whoever has a shorter one, which is everybody else, takes over at once. It can be set under SCHED_BATCH alone, and
    stays.
    """
    os.nice(_LEAST)
    if sys.platform != "linux":
        return
    if number := _SCHED_SETATTR.get(platform.machine()):
        niceness = os.getpriority(os.PRIO_PROCESS, 0)
        attributes = SCHED_ATTR.pack(SCHED_ATTR.size, os.SCHED_BATCH, 0, niceness, 0, SLICE, 0, 0)
        ctypes.CDLL(None).syscall(number, 0, attributes, 0)  # who refuses leaves it at the usual slice
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    give_session_niceness(_LEAST)


def give_session_niceness(niceness: int) -> None:
    """Begin a session with it: Linux may share processors out among sessions before it does among their processes
    (sched(7), autogroups).

    Within one session, what steps back does so for its other members alone: engines, which have sessions of their own,
    would wait until a hash has used up its slice, and homes for them.
    """
    with suppress(OSError):  # what leads a group cannot leave its session, and not every kernel has such groups
        os.setsid()
        while True:
            try:
                _AUTOGROUP.write_text(f"{niceness}\n")
            except BlockingIOError:  # one change in a tenth of a second is taken, over all processes
                time.sleep(0.1)
            else:
                return
