"""National numbers, as the counter reads them: of a patient, and in any notation that cards and old software use."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from connectors.inventory.facts.normal_form import Node

_OLD_CARD = re.compile(r"(\d{6})\D(\d{2})\D(\d{3})\Z", re.ASCII)


def patient_inss(fields: Sequence[Node]) -> str | None:
    """The first valid national number among the INSS ids, then among the ID-PATIENT ids."""
    for scheme in ("INSS", "ID-PATIENT"):
        ids = (one for one in fields if one.name == "id" and one.get("S") == scheme)
        number = next((found for one in ids if (found := parse_inss(one.value()))), None)
        if number:
            return number
    return None


def parse_inss(text: str) -> str | None:
    """Eleven digits whose serial, month and check digits are valid (national register or BIS number), else None.

    Old cards write date, check digits, serial: that order is read too. The check is 97 less the first nine digits modulo
    97; a 2 is put before them for births from 2000 on.
    """
    digits = re.sub(r"[-. /\u00a0\t]", "", text)
    if not re.fullmatch(r"[0-9]{11}", digits):
        return None
    if _is_valid_number(digits):
        return digits
    old = _OLD_CARD.match(text.strip())
    turned = old.group(1) + old.group(3) + old.group(2) if old else ""
    return turned if turned and _is_valid_number(turned) else None


def _is_valid_number(digits: str) -> bool:
    if digits[6:9] in ("000", "999") or len(set(digits)) == 1:
        return False
    month = int(digits[2:4])
    if not (month <= 12 or 20 <= month <= 32 or 40 <= month <= 52):
        return False
    nine, check = int(digits[:9]), int(digits[9:])
    if check == 97 - nine % 97:
        return True
    now = dt.datetime.now(dt.UTC).year
    return check == 97 - (2_000_000_000 + nine) % 97 and 2000 + int(digits[:2]) <= now
