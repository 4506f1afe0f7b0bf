"""What a file beside a document states of it: NAME.json, NAME.xml, or a row of index.csv (docs/formats/documents.md)."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, NamedTuple
from xml.parsers import expat

from connectors.base import SourceFile, path_stem
from connectors.sources.documents.naming import UNPRINTED, kind_of, written_day
from connectors.sources.flat.lines import cut_lines, split_text
from connectors.sources.flat.text import decode_flat
from schemas.document_kinds import DocumentKind
from schemas.document_sidecars import (
    ENDINGS,
    INDEX,
    INDEX_BYTES,
    KEYS,
    PERSONAL,
    SEXES,
    SIDECAR_BYTES,
    Stating,
)
from schemas.errors import SourceError
from schemas.identifiers import clean_inss

_HELD = "reader"
_NUMBER = re.compile(r"[0-9.\-/ ]+", re.ASCII)
_DELIMITERS = ";,\t"
_DEEPEST = 2  # elements around one: a sidecar is flat, a message is not
_KINDS = {kind.value: kind for kind in DocumentKind}
Pairs = list[tuple[str, str]]


class Stated(NamedTuple):
    """What a path or a sidecar states of a document; what it does not state is empty. Days are yyyy-mm-dd."""

    number: str = ""
    family: str = ""
    first: str = ""
    birth: str = ""
    sex: str = ""  # male | female
    date: str = ""
    title: str = ""
    kind: DocumentKind | None = None
    file: str = ""

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)

    @property
    def names_somebody(self) -> bool:
        """Whether it states a national number, or name, first name, birth and sex."""
        return bool(self.number or (self.family and self.first and self.birth and self.sex))


class Entry(NamedTuple):
    """A row of a sidecar: its bytes, what it states (None: nothing that is certain), the path that it is about."""

    raw: bytes
    stated: Stated | None
    path: str

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


def entries_of(file: SourceFile) -> list[Entry] | None:
    """The rows of a sidecar; None if the file is none. The table of an export is read once."""
    path = file.name.reveal()
    folder, _, name = path.rpartition("/")
    if name.casefold() == INDEX:
        key = (_HELD, file.ordinal)
        if key not in file.export.held:
            file.export.held[key] = _index(file, folder)
        found: list[Entry] | None = file.export.held[key]
        return found
    ending = next((each for each in ENDINGS if name.casefold().endswith(each)), None)
    data = _content(file, SIDECAR_BYTES) if ending and file.size <= SIDECAR_BYTES else None
    pairs = None if data is None else _json_pairs(data) if ending == ENDINGS[0] else _xml_pairs(data)
    if data is None or pairs is None or not _is_personal(key for key, _ in pairs):
        return None
    stated = stated_by(pairs)
    beside = _beside(file, path[: -len(ending or "")])
    named = _joined(folder, stated.file) if stated else ""
    if beside is None and (not named or file.export.at(named) is not None):
        return None
    if beside is not None and named and file.export.at(named) is not beside:
        return [Entry(data, None, "")]
    return [Entry(data, stated, beside.name.reveal() if beside else named)]


def entries_about(file: SourceFile) -> Iterator[Stated]:
    """What the sidecars of a document state of it, the nearest first."""
    path = file.name.reveal()
    stem = path_stem(path)
    tried = [each + ending for each in dict.fromkeys((path, stem)) for ending in ENDINGS]
    folder = path.rpartition("/")[0]
    while True:
        tried.append(f"{folder}/{INDEX}".lstrip("/"))
        if not folder:
            break
        folder = folder.rpartition("/")[0]
    for each in tried:
        sidecar = file.export.at(each)
        if sidecar is None or sidecar.ordinal == file.ordinal:
            continue
        about = [entry for entry in _about(sidecar, file) if entry.stated]
        if about and len({entry.stated for entry in about}) == 1 and about[0].stated:
            yield about[0].stated


def _about(sidecar: SourceFile, document: SourceFile) -> list[Entry]:
    if sidecar.name.reveal().rpartition("/")[2].casefold() != INDEX:
        return [e for e in entries_of(sidecar) or () if document.export.at(e.path) is document]
    key = (_HELD + " by document", sidecar.ordinal)
    if key not in document.export.held:
        by_document: dict[int, list[Entry]] = {}
        for entry in entries_of(sidecar) or ():
            found = document.export.at(entry.path) if entry.path else None
            if found is not None:
                by_document.setdefault(found.ordinal, []).append(entry)
        document.export.held[key] = by_document
    rows: list[Entry] = document.export.held[key].get(document.ordinal, [])
    return rows


def _beside(file: SourceFile, path: str) -> SourceFile | None:
    """The file to which a sidecar belongs: it has this path, or is the only one that has it but for its ending."""
    found = file.export.at(path)
    alike = file.export.with_stem(path)
    return found or (alike[0] if len(alike) == 1 else None)


def _index(file: SourceFile, folder: str) -> list[Entry] | None:
    data = _content(file, INDEX_BYTES) if file.size <= INDEX_BYTES else None
    lines = cut_lines(data) if data else []
    texts = split_text(decode_flat(data or b"").text)
    if not lines or len(texts) != len(lines):
        return None
    widths = {sign: len(_cells(texts[0], sign) or ()) for sign in _DELIMITERS}
    best = [sign for sign, width in widths.items() if width == max(widths.values())]
    heads = _cells(texts[0], best[0]) if len(best) == 1 else None
    if not heads or not _is_personal(heads) or Stating.FILE not in map(_stating, heads):
        return None
    rows = zip(lines[1:], texts[1:], strict=True)
    return [_row(raw, _cells(text, best[0]), heads, folder) for raw, text in rows if text.strip()]


def _row(raw: bytes, cells: list[str] | None, heads: list[str], folder: str) -> Entry:
    stated = stated_by(zip(heads, cells, strict=True)) if cells and len(cells) == len(heads) else None
    path = _joined(folder, stated.file) if stated else ""
    return Entry(raw, stated if path else None, path)


def _cells(line: str, sign: str) -> list[str] | None:
    """The cells of a line; None if its quotation marks do not match."""
    try:
        return next(csv.reader([line.removeprefix("\ufeff")], delimiter=sign, strict=True), [])
    except csv.Error:
        return None


def _joined(folder: str, named: str) -> str:
    """The path of a file that a sidecar in a folder names; empty if it leads out of the folder."""
    parts = [part for part in named.replace("\\", "/").split("/") if part != "."]
    if not all(parts) or ".." in parts or not parts:
        return ""
    return f"{folder}/{'/'.join(parts)}".lstrip("/")


def _content(file: SourceFile, most: int) -> bytes | None:
    try:
        with closing(file.open()) as stream:
            data = stream.read(most + 1)
    except (SourceError, OSError):
        return None
    return data if len(data) <= most else None


def _json_pairs(data: bytes) -> Pairs | None:
    """The texts of an object and of the objects in it, by their keys."""
    try:
        value = json.loads(data.removeprefix(b"\xef\xbb\xbf").decode(), object_pairs_hook=_Members)
    except (ValueError, RecursionError):
        return None
    return list(_texts(value)) if isinstance(value, _Members) else None


class _Members(list[tuple[str, Any]]):
    """The members of an object in order, none lost where a key stands twice."""


def _texts(members: _Members) -> Iterator[tuple[str, str]]:
    for key, value in members:
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, _Members):
            yield from ((inner, text) for inner, text in value if isinstance(text, str))


class _Refused(Exception):
    """A document type, which no sidecar has."""


def _xml_pairs(data: bytes) -> Pairs | None:
    """The texts of the elements without children, by their names."""
    found: Pairs = []
    open_elements: list[list[str] | None] = []

    def start(_name: str, _attributes: dict[str, str]) -> None:
        if open_elements:
            open_elements[-1] = None
        if len(open_elements) > _DEEPEST:
            raise _Refused
        open_elements.append([])

    def end(name: str) -> None:
        texts = open_elements.pop()
        if texts is not None and open_elements:
            found.append((name.rpartition(":")[2], "".join(texts)))

    def text(said: str) -> None:
        if open_elements[-1] is not None:
            open_elements[-1].append(said)

    def refuse(*_parts: object) -> None:
        raise _Refused

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError, _Refused):
        return None
    return found


def _stating(key: str) -> Stating | None:
    return KEYS.get("".join(sign for sign in plain_letters(key) if sign.isascii() and sign.isalnum()))


def _is_personal(keys: Iterable[str]) -> bool:
    return any(_stating(key) in PERSONAL for key in keys)


def plain_letters(text: str) -> str:
    """The text without case and accents."""
    folded = unicodedata.normalize("NFKD", text.casefold()).casefold()
    return "".join(sign for sign in folded if not unicodedata.combining(sign))


def stated_by(pairs: Iterable[tuple[str, str]]) -> Stated | None:
    """What keys and their values state; None if they contradict each other, or a number or birth is not valid."""
    said: dict[Stating, str] = {}
    for key, raw in pairs:
        value = unicodedata.normalize("NFC", UNPRINTED.sub("", raw)).strip()
        stating = _stating(key)
        if stating is None or not value:
            continue
        if said.setdefault(stating, value) != value:
            return None
    number = said.get(Stating.NUMBER, "")
    if number:
        valid = clean_inss(number) if _NUMBER.fullmatch(number) else None
        if valid is None:
            return None
        number = valid
    birth = written_day(said.get(Stating.BIRTH, ""))
    if said.get(Stating.BIRTH) and not birth:
        return None
    kind = said.get(Stating.KIND, "")
    told = _KINDS.get(kind) or (kind_of(kind) if kind else DocumentKind.UNCLASSIFIED)
    return Stated(
        number=number,
        family=said.get(Stating.FAMILY, ""),
        first=said.get(Stating.FIRST, ""),
        birth=birth,
        sex=SEXES.get(plain_letters(said.get(Stating.SEX, "")), ""),
        date=written_day(said.get(Stating.DATE, "")),
        title=said.get(Stating.TITLE, ""),
        kind=None if told is DocumentKind.UNCLASSIFIED else told,
        file=said.get(Stating.FILE, ""),
    )
