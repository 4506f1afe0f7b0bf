"""Sources: the paths of exports, as operators registered them, sealed under the home's site key, each with an opaque id.

A path may name a doctor or a patient. So the page that starts a run uses ids and shows only the last part of a path, and no path
is in an address or a log. The sweep removes old sources from the register.
"""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path

from schemas.errors import IntegrityError, UnreadableSourceError
from schemas.record import Record, dump, load
from vault.home_folder import Home
from vault.system.clock import Clock, format_utc, parse_utc
from vault.system.files import write_durably

MAX_AGE = timedelta(days=30)


class Source(Record, frozen=True):
    """One export: a file, a folder or an archive of this host, or one sealed to an intake."""

    id: str
    path: str
    registered: str

    @property
    def shown(self) -> str:
        """The last part of the path, by which an operator recognises the source."""
        return Path(self.path).name


def register_source(home: Home, path: str, clock: Clock) -> Source:
    """Register the path of an export. Raises UnreadableSourceError: source_not_absolute, source_missing, source_unreadable."""
    place = Path(path)
    if not path or not place.is_absolute():
        raise UnreadableSourceError("source_not_absolute")
    place = _readable(place)
    source = Source(secrets.token_hex(8), str(place), format_utc(clock.now()))
    home.sources.mkdir(mode=0o700, exist_ok=True)
    write_durably(home.sources / source.id, home.site_key.seal(dump(source), f"source/{source.id}"))
    return source


def _readable(place: Path) -> Path:
    """Return the path without links. Raises UnreadableSourceError: source_missing, source_unreadable."""
    exists = is_readable = False
    try:
        place = place.resolve()
        exists, is_readable = place.exists(), os.access(place, os.R_OK)
    except (
        OSError,
        ValueError,
        RuntimeError,
    ):  # a closed folder, a name too long, a null byte, a loop of links
        exists = True
    if not exists:
        raise UnreadableSourceError("source_missing")
    if not is_readable:
        raise UnreadableSourceError("source_unreadable")
    return place


def find_source(home: Home, source_id: str) -> Source:
    """Return a registered source. Raises UnreadableSourceError (no_such_source), IntegrityError."""
    path = home.sources / source_id
    if not source_id.isalnum() or not path.is_file():
        raise UnreadableSourceError("no_such_source")
    data = home.site_key.open(path.read_bytes(), f"source/{source_id}")
    return load(Source, data, IntegrityError, "sealed_record_altered")


def list_sources(home: Home) -> list[Source]:
    """Return the registered sources, oldest first."""
    names = [path.name for path in home.sources.iterdir()] if home.sources.is_dir() else []
    sources = [find_source(home, name) for name in names if name.isalnum()]
    return sorted(sources, key=lambda source: (source.registered, source.id))


def forget_source(home: Home, source_id: str) -> None:
    """Remove a source from the register; the export is not changed. Raises UnreadableSourceError (no_such_source)."""
    find_source(home, source_id)
    (home.sources / source_id).unlink(missing_ok=True)


def forget_old_sources(home: Home, clock: Clock) -> None:
    """Remove the sources that were registered more than `MAX_AGE` ago."""
    for source in list_sources(home):
        if clock.now() - parse_utc(source.registered) > MAX_AGE:
            forget_source(home, source.id)
