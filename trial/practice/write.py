"""Writes a practice's export folder by folder, in constant memory."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from schemas.errors import UnreadableSourceError
from trial.practice.care import summary
from trial.practice.contacts import contact
from trial.practice.defects import spoil
from trial.practice.labs import lab
from trial.practice.letters import letter, pdf_document
from trial.practice.markup import DOCTOR, NIHII, Draw, cd, numbered, transaction
from trial.practice.people import invent, patient


@dataclass(frozen=True)
class Shape:
    """The number of elements per patient, and the size of a document in KiB."""

    problems: int
    contacts: int
    labs: int
    results: int
    documents: int
    kib: int


SHAPES = {
    "ordinary": Shape(2, 5, 3, 8, 2, 20),
    "attachments": Shape(1, 3, 1, 8, 10, 400),
    "items": Shape(8, 40, 20, 25, 0, 0),
}
_POOL = 8
_PIECE = 3 << 18


def write_practice(
    folder: Path,
    *,
    patients: int,
    seed: int = 1,
    shape: str = "ordinary",
    defects: bool = False,
    patients_per_file: int = 500,
    big_attachment_bytes: int = 0,
) -> int:
    """Write the export as KMEHR SMF files; return their number. The same arguments produce the same bytes.

    With `defects`, each of the first patients has one of the defects in `trial.practice.defects`. The first patient gets the big
    attachment (decoded size in bytes). Raises UnreadableSourceError: unknown_shape.
    """
    if shape not in SHAPES:
        raise UnreadableSourceError("unknown_shape")
    form, chance = SHAPES[shape], random.Random(seed)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pool = [pdf_document(chance, form.kib) for _ in range(_POOL)] if form.documents else []
    files = 0
    for start in range(0, patients, patients_per_file):
        files += 1
        numbers = range(start + 1, min(patients, start + patients_per_file) + 1)
        with open(folder / f"export-{files:04d}.xml", "w", encoding="utf-8") as out:
            out.write(_header())
            for number in numbers:
                made = _folder(chance, number, form, pool)
                made = spoil(made, number) if defects else made
                big = big_attachment_bytes if number == 1 else 0
                _write_folder(out, made, big)
            out.write("</kmehrmessage>\n")
    return files


def _header() -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kmehrmessage xmlns="http://www.ehealth.fgov.be/standards/kmehr/schema/v1"><header><standard>'
        f"{cd('CD-STANDARD', '20131001', '1.7')}<specialisation>{cd('CD-MESSAGE', 'gpsoftwaremigration')}"
        f'<version>2.0</version></specialisation></standard><id S="ID-KMEHR" SV="1.0">{NIHII}.20260101</id>'
        f"<date>2026-01-01</date><time>12:00:00</time><sender>{DOCTOR}"
        '<hcparty><id S="LOCAL" SV="5.2" SL="Epicurus">Epicurus 5.2</id><cd S="CD-HCPARTY" SV="1.6">application</cd>'
        "<name>Epicurus</name></hcparty></sender><recipient><hcparty>"
        '<cd S="CD-HCPARTY" SV="1.6">application</cd><name>gp-software-migration</name></hcparty></recipient></header>\n'
    )


def _folder(chance: random.Random, number: int, form: Shape, pool: list[str]) -> str:
    person = invent(chance, number)
    draw = Draw(chance, number, person)
    body = [summary(draw, form.problems)]
    body += [contact(draw) for _ in range(form.contacts)]
    body += [lab(draw, form.results, index) for index in range(form.labs)]
    body += [letter(draw, chance.choice(pool), index) for index in range(form.documents)]
    head = f'<folder><id S="ID-KMEHR" SV="1.0">{number}</id>{patient(person)}\n'
    return head + numbered("".join(body)) + "</folder>\n"


def _write_folder(out: TextIO, made: str, big: int) -> None:
    if not big:
        out.write(made)
        return
    body, end, rest = made.rpartition("</folder>")
    before, after = transaction("note", "big-1", "2026-01-01", "<lnk/>").split("<lnk/>")
    out.write(body + numbered(before) + '<lnk TYPE="multimedia" MEDIATYPE="application/pdf">')
    out.writelines(_big(big))
    out.write("</lnk>" + after + end + rest)


def _big(size: int) -> Iterator[str]:
    """Yield base64 of `size` bytes that begin like a PDF, piece by piece."""
    piece = (b"%PDF-1.4\n" + bytes(range(256)) * (_PIECE // 256))[:_PIECE]
    for start in range(0, size, _PIECE):
        yield b64encode(piece[: min(_PIECE, size - start)]).decode()
