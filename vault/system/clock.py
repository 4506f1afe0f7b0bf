"""The clock seam: wall time for what people read, boot time for what nobody can set."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime
from typing import Protocol

from vault.system.host_identity import boot_id

_UNSYNCHRONISED = 0x40
_libc = ctypes.CDLL(None, use_errno=True)


class _Timex(ctypes.Structure):
    """The head of `struct timex`; what follows it is not looked at."""

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
    """Where the time comes from."""

    def now(self) -> datetime:
        """Wall time, UTC, whole seconds."""

    def boot_seconds(self) -> float:
        """Seconds since boot, sleep included; no one can set it."""

    def boot_id(self) -> str:
        """Of which boot `boot_seconds` speaks."""

    def synchronised(self) -> bool:
        """Whether a source outside keeps the wall clock right; setting it by hand ends that."""


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
        """The kernel's own word (adjtimex(2), STA_UNSYNC); false where it cannot be asked."""
        asked = _Timex()
        if _libc.adjtimex(ctypes.byref(asked)) < 0:
            return False
        return not asked.status & _UNSYNCHRONISED


def format_utc(moment: datetime) -> str:
    """RFC 3339 with Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_utc(text: str) -> datetime:
    """The moment of an RFC 3339 text ending in Z, written as `format_utc` writes it. Raises ValueError."""
    moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if format_utc(moment) != text:  # other digits, or fewer: texts are compared as texts elsewhere
        raise ValueError
    return moment
