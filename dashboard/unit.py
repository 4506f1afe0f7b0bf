"""The systemd unit that serves the dashboard of a home."""

from __future__ import annotations

from flows.retention.install import make_plan
from flows.retention.units import HARDENED, environment_lines, systemd_word
from vault.home_folder import Home

MARK = "# Written by `reprise dashboard --unit`. Put changes into a drop-in."
# As in the unit of the sweep: no ProtectProc=, no PrivateUsers= (they hide run owners and keyrings); /etc is read-only.
_SERVICE = """{mark}
[Unit]
Description=Reprise: the dashboard
Documentation=man:systemd.exec(5)
After=network.target

[Service]
User={user}
ExecStart={command}
Restart=on-failure
RestartSec=5s
{environment}{hardened}CapabilityBoundingSet=
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallFilter=@system-service @keyring adjtimex clock_adjtime
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def dashboard_unit(home: Home, port: int) -> tuple[str, str]:
    """Returns the unit's file name and text, for the user who owns the home. Raises HostError like the sweep's."""
    plan = make_plan(home, home.site.sweep_every_minutes)
    words = (str(plan.program), "dashboard", "--home", str(home.path), "--port", str(port))
    return f"{plan.name.replace('sweep', 'dashboard')}.service", _SERVICE.format(
        mark=MARK,
        user=plan.user,
        command=" ".join(systemd_word(word) for word in words),
        environment=environment_lines(plan),
        hardened=HARDENED,
    )
