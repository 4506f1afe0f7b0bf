"""The clock interface: wall time, which an administrator can set, and boot time, which nobody can set."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime
from typing import Protocol

from vault.system.host_identity import boot_id

_UNSYNCHRONISED = 0x40
_libc = ctypes.CDLL(None, use_errno=True)


class _Timex(ctypes.Structure):
    """The head of `struct timex`; the rest is not read."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("maximal_error", ctypes.c_long),
        ("estimated_error", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


class Clock(Protocol):
    """The source of time."""

    def now(self) -> datetime:
        """Return the wall time, in UTC and whole seconds."""

    def boot_seconds(self) -> float:
        """Return the seconds since boot, with those in which the machine slept. Nobody can set this clock."""

    def boot_id(self) -> str:
        """Return the id of the boot to which `boot_seconds` refers."""

    def synchronised(self) -> bool:
        """Return whether an external source keeps the wall clock correct; false after the clock was set by hand."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(UTC).replace(microsecond=0)

    def boot_seconds(self) -> float:
        """See `Clock.boot_seconds`: the value of CLOCK_BOOTTIME."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def boot_id(self) -> str:
        """See `Clock.boot_id`."""
        return boot_id()

    def synchronised(self) -> bool:
        """See `Clock.synchronised`: what the kernel reports (adjtimex(2), STA_UNSYNC); false if the kernel does not answer."""
        kernel_clock = _Timex()
        if _libc.adjtimex(ctypes.byref(kernel_clock)) < 0:
            return False
        return not kernel_clock.status & _UNSYNCHRONISED


def format_utc(time: datetime) -> str:
    """Format a time as RFC 3339 text in UTC, with whole seconds and Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_utc(text: str) -> datetime:
    """Parse a text that `format_utc` wrote. Raises ValueError for any other text."""
    utc_time = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if format_utc(utc_time) != text:  # other or fewer digits: elsewhere, such times are compared as texts
        raise ValueError
    return utc_time
