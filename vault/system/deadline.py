"""How much time a lease has left, and by which clock.

Within the boot that made the lease the boot clock decides: nobody can set it. A wall clock that says otherwise is believed
only forward and only when the kernel holds it synchronised, the second source of time: so a jump by hand ends nothing early,
and a machine that slept in a snapshot still ends what is overdue. After another boot the wall clock is all there is; on the
machine of the lease the new boot clock still bounds it, for no run may last longer than it was given.
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
    """Seconds until the deadline, negative once it has passed."""
    by_wall = (deadline - clock.now()).total_seconds()
    if boot_id != clock.boot_id():
        given = (deadline - created).total_seconds()
        return int(min(by_wall, given - clock.boot_seconds()) if this_machine else by_wall)
    by_boot = boot_deadline - clock.boot_seconds()
    if by_wall <= 0 < by_boot and clock.synchronised():
        return int(by_wall)
    return int(by_boot)
