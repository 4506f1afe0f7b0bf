"""The text of the units that start the sweep, for systemd (service and timer) or for cron."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vault.home_folder import Home

MARK = "# Written by `reprise install-sweep`. Changes are lost; put your own into a drop-in."

# systemd.exec(5), and why:
# KeyringMode=private: a session keyring of its own, linked to nothing. The keyring provider links the user keyring into
#   its own *process* keyring and needs nothing from the session's (tests/unit/vault/test_keyring_sessions.py reads a key
#   from such a session). `shared` would link the user keyring into the session: a child that changed its user could
#   then read run keys. `inherit` is not wanted either: the session keyring of PID 1 belongs to root.
# No PrivateUsers=: user keyrings belong to a user namespace, so the sweep could not see the keys.
# No ProtectProc=, ProcSubset=, PrivatePIDs=: the sweep reads /proc to see whether a run's owner lives, and boot_id.
# ProtectSystem=full, no ProtectHome=, no PrivateTmp=: unfinished packages lie at the destination that the
#   instruction names, and must be found and removed there.
# No ProtectClock=: it kills a process that calls adjtimex, and the sweep must ask the kernel whether its clock is right.
#   The unit drops the capability to set a clock instead.
# SystemCallErrorNumber=: an unforeseen system call fails; it does not end the sweep.
# No MemoryDenyWriteExecute=: Python's ctypes, which calls the keyring, may need such pages.
HARDENED = """UMask=0077
LimitCORE=0
KeyringMode=private
NoNewPrivileges=yes
ProtectSystem=full
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
PrivateDevices=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
"""
"""The settings of every service that acts on a home: the sweep, the worker and the dashboard."""
_SERVICE = """{mark}
[Unit]
Description=Reprise: destroy staging that is overdue or half-destroyed
Documentation=man:systemd.exec(5)

[Service]
Type=oneshot
User={user}
ExecStart={command}
TimeoutStartSec=1h
{environment}{hardened}CapabilityBoundingSet=~CAP_SYS_TIME CAP_WAKE_ALARM
SystemCallFilter=@system-service @keyring adjtimex clock_adjtime
SystemCallErrorNumber=EPERM
{network}"""

_NO_NETWORK = """PrivateNetwork=yes
RestrictAddressFamilies=AF_UNIX
"""

# OnBootSec and OnUnitActiveSec follow a clock that cannot be set, but it stops while the machine sleeps. The
# calendar line with Persistent= makes up for that: an hour missed while asleep or off is caught up on waking.
_TIMER = """{mark}
[Unit]
Description=Reprise: the sweep, at boot and every {every} minutes

[Timer]
OnBootSec=30s
OnUnitActiveSec={every}min
OnCalendar=hourly
Persistent=yes
AccuracySec=10s

[Install]
WantedBy=timers.target
"""

_CRON = """{mark}
SHELL=/bin/sh
{environment}@reboot {user} {command} >/dev/null
{minutes} * * * * {user} {command} >/dev/null
"""


@dataclass(frozen=True)
class SweepPlan:
    """The program that sweeps a home, the user who runs it, and its interval."""

    program: Path
    home: Home
    name: str  # name of the units, without suffix
    user: str
    every_minutes: int
    network: bool = False  # files at a remote destination can be removed only over a network
    environment: tuple[
        tuple[str, str], ...
    ] = ()  # variables for the folder of the host's record, if it is not the usual one


def systemd_units(plan: SweepPlan) -> dict[str, str]:
    """Return service and timer, by file name."""
    words = (str(plan.program), "sweep", "--home", str(plan.home.path))
    return {
        f"{plan.name}.service": _SERVICE.format(
            mark=MARK,
            user=plan.user,
            command=" ".join(systemd_word(word) for word in words),
            network="" if plan.network else _NO_NETWORK,
            environment=environment_lines(plan),
            hardened=HARDENED,
        ),
        f"{plan.name}.timer": _TIMER.format(mark=MARK, every=plan.every_minutes),
    }


def cron_table(plan: SweepPlan) -> dict[str, str]:
    """Return a table for /etc/cron.d, by file name. cron mails what the sweep prints to standard error."""
    words = (str(plan.program), "sweep", "--home", str(plan.home.path))
    command = " ".join(_cron_word(word) for word in words)
    minutes = "*" if plan.every_minutes == 1 else f"*/{plan.every_minutes}"
    environment = "".join(f'{name}="{value}"\n' for name, value in plan.environment)
    table = _CRON.format(mark=MARK, user=plan.user, command=command, minutes=minutes, environment=environment)
    return {plan.name: table}


def environment_lines(plan: SweepPlan) -> str:
    """Return the Environment= lines of a service that acts on the home of a plan."""
    return "".join(
        f"Environment={systemd_word(f'{name}={value}', dollar='$')}\n" for name, value in plan.environment
    )


def systemd_word(word: str, dollar: str = "$$") -> str:
    r"""Quote one word of ExecStart=: `%` and `$` doubled, `\` and `"` escaped, in quotes (systemd.service(5)).

    In Environment=, a `$` needs no second `$` (systemd.exec(5)).
    """
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", dollar)
    return f'"{escaped}"'


def _cron_word(word: str) -> str:
    r"""Quote one word for sh inside a crontab: single quotes; `%`, which cron would read as a line end, is escaped."""
    return "'" + word.replace("'", "'\\''").replace("%", "\\%") + "'"
