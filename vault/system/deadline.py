"""How much time a lease has left, and by which clock.

Within the boot that made the lease, the boot clock decides, because no one can set it. A wall clock that disagrees counts only
forward, and only while the kernel holds it synchronised, as the second source of time. So a jump by hand ends nothing early, and
a machine that slept in a snapshot still ends overdue runs. After another boot only the wall clock is left. On the lease's own
machine the new boot clock still bounds it: no run may last longer than its lease allowed.
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
    """Returns the seconds until the deadline, negative after it."""
    by_wall = (deadline - clock.now()).total_seconds()
    if boot_id != clock.boot_id():
        given = (deadline - created).total_seconds()
        return int(min(by_wall, given - clock.boot_seconds()) if this_machine else by_wall)
    by_boot = boot_deadline - clock.boot_seconds()
    if by_wall <= 0 < by_boot and clock.synchronised():
        return int(by_wall)
    return int(by_boot)
