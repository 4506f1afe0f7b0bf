"""What sidecars state of documents, as the counter reads it, with the bytes of each row (docs/formats/documents.md)."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from connectors.base import SourceFile
from connectors.inventory.documents.paths import day_in, is_printed, kind_told
from connectors.inventory.facts.national_number import parse_inss
from connectors.inventory.flat.decoding import raw_lines, texts_of
from schemas.document_kinds import DocumentKind
from schemas.document_sidecars import INDEX, INDEX_BYTES, KEYS, SEXES, SIDECAR_BYTES, Stating
from schemas.errors import SourceError

_OPEN_OBJECTS = 2
_MOST_LEVELS = 3
_MOST_SIGNS = 131_072  # of a cell
_NUMBER_SIGNS = "0123456789.-/ "


@dataclass(frozen=True, repr=False)
class Said:
    """What one place says of a document; what it does not say is empty."""

    number: str = ""
    family: str = ""
    first: str = ""
    birth: str = ""
    sex: str = ""
    day: str = ""
    title: str = ""
    kind: str = ""
    file: str = ""


@dataclass(frozen=True, repr=False)
class Row:
    """A row of a sidecar: where it begins and ends, its text, what it says (None: nothing certain), of which path."""

    begin: int
    end: int
    text: str
    said: Said | None
    path: str


def rows_of(file: SourceFile) -> list[Row]:
    """The rows of a sidecar; none if the file is none."""
    name = file.name.reveal()
    kept = file.export.held
    if ("counter", file.ordinal) not in kept:
        is_table = name.casefold().rpartition("/")[2] == INDEX
        content = _read(file, INDEX_BYTES if is_table else SIDECAR_BYTES)
        rows = _table(content, _above(name)) if is_table else _single(file, content)
        if not is_table:
            return rows
        kept["counter", file.ordinal] = rows
    found: list[Row] = kept["counter", file.ordinal]
    return found


def said_beside(file: SourceFile) -> list[Said]:
    """What the sidecars of a document say of it: those of its own name, then the tables from its folder upward."""
    found: list[Said] = []
    name = file.name.reveal()
    above = _above(name)
    last = name[len(above) + 1 :] if above else name
    bases = [name]
    if last.rfind(".") > 0:
        bases.append(name[: name.rfind(".")])
    for base in bases:
        for ending in (".json", ".xml"):
            found += _of(file.export.at(base + ending), file)
    found += _of(file.export.at(f"{above}/{INDEX}" if above else INDEX), file)
    while above:
        above = _above(above)
        found += _of(file.export.at(f"{above}/{INDEX}" if above else INDEX), file)
    return found


def _of(sidecar: SourceFile | None, document: SourceFile) -> list[Said]:
    """What a sidecar says of a document: once, even if several rows say the same; nothing, if they differ."""
    if sidecar is None or sidecar.ordinal == document.ordinal:
        return []
    held = sidecar.export.held
    key = ("counter: by document", sidecar.ordinal)
    if key not in held:
        by_document: dict[int, set[Said]] = {}
        for row in rows_of(sidecar):
            about = sidecar.export.at(row.path) if row.said and row.path else None
            if about is not None and row.said is not None:
                by_document.setdefault(about.ordinal, set()).add(row.said)
        held[key] = by_document
    said: set[Said] = held[key].get(document.ordinal, set())
    return list(said) if len(said) == 1 else []


def _above(path: str) -> str:
    return path[: path.rfind("/")] if "/" in path else ""


def _read(file: SourceFile, most: int) -> bytes:
    if file.size > most:
        return b""
    try:
        with closing(file.open()) as stream:
            content = stream.read(most + 1)
    except (SourceError, OSError):
        return b""
    return content if len(content) <= most else b""


def _single(file: SourceFile, content: bytes) -> list[Row]:
    """The one row of NAME.json or NAME.xml."""
    name = file.name.reveal()
    low = name.casefold()
    size = 5 if low.endswith(".json") else 4 if low.endswith(".xml") else 0
    values = (_object(content) if size == 5 else _elements(content)) if size and content else None
    if values is None or not _is_about_people(key for key, _ in values):
        return []
    said = understand(values)
    text = content.decode("latin-1")
    base = name[:-size]
    partner = file.export.at(base)
    alike = file.export.with_stem(base)
    if partner is None and len(alike) == 1:
        partner = alike[0]
    names = _path(_above(name), said.file) if said else ""
    target = file.export.at(names) if names else None
    if partner is None:
        return [Row(0, len(content), text, said, names)] if names and target is None else []
    if names and target is not partner:
        return [Row(0, len(content), text, None, "")]
    return [Row(0, len(content), text, said, partner.name.reveal())]


def _table(content: bytes, folder: str) -> list[Row]:
    lines = list(raw_lines([content])) if content else []
    texts = [text.rstrip("\r\n") for text in texts_of(lines)]
    if not lines:
        return []
    headings = [(cells(texts[0].removeprefix("\ufeff"), sign) or [], sign) for sign in ";,\t"]
    most = max(len(found) for found, _ in headings)
    widest = [(found, sign) for found, sign in headings if len(found) == most]
    if len(widest) != 1:
        return []
    heads, sign = widest[0]
    if not heads or not _is_about_people(heads) or all(meaning(head) is not Stating.FILE for head in heads):
        return []
    rows: list[Row] = []
    at = len(lines[0])
    for line, text in zip(lines[1:], texts[1:], strict=True):
        begin, at = at, at + len(line)
        if not text.strip():
            continue
        found = cells(text, sign)
        said = understand(zip(heads, found, strict=True)) if found and len(found) == len(heads) else None
        path = _path(folder, said.file) if said else ""
        rows.append(Row(begin, at, text, said if path else None, path))
    return rows


def cells(line: str, sign: str) -> list[str] | None:
    """The cells of a line, sign by sign; None where a quotation mark closes or follows in a place where none may."""
    found, at, size = list[str](), 0, len(line)
    if not line:
        return []
    while True:
        said = ""
        if line[at : at + 1] == '"':
            at += 1
            while True:
                end = line.find('"', at)
                if end < 0:
                    return None
                said += line[at:end]
                at = end + 1
                if line[at : at + 1] != '"':
                    break
                said += '"'
                at += 1
            if at < size and line[at] != sign:
                return None
        else:
            end = line.find(sign, at)
            end = size if end < 0 else end
            said, at = line[at:end], end
        if len(said) > _MOST_SIGNS:
            return None
        found.append(said)
        if at >= size:
            return found
        at += 1


def _path(folder: str, named: str) -> str:
    """The path of the file that a row names, inside the folder of the sidecar; empty if it may lie elsewhere."""
    parts: list[str] = []
    for part in named.replace("\\", "/").split("/"):
        if part in ("", ".."):
            return ""
        if part != ".":
            parts.append(part)
    return "/".join([folder, *parts] if folder else parts) if parts else ""


def _object(content: bytes) -> list[tuple[str, str]] | None:
    content = content[3:] if content[:3] == b"\xef\xbb\xbf" else content
    try:
        value = json.loads(content.decode(), object_pairs_hook=lambda pairs: ("{}", pairs))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, tuple):
        return None
    return list(_strings(value[1], 1))


def _strings(pairs: list[tuple[str, Any]], level: int) -> Iterator[tuple[str, str]]:
    for key, value in pairs:
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, tuple) and level < _OPEN_OBJECTS:
            yield from _strings(value[1], level + 1)


class _Declared(Exception):
    """A document type, or a depth that no sidecar has."""


class _Leaves:
    """Collects the elements that hold nothing but text, below the first."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self._level = 0
        self._text: list[str] | None = None

    def start(self, _name: str, _attributes: object) -> None:
        self._level += 1
        if self._level > _MOST_LEVELS:
            raise _Declared
        self._text = [] if self._level > 1 else None

    def text(self, said: str) -> None:
        if self._text is not None:
            self._text.append(said)

    def end(self, name: str) -> None:
        if self._text is not None:
            self.found.append((name.rsplit(":", maxsplit=1)[-1], "".join(self._text)))
        self._text = None
        self._level -= 1

    def declared(self, *_parts: object) -> None:
        raise _Declared


def _elements(content: bytes) -> list[tuple[str, str]] | None:
    leaves, parser = _Leaves(), expat.ParserCreate()
    parser.StartElementHandler = leaves.start
    parser.CharacterDataHandler = leaves.text
    parser.EndElementHandler = leaves.end
    parser.StartDoctypeDeclHandler = leaves.declared
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError, _Declared):
        return None
    return leaves.found


def bare(text: str) -> str:
    """The text without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold()).casefold()
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def meaning(key: str) -> Stating | None:
    """What the values of a key state."""
    return KEYS.get("".join(filter(lambda sign: "a" <= sign <= "z" or "0" <= sign <= "9", bare(key))))


def _is_about_people(keys: Iterable[str]) -> bool:
    return any(meaning(key) in (Stating.NUMBER, Stating.FAMILY) for key in keys)


def understand(pairs: Iterable[tuple[str, str]]) -> Said | None:
    """What keys and values say together; None if a key stands for two values, or number or birth cannot be."""
    values: dict[Stating, set[str]] = {}
    for key, text in pairs:
        stating = meaning(key)
        value = unicodedata.normalize("NFC", "".join(filter(is_printed, text))).strip()
        if stating is not None and value:
            values.setdefault(stating, set()).add(value)
    if any(len(each) > 1 for each in values.values()):
        return None
    one = {stating: next(iter(each)) for stating, each in values.items()}
    number, birth = one.get(Stating.NUMBER, ""), one.get(Stating.BIRTH, "")
    if number:
        number = (all(s in _NUMBER_SIGNS for s in number) and parse_inss(_digits(number))) or "?"
    if birth:
        birth = day_in(birth) or "?"
    if "?" in (number, birth):
        return None
    kind = one.get(Stating.KIND, "")
    if kind not in set(DocumentKind):
        kind = kind_told(kind)
    return Said(
        number,
        one.get(Stating.FAMILY, ""),
        one.get(Stating.FIRST, ""),
        birth,
        SEXES.get(bare(one.get(Stating.SEX, "")), ""),
        day_in(one.get(Stating.DATE, "")),
        one.get(Stating.TITLE, ""),
        "" if kind == DocumentKind.UNCLASSIFIED else kind,
        one.get(Stating.FILE, ""),
    )


def _digits(text: str) -> str:
    return "".join(sign for sign in text if "0" <= sign <= "9")
