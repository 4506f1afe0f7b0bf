"""Checks that the home is private, has valid trust material, and extends the head that this host recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.errors import RepriseError
from vault.diagnostics.host import Host
from vault.home.host_record import HostRecord, extends
from vault.home_folder import Home
from vault.ledger.home_log import open_store
from vault.pki.trust_admin import list_material
from vault.system.host_identity import NAMELESS, machine_id

_OWNER_ONLY = (".", "keys", "subjects", "staging", "authorisations", "keys/site.key", "keys/log.key")


def check_home(host: Host, home: Home) -> Iterator[str]:
    """Yield codes of findings about the home."""
    yield from _privacy(host, home)
    yield from _trust(host, home)
    if machine_id(host.root) == NAMELESS:
        yield "machine_nameless"
    yield from _host_record(home)


def _privacy(host: Host, home: Home) -> Iterator[str]:
    places = [home.path / name for name in _OWNER_ONLY if (home.path / name).exists()]
    if any(place.stat().st_mode & 0o077 for place in places):
        yield "home_open"
    owner = home.path.stat().st_uid
    if any(path.lstat().st_uid != owner for path in (*places, *home.path.iterdir())):
        yield "home_foreign_owner"
    mask = re.search(r"^Umask:\s*([0-7]+)", host.text(f"proc/{host.parent}/status"), re.MULTILINE)
    if mask and int(mask[1], 8) & 0o077 != 0o077:
        yield "umask_open"


def _trust(host: Host, home: Home) -> Iterator[str]:
    try:
        materials = list_material(home.trust)
    except RepriseError:
        materials = []
    kinds = {material.kind for material in materials}
    if "root" not in kinds:
        yield "trust_missing"
    if "timestamp" not in kinds:
        yield "timestamps_missing"
    if any(material.stale(host.clock.now()) for material in materials):
        yield "trust_stale"


def _host_record(home: Home) -> Iterator[str]:
    record, store = HostRecord.of(home), open_store(home)
    if record.malformed():
        yield "host_record_malformed"
        return
    known = record.remembered()
    if record.missing(store):
        yield "host_record_missing"
    elif not home.site.trial and home.site.state is None:
        yield "record_place_not_fixed"
    if known is None and home.site.state is not None:
        return
    if record.new_here(store):
        yield "home_new_here"
    if known is None:
        return
    if not extends(store, known):
        yield "home_rolled_back"
    elif known.size < store.head().size:
        yield "host_record_behind"
