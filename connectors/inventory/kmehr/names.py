"""The names that an export uses: elements, attributes, code systems, kinds of items and transactions. No value is among them.

A name is told only if it occurs in the folders of five patients or more and has the plain form of a name: anything else in its
place could be somebody's data. All others are counted together.
"""

from __future__ import annotations

import re
from collections import Counter as Tally
from collections.abc import Collection, Iterable

from connectors.base import SourceFile
from connectors.inventory.kmehr.bytes_repair import Repairer
from schemas.dialect import CELL, KINDS, Names
from schemas.errors import SourceError
from schemas.persons import fold_name

_CHUNK = 1 << 20
_MOST_NAMES = 20_000  # of one export; further ones are counted as rare
_LONGEST_TAG = 1 << 16
_TAG = re.compile(rb"""<([A-Za-z_][^\s<>/"'=]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*)>""")
_ATTRIBUTE = re.compile(rb"""([^\s"'=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_SHORT_TAG = re.compile(rb"<[A-Za-z_][^<>]*>")  # ends too early where a value holds a `>`
_CODED = re.compile(rb"""S\s*=\s*["']CD-(ITEM|TRANSACTION)["'][^<>]*>\s*([^<>]{1,64}?)\s*(?:<|\Z)""")
_FOLDER = re.compile(rb"<(?:[\w.-]+:)?folder[\s>/]")
_ASIDE = ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"))
_PLAIN = re.compile(r"(?!.*[0-9]{5})[A-Za-z][A-Za-z0-9_.@/-]{0,63}", re.ASCII)


class NamesInUse:
    """The names in the KMEHR files of one export."""

    def __init__(self) -> None:
        self._patients: Tally[tuple[str, str]] = Tally()
        self._beyond = 0
        self._tags: dict[bytes, tuple[tuple[str, str], ...]] = {}

    def add(self, file: SourceFile) -> None:
        """Note the names of a file, as far as it can be decoded."""
        reading = _Reading(self)
        repairer = Repairer(file.ordinal)
        try:
            with file.open() as stream:
                while piece := stream.read(_CHUNK):
                    reading.feed(repairer.feed(piece))
                reading.feed(repairer.feed(b"", final=True))
        except SourceError:
            return  # the count of the file says what is wrong with it
        finally:
            reading.close()

    def folder(self, tags: Iterable[bytes], kinds: Iterable[tuple[str, str]]) -> None:
        """Note the names in one folder, each once."""
        found = {name for tag in tags for name in self._names_of(tag)} | set(kinds)
        for name in found:
            if name in self._patients or len(self._patients) < _MOST_NAMES:
                self._patients[name] += 1
            else:
                self._beyond += 1

    def told(self, persons: Collection[str] = ()) -> Names:
        """The names by kind with the number of patients, and the number of names that are not told.

        `persons`: folded words of persons' names (`schemas.persons.fold_name`); a name that contains one is not told.
        """
        names: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
        rare = self._beyond
        for (kind, name), patients in sorted(self._patients.items()):
            if patients >= CELL and _PLAIN.fullmatch(name) and not _contains(name, persons):
                names[kind][name] = patients
            else:
                rare += 1
        return Names({kind: found for kind, found in names.items() if found}, rare)

    def _names_of(self, tag: bytes) -> tuple[tuple[str, str], ...]:
        known = self._tags.get(tag)
        if known is None:
            known = tuple(_names_in(tag))
            if len(self._tags) < _MOST_NAMES:
                self._tags[tag] = known
        return known


def _contains(name: str, persons: Collection[str]) -> bool:
    folded = fold_name(name)
    return any(word in folded for word in persons)


class _Reading:
    """One file on its way: whole tags, without comments and CDATA sections, folder by folder."""

    def __init__(self, names: NamesInUse) -> None:
        self._names = names
        self._window = b""
        self._closing = b""  # the end of the comment or section that the window lies in
        self._tags: set[bytes] = set()
        self._kinds: set[tuple[str, str]] = set()

    def feed(self, data: bytes) -> None:
        window = self._window + data
        while window:
            if self._closing:
                end = window.find(self._closing)
                if end < 0:
                    window = window[-(len(self._closing) - 1) :]
                    break
                window, self._closing = window[end + len(self._closing) :], b""
                continue
            starts = [
                (at, opening, closing) for opening, closing in _ASIDE if (at := window.find(opening)) >= 0
            ]
            if starts:
                at, opening, self._closing = min(starts)
                self._take(window[:at])
                window = window[at + len(opening) :]
                continue
            at = window.rfind(b"<")  # what begins there may go on in the next piece
            at = (
                len(window)
                if at < 0 or len(window) - at > _LONGEST_TAG
                else max(0, window.rfind(b"<", 0, at))
            )
            self._take(window[:at])
            window = window[at:]
            break
        self._window = window

    def close(self) -> None:
        """Note what is left."""
        if not self._closing:
            self._take(self._window)
        self._window = b""
        self._flush()

    def _take(self, data: bytes) -> None:
        begin = 0
        for folder in _FOLDER.finditer(data):
            self._note(data[begin : folder.start()])
            self._flush()
            begin = folder.start()
        self._note(data[begin:])

    def _note(self, data: bytes) -> None:
        short = set(_SHORT_TAG.findall(data))
        if any(tag.count(b'"') % 2 or tag.count(b"'") % 2 for tag in short):
            short = {found.group() for found in _TAG.finditer(data)}
        self._tags |= short
        for of, said in set(_CODED.findall(data)):
            kind = "item_kinds" if of == b"ITEM" else "transaction_kinds"
            self._kinds.add((kind, said.decode("utf-8", "replace")))

    def _flush(self) -> None:
        if self._tags:
            self._names.folder(self._tags, self._kinds)
        self._tags, self._kinds = set(), set()


def _names_in(tag: bytes) -> Iterable[tuple[str, str]]:
    found = _TAG.fullmatch(tag)
    if found is None:
        return
    element = _local(found[1])
    yield "elements", element
    stated = {
        _local(name): (one or two)
        for name, one, two in _ATTRIBUTE.findall(found[2])
        if not name.startswith(b"xmlns")
    }
    yield from (("attributes", f"{element}@{name}") for name in stated)
    if element in ("cd", "id") and "S" in stated:
        scheme = stated["S"].decode("utf-8", "replace")
        local = stated.get("SL", b"").decode("utf-8", "replace") if scheme == "LOCAL" else ""
        yield "code_systems", f"LOCAL/{local}" if local else scheme


def _local(name: bytes) -> str:
    return name.rpartition(b":")[2].decode("utf-8", "replace")
