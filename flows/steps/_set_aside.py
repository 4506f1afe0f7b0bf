"""What is handed over outside of the charts: each unit with the file of the report in which a person finds it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from connectors.targets.damaged import decode_damaged, ending_of, mended
from connectors.targets.points import LONGEST_EXCERPT, UNDECODED
from connectors.targets.sheet import SetAside
from flows.steps._quarantine import STAGE as CHECKED
from flows.steps._quarantine import KeptBack, Quarantined
from flows.steps.context import DataContext
from flows.steps.extract import STAGE as EXTRACTED
from schemas.disposition import Disposition, Reason, UnitKind

Write = Callable[[Callable[[bytes], None]], None]
_TEXTS = frozenset({UnitKind.LOOSE_TEXT, UnitKind.REMARK})
_MARKUP = re.compile(r"""[<>"'=?/]+|!--|--""")


class _Kept(NamedTuple):
    """The outcome of a unit that is in no chart."""

    unit: str
    patient: int
    kind: str
    reason: str


class HandedOver:
    """The quarantined units of a run. Memory holds their paths and reasons, which the ceilings bound."""

    def __init__(self, context: DataContext) -> None:
        self._reader = context.reader(EXTRACTED)  # one for all, because it caches segments
        self._names = _file_names(context)
        self._rejects = list(_outcomes(context, EXTRACTED))
        self._failed = list(_outcomes(context, CHECKED))
        self._quarantined = Quarantined.load(context.reader(CHECKED))
        self._by_patient: dict[int, list[_Kept]] = {}
        for kept in (*self._rejects, *self._failed):
            self._by_patient.setdefault(kept.patient, []).append(kept)

    def of(self, patients: tuple[int, ...]) -> list[SetAside]:
        """The units of these source folders."""
        return [self._describe(kept) for patient in patients for kept in self._by_patient.get(patient, ())]

    def without(self, patients: frozenset[int]) -> Iterator[SetAside]:
        """Yield the units of all other source folders, and those of none."""
        for patient in sorted(self._by_patient.keys() - patients):
            yield from map(self._describe, self._by_patient[patient])

    def members(self) -> Iterator[tuple[str, Write]]:
        """Yield the files of the report: what cannot be read as it came, and beside it what could be decoded of it."""
        for kept in self._rejects:
            yield self._verbatim(kept), _writer(partial(self._content, kept))
            if self._is_damaged(kept) and (found := mended(decode_damaged(self._content(kept)))):
                yield _member(kept, found[0]), _writer(partial(self._mended, kept))
        rows = KeptBack(self._reader, self._quarantined)
        documents = KeptBack(self._reader, self._quarantined, ("document",))
        for kept in sorted(self._failed, key=lambda each: each.patient):
            yield _member(kept, "jsonl"), _writer(partial(rows.rows, kept.unit))
            for document in documents.paths(kept.unit):
                inner = kept._replace(unit=document)
                yield _member(inner, "bin"), _writer(partial(self._content, inner))

    def _describe(self, kept: _Kept) -> SetAside:
        if kept.reason == Reason.CONTRACT:
            return self._measured(kept, _member(kept, "bin"), self._content(kept), None)
        found = mended(decode_damaged(self._content(kept))) if self._is_damaged(kept) else None
        if found is not None:
            return self._measured(kept, _member(kept, found[0]), found[1], _MEDIA.get(found[0]))
        return self._measured(kept, self._verbatim(kept), self._content(kept), None)

    def _measured(self, kept: _Kept, member: str, pieces: Iterator[bytes], media: str | None) -> SetAside:
        size, digest = 0, hashlib.sha256()
        head = b""
        for piece in pieces:
            head = head or piece[: 4 * LONGEST_EXCERPT]
            size += len(piece)
            digest.update(piece)
        excerpt = self._names.get(kept.unit, "") or (_words(head) if kept.kind in _TEXTS else "")
        return SetAside(kept.unit, kept.kind, kept.reason, member, size, digest.hexdigest(), media, excerpt)

    def _mended(self, kept: _Kept) -> Iterator[bytes]:
        found = mended(decode_damaged(self._content(kept)))
        return iter(()) if found is None else found[1]

    def _is_damaged(self, kept: _Kept) -> bool:
        return kept.kind == UnitKind.ATTACHMENT and kept.reason != Reason.CONTRACT

    def _verbatim(self, kept: _Kept) -> str:
        if kept.kind == UnitKind.FILE:
            head = next(self._content(kept), b"")
            return _member(kept, ending_of(head, self._names.get(kept.unit, "").partition(" (")[0]))
        if kept.kind == UnitKind.ATTACHMENT:
            sniffed = ending_of(next(self._content(kept), b""))
            return _member(kept, UNDECODED if sniffed in ("txt", "bin") else sniffed)
        return _member(kept, "txt")

    def _content(self, kept: _Kept) -> Iterator[bytes]:
        for batch in self._reader.content_of(kept.unit, kept.patient):
            for piece in batch["content"]:
                yield piece.as_py()


_MEDIA = {
    "pdf": "application/pdf", "rtf": "text/rtf", "jpg": "image/jpeg", "png": "image/png", "gif": "image/gif",
    "tif": "image/tiff", "doc": "application/msword",
}  # fmt: skip


def _outcomes(context: DataContext, stage: str) -> Iterator[_Kept]:
    for batch in context.reader(stage).batches("outcome"):
        columns = (batch[name].to_pylist() for name in ("unit", "patient", "kind", "reason", "disposition"))
        for unit, patient, kind, reason, disposition in zip(*columns, strict=True):
            if disposition == Disposition.QUARANTINED:
                yield _Kept(unit, patient, kind, reason)


def _file_names(context: DataContext) -> dict[str, str]:
    """Return the names in the export of files that were handed over whole, and where their XML breaks."""
    names: dict[str, str] = {}
    for batch in context.reader(EXTRACTED).batches("file_name"):
        for row in batch.to_pylist():
            place = f" ({row['line']}:{row['column']})" if row["line"] else ""
            names[row["unit"]] = row["name"] + place
    return names


def _member(kept: _Kept, ending: str) -> str:
    """Named by the unit's path with underscores for slashes, and by its reason."""
    return f"quarantine/{kept.unit.replace('/', '_')}-{kept.reason}.{ending}"


def _writer(content: Callable[[], Iterator[bytes]]) -> Write:
    def write(emit: Callable[[bytes], None]) -> None:
        for piece in content():
            emit(piece)

    return write


def _words(head: bytes) -> str:
    """What stands in a piece of XML, without its markup: names, values, comments."""
    return " ".join(_MARKUP.sub(" ", head.decode("utf-8", "replace")).split())[:LONGEST_EXCERPT]
