"""A home and its site settings: what this installation is, and its ceilings."""

from __future__ import annotations

import contextlib
import json
import secrets
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from schemas.dialect import CARRY, KINDS, STOP
from schemas.errors import HomeError, UnreadableSourceError
from vault.notice_settings import NoticeSettings
from vault.system.files import write_secret
from vault.system.mounts import Media

EXCEPTIONS = ("swap_on", "core_pattern_pipes")
"""The exceptions that a site may declare (`vault.system.hardening.host_findings`); every certificate prints them."""

HOME_ID = "id"
RESTORED = "restored.json"
"""In a restored home: when and where, and whether the erasures have been repeated since (`vault.home.replay`)."""


@dataclass(frozen=True)
class DashboardSettings:
    """Where people reach the dashboard, and the OpenID provider that may vouch for them."""

    url: str | None = None  # https://…, as people type it; none: this host alone
    issuer: str | None = None
    client: str | None = None
    issuer_ca: str | None = None  # a file of the authority that the provider's server certificate comes from

    @classmethod
    def declared(cls, raw: dict[str, Any]) -> DashboardSettings:
        """Parse `[dashboard]`. Raises HomeError (site_setting_unknown), TypeError."""
        if not raw.keys() <= {setting.name for setting in fields(cls)}:
            raise HomeError("site_setting_unknown")
        return cls(**{name: _of_type(str, value).rstrip("/") for name, value in raw.items()})


@dataclass(frozen=True)
class Site:
    """`site.toml`. Hours and per mille are ceilings for instructions."""

    trial: bool
    origin: str  # the ledger's origin: a public name of the operator, never of a practice
    ceiling_hours: int = 72
    clock_skew_seconds: int = 300
    proof_retention_days: int = 3650  # how long the record behind a proof is kept after its last run
    sweep_every_minutes: int = 5  # promised interval of the sweep; three times that is late
    unconfirmed_amber_days: int = (
        3  # after which a delivery without a word about its import is shown in amber
    )
    unconfirmed_red_days: int = 8  # and in red
    declared_exceptions: tuple[str, ...] = field(default=())
    state: str | None = (
        None  # the folder where its host keeps its record of the home; none in a home of version 1
    )
    contact: str = ""  # whom a practice asks: one line, for the certificate's edition with names
    handwritten: bool = False  # whether a page signed by hand and attested by two operators is accepted
    workers: int | None = None  # processes that may share a step; None: two where there are two cores
    media: Media = field(default_factory=Media)
    dashboard: DashboardSettings = field(default_factory=DashboardSettings)
    notices: NoticeSettings = field(default_factory=NoticeSettings)
    access_log_days: int = 365  # how long a line of the access log is kept
    mappings: str | None = None  # a folder with mapping files for tables, beside those that Reprise brings
    document_paths: tuple[str, ...] = ()  # how the paths of documents are made up (docs/formats/documents.md)
    dialect: dict[str, str] = field(
        default_factory=dict
    )  # carry or stop, for new names of a kind (`schemas.dialect`)
    limits: dict[str, int] = field(
        default_factory=dict
    )  # of `connectors.base.Limits`, by name (docs/limits.md)

    @classmethod
    def load(cls, path: Path) -> Site:
        """Load the settings from their file. Missing ones have their default; unknown ones are refused.

        Raises HomeError: home_not_found, site_malformed, site_setting_unknown.
        """
        if not path.is_file():
            raise HomeError("home_not_found")
        try:
            return cls._read(tomllib.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError, KeyError, AttributeError):
            malformed = HomeError("site_malformed")
        raise malformed

    @classmethod
    def _read(cls, raw: dict[str, Any]) -> Site:
        declared = raw.get("declared_exceptions", [])
        if not raw.keys() <= {setting.name for setting in fields(cls)} or not set(declared) <= set(
            EXCEPTIONS
        ):
            raise HomeError("site_setting_unknown")
        return cls(
            trial=_of_type(bool, raw["trial"]),
            origin=_of_type(str, raw["origin"]),
            declared_exceptions=tuple(declared),
            state=_folder(raw["state"]) if "state" in raw else None,
            contact=_line(raw.get("contact", "")),
            handwritten=_of_type(bool, raw.get("handwritten", False)),
            media=Media.declared(raw.get("media", {})),
            dashboard=DashboardSettings.declared(raw.get("dashboard", {})),
            notices=NoticeSettings.declared(raw.get("notices", {})),
            access_log_days=_days(raw.get("access_log_days", 365)),
            document_paths=tuple(_line(each) for each in _of_type(list, raw.get("document_paths", []))),
            limits={name: _of_type(int, value) for name, value in raw.get("limits", {}).items()},
            mappings=_folder(raw["mappings"]) if "mappings" in raw else None,
            dialect=_policies(raw.get("dialect", {})),
            workers=_few(raw["workers"]) if "workers" in raw else None,
            **{name: _of_type(int, raw[name]) for name in _WHOLE_NUMBERS if name in raw},
        )


_WHOLE_NUMBERS = (
    "ceiling_hours",
    "clock_skew_seconds",
    "proof_retention_days",
    "sweep_every_minutes",
    "unconfirmed_amber_days",
    "unconfirmed_red_days",
)
_MOST_WORKERS = 16
_LONGEST_LINE = 200
_T = TypeVar("_T")


def _policies(raw: dict[str, str]) -> dict[str, str]:
    """What follows a new name of each kind. Raises HomeError (site_setting_unknown)."""
    if not raw.keys() <= set(KINDS) or not set(raw.values()) <= {CARRY, STOP}:
        raise HomeError("site_setting_unknown")
    return dict(raw)


def _of_type(kind: type[_T], value: object) -> _T:
    """Returns the value if it already has this type; never converts it. Raises TypeError."""
    if type(value) is not kind:
        raise TypeError
    return value


def _line(value: object) -> str:
    """Parse a line of text. Raises TypeError, ValueError."""
    text = _of_type(str, value)
    if not text.isprintable() or len(text) > _LONGEST_LINE:
        raise ValueError
    return text


def _days(value: object) -> int:
    """Parse how long lines of the access log are kept. Raises TypeError, ValueError."""
    number = _of_type(int, value)
    if not 30 <= number <= 3650:
        raise ValueError
    return number


def _few(value: object) -> int:
    """Parse a number of processes. Raises TypeError, ValueError."""
    number = _of_type(int, value)
    if not 1 <= number <= _MOST_WORKERS:
        raise ValueError
    return number


def _folder(value: object) -> str:
    """Parse a folder given by its full path. Raises TypeError, ValueError."""
    text = _of_type(str, value)
    if not Path(text).is_absolute():
        raise ValueError
    return text


def state_line(place: Path) -> str:
    """Returns the line of `site.toml` that fixes where the host keeps its record of a home. A JSON string is valid TOML."""
    return f"state = {json.dumps(str(place))}\n"


def home_id(path: Path) -> str:
    """Returns the name of a home, 32 hexadecimal digits, from its file; created on the first call.

    Raises UnreadableSourceError when the file holds something else.
    """
    if not path.is_file():
        with contextlib.suppress(FileExistsError):  # another process created it first: its name counts
            write_secret(path, secrets.token_hex(16).encode())
    found = path.read_text(encoding="ascii", errors="replace").strip()
    if len(found) != 32 or not set(found) <= set("0123456789abcdef"):
        raise UnreadableSourceError("home_id_malformed")
    return found
