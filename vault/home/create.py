"""Creates a home: its folders, its keys, its settings and the first head of its ledger."""

from __future__ import annotations

import os
import re

from schemas.errors import HomeError
from vault.home.host_record import HostRecord, prepare_place
from vault.home_folder import Home
from vault.instruction.patient_list import make_home_identity
from vault.keys.site_key import SiteKey
from vault.ledger.home_log import make_log_key, open_store
from vault.site import Site, state_line
from vault.system.files import write_durably

FOLDERS = (
    "authorisations",
    "custody",
    "destinations",
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

_ORIGIN = re.compile(r"[a-z0-9](?:[a-z0-9.\-]{0,62}[a-z0-9])?(?:/[a-z0-9][a-z0-9.\-]{0,63})*")
"""The form of a log's name that C2SP tlog-checkpoint recommends: a URL without its scheme."""


def create_home(home: Home, *, trial: bool, origin: str, ceiling_hours: int = 72) -> Site:
    """Create an empty home with its folders, keys and settings, and the host's record of this home. Return the settings.

    Raises HomeError: origin_malformed, state_folder_unusable.
    """
    if not _ORIGIN.fullmatch(origin):
        raise HomeError("origin_malformed")
    place = None if trial else prepare_place()
    home.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in FOLDERS:
        os.makedirs(home.path / folder, mode=0o700, exist_ok=True)
    SiteKey.create(home.keys)
    make_log_key(home)
    make_home_identity(home)
    text = f'trial = {str(trial).lower()}\norigin = "{origin}"\nceiling_hours = {ceiling_hours}\n'
    if place is not None:
        text += state_line(place)
    write_durably(home.settings, text.encode())
    store = open_store(home)
    store.begin()
    site = home.site
    if place is not None:
        HostRecord.of(home).note_head(store, forced=True)
    return site
