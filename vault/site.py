"""A home and its site settings: what this installation is, and the ceilings nobody may exceed."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from schemas.errors import UnreadableSourceError
from vault.files import write_durably
from vault.media import Media

EXCEPTIONS = ("swap_on", "core_pattern_pipes")
"""What a site may declare (`vault.hygiene.host_findings`); every certificate prints it."""

FOLDERS = (
    "authorisations",
    "keys",
    "ledger",
    "locks",
    "orders",
    "runs",
    "staging",
    "subjects",
    "trust/roots",
    "trust/intermediates",
    "trust/crls",
    "trust/timestamps",
)


@dataclass(frozen=True)
class Site:
    """`site.toml`. Hours and per mille are ceilings on what an instruction may ask."""

    trial: bool
    origin: str  # the ledger's origin: the operator's name in the world, never a practice's
    ceiling_hours: int = 72
    clock_skew_seconds: int = 300
    proof_retention_days: int = 3650  # how long the record behind a proof stays after its last run
    declared_exceptions: tuple[str, ...] = field(default=())
    handwritten: bool = False  # whether a page signed by hand and attested by two operators is accepted
    media: Media = field(default_factory=Media)
    limits: dict[str, int] = field(
        default_factory=dict
    )  # of `connectors.base.Limits`, by name (docs/limits.md)

    @classmethod
    def load(cls, home: Path) -> Site:
        """Read the settings. Raises UnreadableSourceError: home_not_found, site_setting_unknown."""
        path = home / "site.toml"
        if not path.is_file():
            raise UnreadableSourceError("home_not_found")
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        if not set(raw.get("declared_exceptions", [])) <= set(EXCEPTIONS):
            raise UnreadableSourceError("site_setting_unknown")
        return cls(
            trial=bool(raw["trial"]),
            origin=str(raw["origin"]),
            ceiling_hours=int(raw.get("ceiling_hours", 72)),
            clock_skew_seconds=int(raw.get("clock_skew_seconds", 300)),
            proof_retention_days=int(raw.get("proof_retention_days", 3650)),
            declared_exceptions=tuple(str(e) for e in raw.get("declared_exceptions", [])),
            handwritten=raw.get("handwritten") is True,
            media=Media.declared(raw.get("media", {})),
            limits={str(name): int(value) for name, value in raw.get("limits", {}).items()},
        )


def create_home(home: Path, *, trial: bool, origin: str, ceiling_hours: int = 72) -> Site:
    """Make an empty home with its folders, site key and settings."""
    from vault.ledger_store import make_log_key
    from vault.patient_list import make_home_identity
    from vault.sitekey import SiteKey

    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in FOLDERS:
        os.makedirs(home / folder, mode=0o700, exist_ok=True)
    SiteKey.create(home)
    make_log_key(home)
    make_home_identity(home)
    text = f'trial = {str(trial).lower()}\norigin = "{origin}"\nceiling_hours = {ceiling_hours}\n'
    write_durably(home / "site.toml", text.encode())
    return Site.load(home)
