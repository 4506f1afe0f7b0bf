"""Elements that a chart holds as prose; the elements themselves are in the sealed report (docs/formats/facts.md).

The text ends in the element's number. Number and digest must match, so that no text of the source can pass for one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from xml.parsers import expat

from connectors.inventory.facts.names import local_attributes, local_name
from connectors.inventory.facts.normal_form import ITSELF, Node, identifier

REFERENCE = re.compile(r" \[Reprise ([1-9]\d{0,8})\]\Z")
TEXT_DIGEST = 16  # hexadecimal digits of the SHA-256 of the text
_TABLE = re.compile(r"[A-Z][A-Z0-9._-]*\Z")
_TABLES = {"S": _TABLE, "SL": _TABLE, "SV": re.compile(r"[\d.]*\Z"), "L": re.compile(r"[A-Za-z]{2}\Z")}
"""Attributes that name a table, its version or a language: a person needs only the value and its label."""
_TOKEN = re.compile(r"[^\W\d_]+|\d+")


class _Refused(Exception):
    """A declaration or a depth that cannot occur in a list of originals."""


@dataclass(slots=True)
class Original:
    """An element as it is in the source, and the text that stands for it."""

    element: Node
    text: str  # digest of the whole text
    copy: str | None  # name of a sibling before the text that repeats a part of the element
    taken: int = 0

    def missing_from(self, prose: str) -> bool:
        """Whether its prose omits a value of the element."""
        said = _folded(prose)
        return any(_folded(value) not in said for value in _values(self.element))

    def lacks(self, copy: Node) -> bool:
        """Whether a copy holds a word or a number that the element does not hold."""
        known = {token for value in _all_values(self.element) for token in _tokens(value)} | {"0"}
        return any(token not in known for value in _all_values(copy) for token in _tokens(value))


class Originals:
    """The originals of one chart. Without data: those of a source, which has none."""

    def __init__(self, data: bytes = b"", token: str = "", depth: int = 64) -> None:
        """`token`: carried by the marks of the run."""
        self.problems: list[str] = []
        self._by_number = self._read(data, token, depth) if data else {}

    def take(self, text: str) -> Original | None:
        """Returns the original for which a text stands; None for any other text."""
        found = REFERENCE.search(text) if self._by_number else None
        original = self._by_number.get(int(found[1])) if found else None
        if original is None or original.text != sha256(text.encode()).hexdigest()[:TEXT_DIGEST]:
            return None
        original.taken += 1
        if found and original.missing_from(text[: found.start()]):
            self.problems.append("prose_incomplete")
        return original

    def conclude(self) -> list[str]:
        """Returns the problems: each original must have exactly one text, and the text must hold all its values."""
        unreferenced = ["original_not_once"] * sum(each.taken != 1 for each in self._by_number.values())
        return self.problems + unreferenced

    def _read(self, data: bytes, token: str, depth: int) -> dict[int, Original]:
        builder = _Builder(token, depth)
        try:
            builder.parser.Parse(data, True)
        except (expat.ExpatError, _Refused):
            self.problems.append("originals_unreadable")
            return {}
        found: dict[int, Original] = {}
        for entry in builder.root.children:
            number = entry.get("n") or ""
            if not number.isdecimal() or len(entry.children) != 1 or int(number) in found:
                self.problems.append("originals_unreadable")
                continue
            found[int(number)] = Original(entry.children[0], entry.get("text") or "", entry.get("copy"))
        return found


class _Builder:
    """Builds the nodes of a list of originals."""

    def __init__(self, token: str, depth: int) -> None:
        self._token = token
        self.root = Node("", {})
        self._stack: list[Node] = []
        self._run: list[str] = []
        self._depth = depth
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._run.append
        self.parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._stack) > self._depth:
            raise _Refused
        labels = local_attributes(attributes, {"xsi"})
        node = Node(local_name(name), labels, made=labels.get("SV") == self._token)
        if self._stack:
            self._flush()
            self._stack[-1].mixed = True
            self._stack[-1].children.append(node)
        else:
            self.root = node
        self._stack.append(node)

    def _end(self, _name: str) -> None:
        self._flush()
        self._stack.pop()

    def _doctype(self, *_parts: object) -> None:
        raise _Refused

    def _flush(self) -> None:
        if self._run:
            self._stack[-1].texts.append("".join(self._run))
            self._run.clear()


def _values(node: Node) -> Iterator[str]:
    """The values that a person must be able to read: texts, and attributes that do not name a table.

    Nothing of a file, and no position, which is numbered anew.
    """
    yield from (v for name, v in node.attributes.items() if node.name == ITSELF or not _names_table(name, v))
    if node.name != "lnk":
        yield from node.texts
    for child in node.children:
        if not child.made and (child.name != "id" or identifier(child) is not None):
            yield from _values(child)


def _names_table(name: str, value: str) -> bool:
    return name in _TABLES and _TABLES[name].match(value) is not None


def _all_values(node: Node) -> Iterator[str]:
    yield from node.texts
    yield from (value for name, value in node.attributes.items() if not _names_table(name, value))
    for child in node.children:
        yield from _all_values(child)


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _tokens(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKD", text).casefold()
    for token in _TOKEN.findall("".join(c for c in plain if not unicodedata.combining(c))):
        yield token.lstrip("0") or "0" if token.isdecimal() else token
