"""An element in words: every value with its label, in the language of the record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from connectors.targets.tree import Node
from schemas.texts import section

_TABLES = {"S": r"[A-Z][A-Z0-9._-]*", "SL": r"[A-Z][A-Z0-9._-]*", "SV": r"[\d.]*", "L": r"[A-Za-z]{2}"}
"""Attributes that name a value's table and its version, and the form they then have."""
_SPEAKING = frozenset({"cd", "text", "text-with-layout"})
_WRAPPERS = frozenset({"content", "medicinalproduct", "substanceproduct"})
"""Their values need no label."""
_PLAIN = re.compile(r"[A-Z]+-")  # how names of national tables begin


def prose(node: Node, language: str) -> str:
    """A sentence: "label: value, label: value". Files are named, not quoted. `language` is one of `schemas.texts.LANGUAGES`."""
    words = section(language, "prose")
    inner = _inside(node, words)
    label = words.get(node.name, node.name)
    if node.name in _WRAPPERS or node.name in _SPEAKING:
        return inner or label
    return f"{label}{_colon(language)}{inner}" if inner else label


def word_for(name: str, language: str) -> str | None:
    """The word for an element; None if it has none."""
    return section(language, "prose").get(name)


def _inside(node: Node, words: Mapping[str, str]) -> str:
    """The values of an element and of all elements in it, separated by commas; groups in parentheses."""
    if node.name == "cd":
        return _code(node)
    text = "" if node.name == "lnk" else node.text.strip()
    parts = [part for part in (text, *_labels(node, words)) if part]
    for child in node.children:
        part = _child(child, words)
        parts += [part] if part else []
        parts += [child.tail.strip()] if child.tail.strip() else []
    return ", ".join(parts)


def _child(child: Node, words: Mapping[str, str]) -> str:
    inner = _inside(child, words)
    if child.name in _SPEAKING or child.name in _WRAPPERS or not inner:
        return inner
    label = words.get(child.name, child.name)
    return f"{label} ({inner})" if len(child.children) > 1 else f"{label} {inner}"


def _labels(node: Node, words: Mapping[str, str]) -> Iterator[str]:
    for name, value in node.attributes.items():
        if value.strip() and (node.name == "reprise-itself" or not _names_table(name, value)):
            yield f"{words.get(name, name)} {value}"


def _names_table(name: str, value: str) -> bool:
    return name in _TABLES and re.fullmatch(_TABLES[name], value) is not None


def _code(node: Node) -> str:
    """A code: its label first if it has one, then the code with its table."""
    label, value = node.attributes.get("DN", "").strip(), node.text.strip()
    table = node.attributes.get("SL") or node.attributes.get("S") or ""
    others = [v for k, v in node.attributes.items() if k != "DN" and not _names_table(k, v)]
    inner = [part for part in (*(_inside(child, {}) for child in node.children), *others) if part]
    code = " ".join(part for part in (value, *inner) if part)
    if label and label != code:
        return f"{label} ({_PLAIN.sub('', table, count=1)} {code})" if code else label
    return f"{code} ({_PLAIN.sub('', table, count=1)})" if table and code else code


def _colon(language: str) -> str:
    return "\u00a0: " if language == "fr" else ": "
