"""Lab results: as items with ranges and flags, as a HealthOne message in text, and as one in base64."""

from __future__ import annotations

import unicodedata
from base64 import b64encode

from trial.practice.markup import Draw, cd, content, item, transaction

_LABS = (
    ("718-7", "Hémoglobine", "g/dl", 12.0, 16.0),
    ("2345-7", "Glucose", "mg/dl", 70.0, 100.0),
    ("2160-0", "Créatinine", "mg/dl", 0.6, 1.2),
    ("2093-3", "Cholestérol", "mg/dl", 100.0, 190.0),
)
_LAB = '<hcparty><cd S="CD-HCPARTY" SV="1.6">orglaboratory</cd><name>Laboratoire Essai</name></hcparty>'


def lab(draw: Draw, results: int, index: int) -> str:
    """Return the n-th lab result of a folder: every third as text, every third in base64."""
    if index % 3 == 1:
        body = draw.text(_message(draw, results).replace("\r\n", "\n"))
    elif index % 3 == 2:
        encoding = draw.chance.choice(("cp850", "latin-1"))
        coded = b64encode(_message(draw, results).encode(encoding)).decode()
        body = f'<lnk TYPE="multimedia" MEDIATYPE="text/plain">{coded}</lnk>'
    else:
        body = "".join(_result(draw) for _ in range(results)) + draw.say(("à jeun", "nuchter", "nüchtern"))
    return transaction("labresult", draw.mf_id("lab"), draw.date(), body, author=_LAB)


def _result(draw: Draw) -> str:
    loinc, label, unit, low, high = draw.chance.choice(_LABS)
    value = round(draw.chance.uniform(low * 0.7, high * 1.3), 1)
    flag = "low" if value < low else "high" if value > high else ""
    severity = f"<severity>{cd('CD-SEVERITY', flag)}</severity>" if flag else ""
    measured = (
        f"<decimal>{value}</decimal><unit>{cd('CD-UNIT', unit, '1.3')}</unit>"
        f"<minref><decimal>{low}</decimal></minref><maxref><decimal>{high}</decimal></maxref>"
    )
    return item(
        "lab", draw.mf_id("res"), cd("CD-LAB", loinc) + content(measured) + draw.text(label) + severity
    )


def _message(draw: Draw, results: int) -> str:
    """Return a HealthOne message (FLAT, section 1)."""
    mark, who = f"26-{draw.number:06d}", draw.person
    year, month, day = who.birth.split("-")
    lines = [
        f"A1\\{mark}\\LABO ESSAI\\",
        f"A2\\{mark}\\{_plain(who.family)}\\{_plain(who.given)}\\{who.sex[0].upper()}\\{day}{month}{year}\\",
        f"A4\\{mark}\\Dr Specimen\\02022026\\0915\\C\\",
    ]
    for _ in range(results):
        code, label, unit, low, high = draw.chance.choice(_LABS)
        value = str(round(draw.chance.uniform(low * 0.7, high * 1.3), 1)).replace(".", ",")
        lines.append(f"L1\\{mark}\\{code}\\{label}\\{low} - {high}\\{unit}\\\\{value}\\")
    return "\r\n".join(lines) + "\r\n"


def _plain(name: str) -> str:
    """Return a name in capitals without accents, as laboratories write it."""
    return unicodedata.normalize("NFD", name.upper()).encode("ascii", "ignore").decode()
