"""Belgian identifiers: the national number (INSS) and the number of a care provider (NIHII).

A valid check digit shows that a number was copied correctly, not that it was issued.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from enum import StrEnum

SEPARATORS = re.compile(r"[.\-/\s]")
BIS_UNKNOWN_SEX = 20  # added to the month
BIS_KNOWN_SEX = 40


class NihiiCheck(StrEnum):
    """The result of checking a NIHII number's check digits."""

    VALID = "valid"  # modulus 97, or 89, which some software accepts
    UNVERIFIED = "unverified"  # fits moduli that are only reported to exist (83, 79)
    INVALID = "invalid"


def plain_digits(raw: str) -> str:
    """The text without the dots, dashes, slashes and blanks that separate the digits of a number."""
    return SEPARATORS.sub("", raw)


def clean_inss(raw: str | None, today: date | None = None) -> str | None:
    """Returns the eleven digits of a national number that passes every check, else None.

    The checks: eleven digits; valid check digits (with a 2 in front for births from 2000); a serial that is issued; a month
    possible in a register or BIS number; a birth that is not in the future.
    """
    digits = SEPARATORS.sub("", raw or "")
    if len(digits) != 11 or not (digits.isascii() and digits.isdigit()):
        return None
    century = _century(digits)
    if century is None or digits[6:9] in ("000", "999"):
        return None
    return digits if _date_can_be(digits, century, today or datetime.now(UTC).date()) else None


def _century(digits: str) -> int | None:
    number, check = int(digits[:9]), int(digits[9:])
    if 97 - number % 97 == check:
        return 1900
    if 97 - (2_000_000_000 + number) % 97 == check:
        return 2000
    return None


def _date_can_be(digits: str, century: int, today: date) -> bool:
    year, month, day = century + int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    month -= BIS_KNOWN_SEX if month >= BIS_KNOWN_SEX else BIS_UNKNOWN_SEX if month >= BIS_UNKNOWN_SEX else 0
    if month > 12:
        return False
    if month and 1 <= day <= monthrange(year, month)[1]:
        return date(year, month, day) <= today
    return year <= today.year


def inss_birth(inss: str) -> date | None:
    """Returns the birth date in a valid national number, if there is one. Best effort for BIS."""
    century = _century(inss)
    if century is None:
        return None
    year, month, day = century + int(inss[:2]), int(inss[2:4]) % 20, int(inss[4:6])
    if not 1 <= month <= 12 or not 1 <= day <= monthrange(year, month)[1]:
        return None
    return date(year, month, day)


def clean_nihii(raw: str | None) -> str:
    """Returns the digits of a provider's number as written, without separators (`1/12345/78/004`)."""
    return "".join(c for c in raw or "" if c in "0123456789")


def check_nihii(raw: str | None) -> NihiiCheck:
    """Check the digits 7 and 8 of a provider's number of 8 or 11 digits. The result is a warning, never a rejection."""
    digits = clean_nihii(raw)
    if len(digits) not in (8, 11):
        return NihiiCheck.INVALID
    base, check = int(digits[:6]), int(digits[6:8])
    if any(modulus - base % modulus == check for modulus in (97, 89)):
        return NihiiCheck.VALID
    if any(modulus - base % modulus == check for modulus in (83, 79)):
        return NihiiCheck.UNVERIFIED
    return NihiiCheck.INVALID
