"""The clock interface: wall time for people, boot time where no one may set the clock."""

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
        """Wall time, UTC, whole seconds."""

    def boot_seconds(self) -> float:
        """Seconds since boot, sleep included; no one can set it."""

    def boot_id(self) -> str:
        """Identifies the boot to which `boot_seconds` refers."""

    def synchronised(self) -> bool:
        """Whether an external source keeps the wall clock correct; setting the clock by hand ends that."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Wall time, UTC, whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)

    def boot_seconds(self) -> float:
        """CLOCK_BOOTTIME."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def boot_id(self) -> str:
        """The kernel's random id of this boot."""
        return boot_id()

    def synchronised(self) -> bool:
        """As the kernel reports it (adjtimex(2), STA_UNSYNC); false where the kernel cannot be asked."""
        asked = _Timex()
        if _libc.adjtimex(ctypes.byref(asked)) < 0:
            return False
        return not asked.status & _UNSYNCHRONISED


def format_utc(moment: datetime) -> str:
    """Format as RFC 3339 with Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_utc(text: str) -> datetime:
    """Parse an RFC 3339 text ending in Z, exactly as `format_utc` writes it. Raises ValueError."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if format_utc(moment) != text:  # other or fewer digits: elsewhere, such moments are compared as texts
        raise ValueError
    return moment
