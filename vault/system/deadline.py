"""Computes how many seconds a lease has left, from the wall clock and the boot clock.

In the boot in which the lease was made, the boot clock decides, because nobody can set it. There is one exception: the deadline
has passed if the wall clock is past it while the kernel calls that clock synchronised. So a clock set forward by hand ends no run
early, and a machine that was suspended in a snapshot still ends its overdue runs. After another boot the wall clock decides. On
the machine of the lease, the boot clock also limits the result: the seconds left are at most the length of the lease minus the
seconds since that boot.
"""

from __future__ import annotations

from datetime import datetime

from vault.system.clock import Clock


def seconds_left(
    clock: Clock,
    *,
    created: datetime,
    deadline: datetime,
    boot_id: str,
    boot_deadline: float,
    this_machine: bool,
) -> int:
    """Return the seconds until the deadline; a negative number of seconds if the deadline has passed.

    `boot_deadline` is the deadline in seconds since the boot `boot_id`.
    """
    by_wall = (deadline - clock.now()).total_seconds()
    if boot_id != clock.boot_id():
        length = (deadline - created).total_seconds()
        return int(min(by_wall, length - clock.boot_seconds()) if this_machine else by_wall)
    by_boot = boot_deadline - clock.boot_seconds()
    if by_wall <= 0 < by_boot and clock.synchronised():
        return int(by_wall)
    return int(by_boot)
