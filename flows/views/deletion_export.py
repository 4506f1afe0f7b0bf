"""The deletion proof as files: CSV, PDF, and one zip with index, certificates, policy, proofs and the entries of the ledger.

Nothing in them names a person: proof folders go out without the instruction.
"""

from __future__ import annotations

import csv
import io
import zipfile
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import IO

from flows.admin.ledger import policy
from flows.session.control import Control
from flows.views.deletion import Deletion, DeletionRow
from flows.views.log_entries import written_entries
from flows.views.proof_copies import certificate_pdf, proof_zip
from schemas.texts import text
from vault.canonical_json import canonical_json
from vault.ledger.entries import format_hashes
from vault.ledger.notes import Checkpoint, split_note
from vault.system.clock import parse_utc

LISTED_ON_PAPER = 2000
"""The most runs that the PDF lists; the CSV has them all."""
ENTRIES = "ledger/entries.jsonl"
COLUMNS = (
    "number", "run", "use", "started", "deadline", "ended", "cause", "files", "bytes", "standing", "staged_seconds",
    "allowed_seconds", "has_proof",
)  # fmt: skip

Moment = Callable[[str], str]
"""Writes a moment for people."""


def as_csv(found: Deletion) -> str:
    """Returns one line for each run."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    table.writerows([_cell(getattr(row, name)) for name in COLUMNS] for row in found.rows)
    return out.getvalue()


def _cell(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def as_pdf(found: Deletion, language: str, moment: Moment, *, trial: bool) -> bytes:
    """Returns the list on paper, with the head of the ledger as a code to compare."""
    from vault.pdf.layout import PdfDocument  # the PDF writer is slow to load

    paper = PdfDocument(text(language, "dashboard.deletion.title"), language=language)
    if trial:
        paper.banner(text(language, "certificate.trial"))
    paper.heading(text(language, "dashboard.deletion.title"))
    paper.text(text(language, "dashboard.deletion.as_of", at=moment(found.at)))
    runs = len(found.rows)
    if found.complete:
        paper.text(text(language, "dashboard.deletion.complete", count=runs))
    else:
        paper.text(text(language, "dashboard.deletion.incomplete", count=runs))
    for code, count in found.faults:
        paper.text(f"{count} × {code}")
    paper.section(text(language, "dashboard.deletion.runs"))
    listed = found.rows[-LISTED_ON_PAPER:]
    if len(listed) < len(found.rows):
        paper.text(text(language, "dashboard.deletion.listed_on_paper", count=len(listed)))
    paper.rows((f"{row.number} · {row.run}", _on_paper(row, language, moment)) for row in listed)
    paper.section(text(language, "certificate.section.head"))
    head = found.head
    paper.code(
        f"{head.origin}\n{head.size}\n{head.root}\n",
        [head.origin, f"{head.size} {text(language, 'certificate.label.entries')}", head.root],
    )
    return paper.to_pdf()


def _on_paper(row: DeletionRow, language: str, moment: Moment) -> str:
    standing = text(language, f"dashboard.standing.{row.standing}")
    if row.ended is None:
        deadline = text(language, "dashboard.today.until", at=moment(row.deadline))
        return f"{text(language, f'dashboard.use.{row.use}')}; {standing}; {deadline}"
    return f"{text(language, f'certificate.outcome.{row.cause}')}; {standing}, {moment(row.ended)}"


def write_zip(control: Control, found: Deletion, language: str, moment: Moment, out: IO[bytes]) -> None:
    """Write the view as one zip; the same view of the same home gives the same names and times."""
    at = parse_utc(found.at)
    stamp = (at.year, at.month, at.day, at.hour, at.minute, at.second)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in _files(control, found, language, moment):
            made.writestr(zipfile.ZipInfo(name, stamp), data, zipfile.ZIP_DEFLATED)
        entries = zipfile.ZipInfo(ENTRIES, stamp)
        entries.compress_type = zipfile.ZIP_DEFLATED
        with made.open(entries, "w", force_zip64=True) as stream:
            for entry in written_entries(control, end=found.head.size):
                stream.write(entry + b"\n")


def _files(control: Control, found: Deletion, language: str, moment: Moment) -> Iterator[tuple[str, bytes]]:
    missing = _missing(control, found)
    readme = text(language, "dashboard.deletion.readme", at=moment(found.at))
    if missing:
        readme += text(language, "dashboard.deletion.readme_missing", files="\n".join(missing))
    yield "README.txt", readme.encode()
    yield "index.csv", as_csv(found).encode()
    yield "index.pdf", as_pdf(found, language, moment, trial=control.site.trial)
    yield "index.json", canonical_json({**_index(found), "missing": missing})
    yield "policy.txt", policy(control).encode()
    yield from _ledger_files(control, found)
    for row in found.rows:
        if row.has_proof:
            if _certificate(row) not in missing:
                yield _certificate(row), certificate_pdf(control, row.run)
            yield (
                f"proofs/{row.number:06}-{row.run}.zip",
                proof_zip(control, row.run, with_authorisation=False),
            )


def _certificate(row: DeletionRow) -> str:
    return f"certificates/{row.number:06}-{row.run}.pdf"


def _missing(control: Control, found: Deletion) -> list[str]:
    """Returns the certificates on paper that are no longer in the home; their runs have a proof all the same."""
    return [
        _certificate(row)
        for row in found.rows
        if row.has_proof and not (control.home.proof(row.run) / "certificate.pdf").is_file()
    ]


def _index(found: Deletion) -> dict[str, object]:
    head = found.head
    return {
        "version": 1,
        "at": found.at,
        "head": {"origin": head.origin, "size": head.size, "root": head.root},
        "complete": found.complete,
        "faults": dict(found.faults),
        "runs": [{name: getattr(row, name) for name in COLUMNS} for row in found.rows],
    }


def _ledger_files(control: Control, found: Deletion) -> Iterator[tuple[str, bytes]]:
    """Yield today's signed head, and the proof that the log only grew from the view's to it."""
    store = control.ledger.store
    size = found.head.size
    note = store.checkpoint()
    yield "ledger/checkpoint", note
    now = Checkpoint.parse(split_note(note)[0])
    if 0 < size < now.size:
        old = Checkpoint(found.head.origin, size, b64decode(found.head.root))
        yield f"ledger/consistency-{size}-{now.size}.txt", format_hashes(store.extend(old, now.size)).encode()
