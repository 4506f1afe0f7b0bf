"""The normal form of an element, in which a source and a delivery are compared (docs/formats/facts.md).

This module refines the agreement in three ways. Parentheses, bars and backslashes in text are escaped, so that no text can
pass for an element. A heading or item enters the context of its nested units as a hex digest, so that depth costs nothing. A
body above 1 KiB enters as its SHA-256 and length, so that a transaction's children need little memory until its end.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from connectors.inventory.facts.forms import FORMED, settled

RS = "\x1e"
US = "\x1f"
_ORDERED = frozenset({"regimen", "compoundprescription", "text-with-layout"})
_ESCAPES = str.maketrans({"\\": "\\\\", "(": "\\(", ")": "\\)", "|": "\\|"})
_WHITE = " \t\r\n"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONG = 1024
_BLOCK = 64  # bytes in a block of SHA-256
_VALUE_TEST = re.compile(r"(?:\.|text\(\s*\))\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_POSITION = re.compile(r"[0-9A-Fa-f.\s-]*\Z")
ITSELF = "reprise-itself"
MARK = "REPRISE-"
MF_ID = "MF-ID"
MF_ID_SOURCE = "REPRISE-MF-ID-SOURCE"


@dataclass(slots=True)
class Node:
    """An element without the units in it. `texts` are its texts between child elements."""

    name: str
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    mixed: bool = False  # it had element children, units included
    made: bool = False  # in a delivered chart: an id or cd that carries the token of its run

    def get(self, name: str) -> str | None:
        """The value of an attribute, or None."""
        return self.attributes.get(name)

    def value(self) -> str:
        """Its own text, stripped, in NFC."""
        return value_of("".join(self.texts))


def value_of(text: str) -> str:
    """A text as a value: stripped, in NFC."""
    return _nfc(text).strip(_WHITE)


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def canon(node: Node, *, ordered: bool = False) -> str:
    """`(name|attributes|content)`; the children are sorted unless their order counts here."""
    ordered = ordered or node.name in _ORDERED
    content = _content(node, ordered=ordered)
    return f"({node.name}|{US.join(attributes(node))}|{content})"


def _content(node: Node, *, ordered: bool) -> str:
    if not node.mixed and not node.children:
        text = "".join(node.texts)
        return _escaped(settled(node.name, text) if node.name in FORMED else text)
    children = node.children
    if node.name == "address":  # the schema forces a house number: an empty one states nothing
        children = [c for c in children if c.name != "housenumber" or c.texts or c.children or c.attributes]
    inner = canons(children, ordered=ordered)
    return own_text(node) + "".join(inner if ordered else sorted(inner))


def own_text(node: Node) -> str:
    """The text between the child elements, stripped and joined by a blank; empty if it is only white space."""
    texts = (run.strip(_WHITE) for run in node.texts)
    return " ".join(_escaped(run) for run in texts if run)


def _escaped(text: str) -> str:
    return _nfc(text).translate(_ESCAPES)


def attributes(node: Node, without: Sequence[str] = ()) -> list[str]:
    """The attributes as sorted `name=value`."""
    pairs = {name: value for name, value in node.attributes.items() if name not in without}
    if not pairs.get("SV", "set"):
        del pairs["SV"]  # no version and an empty one are equal
    if pairs.get("L") or ("L" in pairs and node.name != "text"):
        pairs["L"] = pairs["L"].lower()
    elif node.name == "text" and "L" not in without:
        pairs["L"] = "und"
    return sorted(f"{name}={_escaped(value)}" for name, value in pairs.items())


def canons(children: Iterable[Node], *, ordered: bool = False) -> list[str]:
    """The canons of siblings, without those that the agreement leaves out."""
    siblings = list(children)
    found = (identifier(child) if child.name == "id" else canon(child, ordered=ordered) for child in siblings)
    return [one for one in found if one is not None]


def _is_local(node: Node, scheme: str) -> bool:
    return node.name == "id" and node.get("S") == "LOCAL" and node.get("SL") == scheme


def is_mf_id(node: Node) -> bool:
    """Whether an element is an MF-ID of its parent."""
    return _is_local(node, MF_ID)


def is_position(text: str) -> bool:
    """Whether a text can be an ID-KMEHR position: a sequence number or a random one."""
    return _POSITION.match(text) is not None


def is_position_id(name: str, attributes: dict[str, str]) -> bool:
    """Whether an element is an ID-KMEHR whose attributes state no more than a position."""
    return (
        name == "id"
        and attributes.get("S") == "ID-KMEHR"
        and attributes.keys() <= {"S", "SV"}
        and is_position(attributes.get("SV", ""))
    )


def identifier(node: Node) -> str | None:
    """The canon of an `id`; None if it does not count: a position, or an MF-ID or mark that the run made."""
    if is_position_id(node.name, node.attributes) and not node.children and is_position("".join(node.texts)):
        return None
    if _is_local(node, MF_ID) and node.made:
        return None
    if _is_local(node, MF_ID) or (_is_local(node, MF_ID_SOURCE) and node.made):
        kept = {name: value for name, value in node.attributes.items() if name != "SV"} | {"SL": MF_ID}
        return canon(Node("id", kept, node.texts, node.children, node.mixed))
    return None if node.made and (node.get("SL") or "").startswith(MARK) else canon(node)


def link_target(url: str) -> str | None:
    """The MF-ID that a URL names: the first value test after the words MF-ID, otherwise before them."""
    at = url.find(MF_ID)
    if at < 0:
        return None
    test = _VALUE_TEST.search(url, at + len(MF_ID)) or _VALUE_TEST.search(url, 0, at)
    return None if test is None else _nfc(test.group(1) or test.group(2) or "")


def link_body(node: Node) -> str:
    """A link: its attributes, with the URL reduced to the MF-ID that it names."""
    target = link_target(node.get("URL") or "")
    if target is not None:
        node = Node(node.name, node.attributes | {"URL": f"mf:{target}"}, [], node.children)
    return RS.join([US.join(attributes(node)), *sorted(canons(node.children))])


def attachment_body(node: Node, sha256: str, count: int) -> str:
    """An attachment: its attributes except MEDIATYPE and L, the digest and number of its bytes."""
    named = attributes(node, without=("MEDIATYPE", "L"))
    if node.get("TYPE") is None:
        named = sorted([*named, "TYPE=multimedia"])
    return RS.join([US.join(named), sha256, str(count), *sorted(canons(node.children))])


def head_body(node: Node, children: Sequence[Node]) -> str:
    """A transaction, heading or item: its direct children that are not units, its own text and attributes."""
    parts = sorted(canons(children))
    text = own_text(node)
    if node.attributes or text:
        parts.append(f"({ITSELF}|{US.join(attributes(node))}|{text})")
    return RS.join(parts)


def shortened(body: str) -> str:
    """The body itself, or the digest and length of a long one."""
    if len(body) <= _LONG:
        return body
    raw = body.encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(raw).hexdigest()}:{len(raw)}"


def normal_form(kind: str, context: str, body: str) -> str:
    """A unit's normal form, from its three parts."""
    return RS.join((kind, context, body))


def fact_digest(key: bytes, form: str) -> bytes:
    """The keyed digest under which a fact is kept."""
    return hmac.digest(key, form.encode("utf-8", "surrogatepass"), "sha256")


class KeyedDigest:
    """Like `fact_digest`, for forms that are already encoded: HMAC-SHA-256 that hashes its two pads only once."""

    def __init__(self, key: bytes) -> None:
        block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def __call__(self, form: bytes) -> bytes:
        """The digest under which a fact is kept."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(form)
        outer.update(inner.digest())
        return outer.digest()


def hex_digest(form: str) -> str:
    """The plain digest by which one normal form enters the context of another."""
    return hashlib.sha256(form.encode("utf-8", "surrogatepass")).hexdigest()


def piece_form(text: str) -> str:
    """The normal form of a line, or block of lines, of a message in a file of its own."""
    return RS.join(("piece", _nfc(without_controls(text.rstrip("\r\n")))))


def derived_item_form(children: Iterable[Node]) -> str:
    """The normal form of an item made from a result of a message: all its children except its ids."""
    return RS.join(("derived", *sorted(canon(child) for child in children if child.name != "id")))


def stated_forms(children: Iterable[Node]) -> Iterator[str]:
    """What an item of an earlier package says: its normal form and, as the first packages had it, its result's line as a text."""
    children = list(children)
    yield derived_item_form(children)
    yield from (result_line_form(child.value()) for child in children if child.name == "text")


def result_line_form(line: str) -> str:
    """The form in which the line of a result is compared with the texts of earlier items."""
    return RS.join(("line", value_of(without_controls(line))))


def without_controls(text: str) -> str:
    """The text without the characters that XML documents cannot hold (XML 1.0, section 2.2)."""
    return _CONTROL.sub("", text)
