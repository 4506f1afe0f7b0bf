"""Lists and adds trust material: the certificates and revocation data against which signatures and time stamps are checked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from flows.session.acts import act
from flows.session.control import Control
from vault.ledger.entries import EntryType
from vault.pki.trust_admin import Material, add_material, list_material
from vault.system.clock import format_utc

__all__ = ["Held", "Kind", "add", "listed"]


class Kind(StrEnum):
    """The kinds of trust material."""

    ROOT = "root"
    INTERMEDIATE = "intermediate"
    CRL = "crl"
    OCSP = "ocsp"
    TIMESTAMP = "timestamp"


@dataclass(frozen=True)
class Held:
    """One certificate, revocation list or OCSP response of a home."""

    kind: str
    fingerprint: str
    since: str
    until: str
    trial: bool
    stale: bool


def listed(control: Control) -> list[Held]:
    """List the trust material of the home. Raises TrustError if a file is not trust material."""
    return [_held(control, material) for material in list_material(control.home.trust)]


def add(control: Control, kind: Kind, data: bytes) -> Held:
    """Add a certificate, a revocation list or an OCSP response. Raises TrustError."""
    with act(control, EntryType.TRUST_ADDED, kind):
        trial, now = control.site.trial, control.clock.now()
        return _held(control, add_material(control.home.trust, kind, data, trial_home=trial, now=now))


def _held(control: Control, material: Material) -> Held:
    since, until = format_utc(material.since), format_utc(material.until)
    stale = material.stale(control.clock.now())
    return Held(material.kind, material.fingerprint, since, until, material.trial, stale)
