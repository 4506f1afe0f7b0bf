"""Text of the systemd units for a password-protected Prefect server and for the worker of some homes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flows.retention.install import make_plan
from flows.retention.units import HARDENED, systemd_word
from flows.worker.prefect_settings import SETTINGS
from schemas.errors import HostError
from vault.home_folder import Home
from vault.system.files import write_durably

MARK = "# Written by `reprise worker --units`. Changes are lost; put your own into a drop-in."

# DynamicUser=: the server is no user of a home. systemd, as root, reads the password from a file that no other user can
# read, and passes it in the environment. The server keeps run names, codes and counts in its state directory.
_SERVER = """{mark}
[Unit]
Description=Prefect server for Reprise, with a password
After=network.target

[Service]
DynamicUser=yes
StateDirectory=reprise-prefect
Environment=PREFECT_HOME=%S/reprise-prefect HOME=%S/reprise-prefect
{settings}
EnvironmentFile={environment}
ExecStart={prefect} server start --host 127.0.0.1 --port 4200
Restart=on-failure
UMask=0077
LimitCORE=0
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
LockPersonality=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
"""

# KeyringMode=private and no PrivateUsers=, ProtectProc=, PrivateTmp= or ProtectHome=: for the reasons given with the
# sweep's unit (flows/retention/units.py). A stopped worker ends its flow runs, which can be retried.
_WORKER = """{mark}
[Unit]
Description=Reprise: worker for the Prefect pool reprise
After=network.target reprise-prefect.service

[Service]
User={user}
EnvironmentFile={environment}
ExecStart={command}
Restart=on-failure
RestartSec=10
SuccessExitStatus=130
TimeoutStopSec=30
{hardened}
[Install]
WantedBy=multi-user.target
"""


def worker_units(program: Path, homes: Sequence[Home], user: str, environment: Path) -> dict[str, str]:
    """Return server and worker units, by file name. `environment` holds the API's address and password, for root alone (0600)."""
    words = [str(program), "worker", *(word for home in homes for word in ("--home", str(home.path)))]
    file = systemd_word(str(environment)).strip('"')  # a path in EnvironmentFile= takes no quotes
    settings = "\n".join(f"Environment={name}={value}" for name, value in sorted(SETTINGS.items()))
    return {
        "reprise-prefect.service": _SERVER.format(
            mark=MARK,
            settings=settings,
            environment=file,
            prefect=systemd_word(str(program.with_name("prefect"))),
        ),
        "reprise-worker.service": _WORKER.format(
            mark=MARK,
            user=user,
            environment=file,
            command=" ".join(systemd_word(word) for word in words),
            hardened=HARDENED,
        ),
    }


def write_units(folder: Path, homes: list[Home], environment: Path) -> list[Path]:
    """Write the units for some homes; return the files. Raises HostError: unit_not_ours, before writing any."""
    plan = make_plan(homes[0], homes[0].site.sweep_every_minutes)
    written = {
        folder / name: text
        for name, text in worker_units(plan.program, homes, plan.user, environment).items()
    }
    for path in written:
        if path.is_symlink() or (path.exists() and not path.read_text(errors="replace").startswith(MARK)):
            raise HostError("unit_not_ours")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in written.items():
        write_durably(path, text.encode())
        path.chmod(0o644)
    return list(written)
