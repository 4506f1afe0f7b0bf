"""The host for those who watch: what endangers a promise here, the trust material and its age, the sweep, and the workers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flows.session.control import Control
from schemas.errors import TrustError
from vault.destruction.heartbeat import LATE_AFTER_INTERVALS, last_heartbeat
from vault.diagnostics.examination import examine
from vault.diagnostics.findings import Finding, Severity
from vault.diagnostics.host import Host
from vault.diagnostics.workers import Worker, seen_workers
from vault.pki.trust_admin import Material, list_material
from vault.system.clock import format_utc

_BY_SEVERITY = list(Severity)
_SOON_DAYS = 14


@dataclass(frozen=True)
class MaterialRow:
    """One certificate, revocation list or answer: how old it is, and how long it still holds."""

    kind: str
    fingerprint: str
    since: str
    until: str
    age_days: int
    days_left: int
    trial: bool

    @property
    def colour(self) -> str:
        """Red when expired, amber when it soon will be."""
        return "bad" if self.days_left < 0 else "warn" if self.days_left < _SOON_DAYS else "plain"


@dataclass(frozen=True)
class SweepRow:
    """The last sweep that ended, and whether the next is late."""

    ended: str | None
    age_seconds: int | None
    every_minutes: int
    late: bool
    found: tuple[tuple[str, int], ...]  # what it found, by code


@dataclass(frozen=True)
class HostSheet:
    """The host as it is now."""

    findings: tuple[Finding, ...]  # the worst first
    material: tuple[MaterialRow, ...]  # what expires first comes first
    material_unreadable: bool
    sweep: SweepRow
    workers: tuple[Worker, ...] | None  # None: no Prefect server is declared here

    @property
    def sound_areas(self) -> tuple[str, ...]:
        """The areas in which nothing was found."""
        return tuple(found.area for found in self.findings if found.severity == Severity.OK)


def host_sheet(control: Control) -> HostSheet:
    """Returns the findings of the host check and what else a host must have; changes nothing in the home."""
    found = examine(control.home, Host(clock=control.clock))
    material = _material(control)
    return HostSheet(
        findings=tuple(sorted(found, key=lambda one: _BY_SEVERITY.index(Severity(one.severity)))),
        material=tuple(sorted(material or (), key=lambda row: row.until)),
        material_unreadable=material is None,
        sweep=_sweep(control),
        workers=seen_workers(control.clock.now()),
    )


def _material(control: Control) -> list[MaterialRow] | None:
    try:
        return [_row(one, control.clock.now()) for one in list_material(control.home.trust)]
    except TrustError:
        return None


def _row(one: Material, now: datetime) -> MaterialRow:
    return MaterialRow(
        one.kind,
        one.fingerprint,
        format_utc(one.since),
        format_utc(one.until),
        (now - one.since).days,
        (one.until - now).days,
        one.trial,
    )


def _sweep(control: Control) -> SweepRow:
    beat, every = last_heartbeat(control.home), control.site.sweep_every_minutes
    age = beat.age_seconds(control.clock) if beat else None
    late = age is None or age > every * 60 * LATE_AFTER_INTERVALS
    found = tuple((code, count) for code, count in sorted(beat.found.items()) if count) if beat else ()
    return SweepRow(beat.ended if beat else None, age, every, late, found)
