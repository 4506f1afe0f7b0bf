"""The home: its folder, the paths of its files, and its settings and site key, each read at most once.

A home holds everything that an installation keeps. Every function that reads or writes there takes a `Home`; only this module
composes the paths of a home. docs/architecture.md describes each folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vault.keys.site_key import SiteKey
from vault.site import HOME_ID, Site, home_id


@dataclass(frozen=True)
class Home:
    """One home, by its folder, which need not exist yet. Two `Home` with the same path are equal."""

    path: Path

    def __str__(self) -> str:
        """Return the path of the folder."""
        return str(self.path)

    @cached_property
    def site(self) -> Site:
        """Return the settings. Raises HomeError: home_not_found, site_malformed, site_setting_unknown."""
        return Site.load(self.settings)

    @cached_property
    def site_key(self) -> SiteKey:
        """Return the key that seals the records of the home. Raises OSError if it cannot be read."""
        return SiteKey.load(self.keys)

    @property
    def id(self) -> str:
        """The id of the home, 32 hexadecimal digits. Raises UnreadableSourceError (home_id_malformed)."""
        return home_id(self.path / HOME_ID)

    @property
    def settings(self) -> Path:
        """The site settings."""
        return self.path / "site.toml"

    @property
    def keys(self) -> Path:
        """The keys of the home itself."""
        return self.path / "keys"

    @property
    def trust(self) -> Path:
        """The trust material."""
        return self.path / "trust"

    @property
    def ledger(self) -> Path:
        """The log of all entries."""
        return self.path / "ledger"

    @property
    def stamps(self) -> Path:
        """The heads that time-stamp authorities stamped."""
        return self.path / "stamps"

    @property
    def locks(self) -> Path:
        """The lock files."""
        return self.path / "locks"

    @property
    def orders(self) -> Path:
        """The orders that wait for their start."""
        return self.path / "orders"

    @property
    def sources(self) -> Path:
        """The paths of exports, as operators registered them."""
        return self.path / "sources"

    @property
    def runs(self) -> Path:
        """The record of each run."""
        return self.path / "runs"

    @property
    def staging(self) -> Path:
        """The sealed staging of unfinished runs."""
        return self.path / "staging"

    @property
    def subjects(self) -> Path:
        """The sealed records about persons."""
        return self.path / "subjects"

    @property
    def shared(self) -> Path:
        """The sealed records about several persons."""
        return self.path / "shared"

    @property
    def tombstones(self) -> Path:
        """The tombstones of erased records."""
        return self.path / "tombstones"

    @property
    def authorisations(self) -> Path:
        """The register of each instruction."""
        return self.path / "authorisations"

    @property
    def intakes(self) -> Path:
        """The record and key of each intake."""
        return self.path / "intakes"

    @property
    def destinations(self) -> Path:
        """The registered destinations."""
        return self.path / "destinations"

    @property
    def accounts(self) -> Path:
        """The sealed accounts of people who sign in."""
        return self.path / "accounts"

    @property
    def access_log(self) -> Path:
        """The log of views and acts, sealed line by line."""
        return self.path / "access.log"

    @property
    def index(self) -> Path:
        """The index that pages read instead of ledger and runs; it can be deleted at any time."""
        return self.path / "index"

    @property
    def notices(self) -> Path:
        """The notices that were sent, with their receivers, and those that wait."""
        return self.path / "notices"

    @property
    def held_copies(self) -> Path:
        """The register of copies outside the home that must be destroyed."""
        return self.path / "custody"

    @property
    def recipients(self) -> Path:
        """The confirmed recipients, sealed."""
        return self.path / "recipients.json"

    @property
    def prefect(self) -> Path:
        """The state of Prefect, if Reprise starts it."""
        return self.path / "prefect"

    @property
    def acts(self) -> Path:
        """The intents of acts that have begun."""
        return self.path / "acts"

    @property
    def clock_note(self) -> Path:
        """The last accepted time (`vault.destruction.trusted_time`)."""
        return self.path / "clock.json"

    @property
    def restored_note(self) -> Path:
        """The note of a restore (`vault.home.replay.RestoredNote`)."""
        return self.path / "restored.json"

    @property
    def heartbeat(self) -> Path:
        """The record of the last completed sweep (`vault.destruction.heartbeat`)."""
        return self.path / "sweep.json"

    @property
    def ledger_check(self) -> Path:
        """The last full check of the log that was asked for in the dashboard."""
        return self.path / "ledger-check.json"

    def run(self, run_id: str) -> Path:
        """The record of one run."""
        return self.runs / run_id

    def proof(self, run_id: str) -> Path:
        """The proof folder of one run."""
        return self.run(run_id) / "proof"
