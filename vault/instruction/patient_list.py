"""The sealed list of patients to which an instruction may be limited.

The instruction names the list by the SHA-256 of its plain bytes and never contains a patient's number. The list is JSON,
`{"inss": [...], "salt": HEX}` in canonical form; because of the salt, nobody can guess the list from the digest. It is sealed
with age to this home's own recipient (`reprise authorise recipient`), and opened only in memory.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256

from schemas.errors import AuthorisationError, RepriseError
from schemas.identifiers import clean_inss
from vault.age.sealing import make_identity, open_bytes, parse_identity, seal_bytes
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.system.files import write_secret


def make_home_identity(home: Home) -> None:
    """Create the age identity of a new home."""
    write_secret(home.keys / "home.age", make_identity()[0].encode())


def home_recipient(home: Home) -> str:
    """Return the age recipient for sealing a patient list."""
    return str(parse_identity((home.keys / "home.age").read_text()).to_public())


def seal_list(numbers: list[str], recipient: str) -> tuple[bytes, str]:
    """Seal national numbers. Return the sealed list and the digest for the instruction.

    Raises AuthorisationError if a number fails its check.
    """
    cleaned = [clean_inss(number) for number in numbers]
    if not cleaned or not all(cleaned):
        raise AuthorisationError("patient_list_malformed", count=cleaned.count(None))
    plain = canonical_json({"inss": sorted({str(n) for n in cleaned}), "salt": os.urandom(16).hex()})
    return seal_bytes([recipient], plain), sha256(plain).hexdigest()


def open_list(home: Home, sealed: bytes | None, digest: str) -> frozenset[str]:
    """Return the national numbers of a list.

    Raises AuthorisationError: patient_list_missing, patient_list_differs, patient_list_malformed.
    """
    if sealed is None:
        raise AuthorisationError("patient_list_missing")
    try:
        plain = open_bytes(sealed, (home.keys / "home.age").read_text())
    except RepriseError:
        plain = b""
    if sha256(plain).hexdigest() != digest:
        raise AuthorisationError("patient_list_differs")
    numbers = _numbers(plain)
    if not numbers:
        raise AuthorisationError("patient_list_malformed")
    return numbers


def _numbers(plain: bytes) -> frozenset[str]:
    """Return the numbers of a list in the form that `seal_list` writes; frozenset() for any other form.

    A number in another form would match no patient.
    """
    try:
        body = json.loads(plain)
        numbers = frozenset(body["inss"])
        if canonical_json(body) == plain and all(clean_inss(number) == number for number in numbers):
            return numbers
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass  # the caller raises, outside of the handler: these errors quote the list
    return frozenset()
