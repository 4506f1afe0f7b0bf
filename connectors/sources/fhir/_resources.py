"""Read the elements of the resources in one message, and find the resource that a reference names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from html import unescape
from typing import Any, NamedTuple

from connectors.sources.flat.dates import flat_time, order_digits
from schemas.identifiers import plain_digits

Tree = dict[str, Any]
LOINC = "http://loinc.org"
_LOINC_CODE = re.compile(r"[0-9]{1,7}-[0-9]")
_SSIN = ("/NamingSystem/ssin", "2.16.840.1.113883.3.6777.5.1")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}):([0-9]{2}).*)?", re.DOTALL)
_SENT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_TAG = re.compile(r"<(/?)([A-Za-z]*[0-9]?)[^>]*+>")
_ZEROS = re.compile(r"(?<=&#)0+(?=[0-9])")
_NO_SIGN = re.compile(
    r"&#[0-9]{8,};?"
)  # Unicode ends at 1114111; more than 4,300 digits are no number for Python
_BREAKS = frozenset(
    {"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "td", "th"}
)
_NO_DAYS = frozenset({"0001-01-01", "1900-01-01"})


class Held(NamedTuple):
    """A resource: the ordinal of its piece (`line`), its content (`tree`) and its full address (`url`)."""

    line: int
    tree: Tree
    url: str

    @property
    def type(self) -> str:
        """The type of the resource."""
        return text(self.tree, "resourceType")

    def __repr__(self) -> str:
        """Shows no content."""
        return object.__repr__(self)


def text(tree: Tree, key: str) -> str:
    """Returns a stripped string; empty if there is none. The JSON reader keeps numbers as strings."""
    value = tree.get(key)
    return cleaned(value) if isinstance(value, str) else ""


def cleaned(value: str) -> str:
    """A string or a name stripped, with U+FFFD for lone surrogates, which no file can hold, and LF for each line end."""
    if not value.isascii():
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value.replace("\r\n", "\n").replace("\r", "\n").strip()


def one(tree: Tree, key: str) -> Tree:
    """Returns an element; empty if there is none."""
    value = tree.get(key)
    return value if isinstance(value, dict) else {}


def many(tree: Tree, key: str) -> list[Tree]:
    """Returns the elements of a list; a single element counts as a list of one."""
    value = tree.get(key)
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def texts(tree: Tree, key: str) -> list[str]:
    """Returns the strings of a list."""
    value = tree.get(key)
    return [found for each in (value if isinstance(value, list) else []) if (found := text({"": each}, ""))]


def codes(concepts: Iterable[Tree]) -> set[str]:
    """All codes of some concepts."""
    return {text(coding, "code") for concept in concepts for coding in many(concept, "coding")}


def spoken(concept: Tree) -> str:
    """Returns the text of a concept; else the first display of a coding; else the first code."""
    said = [text(concept, "text")]
    codings = many(concept, "coding")
    said += [text(coding, "display") for coding in codings] + [text(coding, "code") for coding in codings]
    return next(filter(None, said), "")


def name_of(concept: Tree) -> tuple[str, str, str]:
    """The sender's code, the text, and the LOINC code of a concept."""
    codings = many(concept, "coding")
    coded = [coding for coding in codings if _is_loinc(coding)]
    own = [c for c in codings if text(c, "code") and not _is_loinc(c)] or coded
    labels = (text(concept, "text"), *(text(coding, "display") for coding in codings))
    code = text(own[0], "code") if own else ""
    return code, next(filter(None, labels), ""), text(coded[0], "code") if coded else ""


def _is_loinc(coding: Tree) -> bool:
    return text(coding, "system") == LOINC and _LOINC_CODE.fullmatch(text(coding, "code")) is not None


class Moment(NamedTuple):
    """A day and a time, where both are stated."""

    day: str | None = None
    time: str | None = None


def moment(raw: str) -> Moment:
    """The day and the time of an ISO moment; nothing if no day is stated."""
    found = _MOMENT.fullmatch(raw)
    if found is None or found[1] in _NO_DAYS:
        return Moment()
    try:
        day = date.fromisoformat(found[1]).isoformat()
    except ValueError:
        return Moment()
    return Moment(day, flat_time(found[2] + found[3]) if found[2] else None)


def sent_order(raw: str) -> str:
    """A moment of sending as digits that sort by time (`order_digits`); as it came if it is not stated to the minute."""
    found = _SENT.fullmatch(raw)
    if found is None:
        return raw
    *digits, second, fraction, zone = (part or "" for part in found.groups())
    zone = "+0000" if zone == "Z" else zone.replace(":", "")
    return order_digits("".join((*digits, second or "00")), fraction, zone) or raw


def plain_lines(markup: str) -> list[str]:
    """The lines of a narrative, without markup and blank lines."""
    end = markup.rfind(">") + 1  # behind it no tag ends, so none is looked for
    broken = _TAG.sub(lambda tag: "\n" if tag[2].lower() in _BREAKS else " ", markup[:end]) + markup[end:]
    said = unescape(_NO_SIGN.sub("\ufffd", _ZEROS.sub("", broken)))
    lines = (" ".join(line.split()) for line in said.split("\n"))
    return [line for line in lines if line]


def is_ssin(identifier: Tree) -> bool:
    """Whether an identifier is a national number."""
    return text(identifier, "system").endswith(_SSIN)


def provider_number(party: Tree) -> str:
    """The health insurance number of eleven digits; empty if there is none."""
    for identifier in many(party, "identifier"):
        digits = plain_digits(text(identifier, "value"))
        if "nihdi" in text(identifier, "system") and re.fullmatch("[0-9]{11}", digits):
            return digits
    return ""


def human_name(tree: Tree) -> tuple[str, str]:
    """Family name and first names: of the official name, else of the first."""
    names = many(tree, "name")
    chosen = next((name for name in names if text(name, "use") == "official"), names[0] if names else {})
    return text(chosen, "family"), " ".join(texts(chosen, "given"))


def party_name(tree: Tree) -> str:
    """The name of an organisation or a person."""
    return text(tree, "name") or " ".join(filter(None, reversed(human_name(tree))))


def contained(owner: Held) -> Iterator[Held]:
    """Yield the resources inside another. Their ordinals follow those of the outer resource and its components."""
    line = owner.line + 1 + len(many(owner.tree, "component"))
    for each in many(owner.tree, "contained"):
        yield Held(line, each, "")
        line += 1 + len(many(each, "component"))


def extent(tree: Tree) -> int:
    """Returns how many ordinals a resource uses: its own, its components', and those of the resources inside it."""
    inner = many(tree, "contained")
    return 1 + len(many(tree, "component")) + sum(1 + len(many(each, "component")) for each in inner)


class Resources:
    """The resources of a message in order, found by type and by reference."""

    def __init__(self, held: list[Held]) -> None:
        self.held = held
        self._by_reference: dict[str, Held] = {}
        self._inner: dict[int, dict[str, Held]] = {}  # by owner: what is inside it, by id
        for each in held:
            own = f"{each.type}/{text(each.tree, 'id')}"
            for key in (each.url, own):
                self._by_reference.setdefault(key, each)

    def all(self, *types: str) -> list[Held]:
        """The resources of these types."""
        return [each for each in self.held if each.type in types]

    def find(self, reference: Tree, owner: Held) -> Held | None:
        """Returns the resource that a reference names: `#id` inside the owner, else by full address, else by `Type/id`."""
        named = text(reference, "reference")
        if not named:
            return None
        if named.startswith("#"):
            return self._inside(owner).get(named[1:])
        return self._by_reference.get(named) or self._by_reference.get("/".join(named.split("/")[-2:]))

    def _inside(self, owner: Held) -> dict[str, Held]:
        """The resources inside an owner by their id; of two with the same id, the first."""
        if id(owner.tree) not in self._inner:
            self._inner[id(owner.tree)] = {text(each.tree, "id"): each for each in [*contained(owner)][::-1]}
        return self._inner[id(owner.tree)]
