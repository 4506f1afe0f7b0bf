"""What a person reads of a unit: its name, its date, its author, its place among others, its content without markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from connectors.targets.chart import HEADS, Folder, Unit
from connectors.targets.prose import code_in_words, prose
from connectors.targets.tree import Node
from schemas.disposition import UnitKind
from schemas.practice_documents import Document, State
from schemas.texts import section, text

LONGEST = 4000  # characters of a content
_TITLE = 100
_NAMED = ("text", "intendedname", "deliveredname", "magistraltext", "tradename", "inn")
_NAMING = frozenset({*_NAMED, "hcparty", "person"})
_TECHNICAL = frozenset({"id", "cd", "iscomplete", "isvalidated", "isrelevant", "lifecycle", "time"})
_MARK = re.compile(r" ?(\[Reprise [1-9][0-9]*\])\Z")
_MESSAGE = re.compile(r'\W{0,3}A[0-9]\\|\s*(?:MSH|FHS|BHS)[^\w\s]|\s*\{\s*"')  # lines for a program
_TARGET = re.compile(r"""//\S*\[id\[[^\]]*=\s*["']([^"'\]]+)["']\]\]""")  # how a link names its target
_TAG = re.compile(r"</?[A-Za-z!?][^<>]*>")
_MOMENT = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?![\d])")
_LETTERS = re.compile(r"[^\W\d_]{3}")


def plain(words: str) -> str:
    """A text as one line, without markup."""
    return " ".join(html.unescape(_TAG.sub(" ", words)).split())


def cut(words: str, most: int) -> str:
    """The text, or its beginning with an ellipsis."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def say_moment(stated: str, language: str) -> str:
    """A date as people write it, with the precision it has; any other text as it came."""
    found = _MOMENT.match(stated.strip())
    if found is None:
        return stated.strip()
    year, month, day = found.groups()
    if month is None:
        return year
    name = section(language, "point.month").get(str(int(month)))
    if name is None:
        return stated.strip()
    if day is None:
        return f"{name} {year}"
    said = "1er" if language == "fr" and int(day) == 1 else str(int(day))
    return text(language, "point.date", day=said, month=name, year=year)


def say_size(size: int, language: str) -> str:
    """A size in kB or MB, with one decimal below ten."""
    unit, value = ("mb", size / 1e6) if size >= 1e6 else ("kb", max(size, 1) / 1e3)
    said = f"{value:.1f}" if value < 10 else f"{value:.0f}"
    said = said if language == "en" else said.replace(".", ",")
    return text(language, f"point.size.{unit}", size=said)


def name_of(unit: Unit, language: str = "") -> str:
    """What a unit is about, in the words of the record; empty if it has none. A code is put into words of the language."""
    if unit.kind is UnitKind.ITEM:
        return _name_of_item(unit, language)
    if unit.kind is UnitKind.TRANSACTION:
        return _label(unit) or ""
    if unit.kind is UnitKind.HEADING:
        return _label(unit, language) or ""
    if unit.kind is UnitKind.TEXT:
        said = unit.children[0].text
        return "" if _MESSAGE.match(said) else cut(plain(said), _TITLE)
    return ""


def _name_of_item(item: Unit, language: str) -> str:
    contents = [child for child in item.children if child.name == "content"]
    nodes = [node for content in contents for node in _walk_but_units(content)]
    nodes += [child for child in item.children if child.name == "text"]
    named = (node.text if node.name in _NAMED else party_name(node) for node in nodes if node.name in _NAMING)
    nodes += [c for c in item.children if c.name == "cd" and c.attributes.get("S") != "CD-ITEM"]
    labelled = (node.attributes.get("DN", "") for node in nodes if node.name == "cd")
    coded = (_worded(node, language) for node in nodes if node.name == "cd")
    found = (plain(words) for words in (*named, *labelled, *coded))
    return cut(next((words for words in found if words), ""), _TITLE)


def _worded(code: Node, language: str) -> str:
    return code_in_words(code, language) if language else code.text


def _walk_but_units(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        if child.name != "unit":
            yield from _walk_but_units(child)


def _label(unit: Unit, language: str = "") -> str | None:
    """The local label of a transaction or heading, if it is in words."""
    for child in unit.children:
        if child.name == "cd" and (unit.kind is UnitKind.HEADING or child.attributes.get("S") == "LOCAL"):
            words = plain(child.attributes.get("DN", "") or _worded(child, language))
            if _LETTERS.search(words):
                return cut(words, _TITLE)
    return None


def moment_of(unit: Unit) -> str:
    """The date of a transaction, or the begin of an item, as it came; empty if it has none."""
    if unit.kind is UnitKind.TRANSACTION:
        return unit.row["date"] or ""
    if unit.kind is UnitKind.ITEM:
        begin = next((child for child in unit.children if child.name == "beginmoment"), None)
        values = [node.text.strip() for node in begin.children] if begin is not None else []
        return next((value for value in values if value), "")
    return ""


def author_of(transaction: Unit) -> str | None:
    """The first author who is a person, else the first; None if none has a name."""
    named: list[tuple[bool, str]] = []
    for author in (child for child in transaction.children if child.name == "author"):
        for party in (child for child in author.children if child.name == "hcparty"):
            name = party_name(party)
            role = next((c.text for c in party.children if c.attributes.get("S") == "CD-HCPARTY"), "")
            if name:
                named.append((not role.startswith("pers"), plain(name)))
    return min(named, key=lambda each: each[0])[1] if named else None


def party_name(party: Node) -> str:
    """The name of a person or an organisation; empty if it has none."""
    parts = {child.name: child.text.strip() for child in party.children}
    return " ".join(filter(None, (parts.get("firstname"), parts.get("familyname")))) or parts.get("name", "")


def content_of(unit: Unit, language: str) -> str:
    """The text that stands for it or for parts of it; otherwise its content in words, and what the units in it are about."""
    if unit.prose:
        return cut(" · ".join(plain(_TARGET.sub(r"\1", _MARK.sub("", said))) for said in unit.prose), LONGEST)
    own = (prose(child, language) for child in unit.children if child.name not in _TECHNICAL)
    said = (plain(words) for words in (*own, *(name_of(each, language) for each in unit.below()[1:])))
    return cut(" · ".join(dict.fromkeys(filter(None, said))), LONGEST)


def marks_of(unit: Unit) -> list[str]:
    """The references in the chart by which its texts are found."""
    found = (_MARK.search(said) for said in unit.prose)
    return [mark[1] for mark in found if mark is not None]


class Holders:
    """The transactions, headings and items of a chart, by path: what a unit lies in."""

    def __init__(self, folders: Iterable[Folder]) -> None:
        self._folders = folders

    @cached_property
    def _by_path(self) -> dict[str, Unit]:
        tops = (top for folder in self._folders for top in (*folder.transactions, *folder.loose))
        return {unit.path: unit for top in tops for unit in top.below() if unit.kind in HEADS}

    def around(self, path: str) -> list[Unit]:
        """The units that hold the unit of a path, outermost first."""
        found: list[Unit] = []
        while "." in path:
            path = path.rpartition(".")[0]
            if path in self._by_path:
                found.append(self._by_path[path])
        return found[::-1]

    def transaction(self, path: str) -> Unit | None:
        """The innermost transaction that is or holds the unit of a path."""
        own = self._by_path.get(path)
        chain = [*self.around(path), *([own] if own is not None else [])]
        return next((unit for unit in reversed(chain) if unit.kind is UnitKind.TRANSACTION), None)

    def document(
        self,
        path: str,
        size: int,
        sha256: str,
        media_type: str | None,
        state: State,
        member: str | None = None,
    ) -> Document:
        """An attachment, described by what holds it."""
        around = self.around(path)
        transaction = self.transaction(path)
        return Document(
            title=_title(around),
            date=(transaction.row["date"] or None) if transaction is not None else None,
            author=author_of(transaction) if transaction is not None else None,
            media_type=media_type,
            bytes=size,
            sha256=sha256,
            state=state,
            member=member,
        )


def _title(around: list[Unit]) -> str | None:
    for unit in reversed(around):
        words = name_of(unit) or next(
            (said for each in unit.units if each.kind is UnitKind.TEXT and (said := name_of(each))), ""
        )
        if words:
            return words
    return None
