"""The passports of dialects that a home keeps: names and counts, of no person (`schemas.dialect`)."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from schemas.dialect import Names, Passport
from schemas.errors import IntegrityError
from schemas.record import dump, load
from vault.home_folder import Home
from vault.system.files import write_durably

FOLDER = "passports"


def last_passport(home: Home, software: str) -> Passport | None:
    """The latest passport of this software, whatever its version; None if none was carried. Raises IntegrityError."""
    found = [passport for passport in _passports(home) if _name(passport.software) == _name(software)]
    return max(found, key=lambda passport: passport.recorded, default=None)


def keep_passport(home: Home, software: str, run: str, recorded: str, names: Names) -> None:
    """Keep the names of this export as those of its software and version; what an earlier one used stays known."""
    folder = home.path / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    former = last_passport(home, software)
    merged = {kind: dict(found) for kind, found in (former.names if former else {}).items()}
    for kind, found in names.names.items():
        merged.setdefault(kind, {}).update(found)
    passport = Passport(software=software, recorded=recorded, run=run, names=merged, rare=names.rare)
    file = f"{sha256(software.encode()).hexdigest()[:16]}.json"
    write_durably(folder / file, dump(passport))


def _passports(home: Home) -> Iterator[Passport]:
    folder = home.path / FOLDER
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        yield load(Passport, path.read_bytes(), IntegrityError, "passport_unreadable")


def _name(software: str) -> str:
    """The name without the version, which is its last word if that begins with a digit."""
    name, _, last = software.rpartition(" ")
    return name if name and last.lstrip("vV")[:1].isdigit() else software
