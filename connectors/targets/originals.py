"""Elements for which the target has no place: the chart holds their prose, the sealed report the elements themselves.

The prose ends in a number, by which the element is found in `originals/CHART.xml` of the report (docs/formats/facts.md).
"""

from __future__ import annotations

from hashlib import sha256

from connectors.targets.prose import prose
from connectors.targets.tree import Node, clean, escape_attribute, leaf, serialise, stamp

TEXT_DIGEST = 16  # hexadecimal digits of the SHA-256 of the text


class Originals:
    """The elements of one chart that it holds as prose, numbered from 1 in the order of their texts."""

    def __init__(self, language: str, token: str) -> None:
        """`token`: carried by the marks of the run."""
        self.language = language
        self._token = token
        self._entries: list[str] = []
        self._said: list[str] = []

    def text(self, node: Node, *, copy: str | None = None) -> Node:
        """Returns the `text` that stands for `node`, which is kept in its current state.

        `copy`: name of the sibling before the text that repeats, as structure, the parts that fit.
        """
        number = len(self) + 1
        words = clean(f"{prose(node, self.language, self._token)} [Reprise {number}]")
        self._said.append(words)
        labels = {"n": str(number), "text": sha256(words.encode()).hexdigest()[:TEXT_DIGEST]}
        if copy is not None:
            labels["copy"] = copy
        attributes = "".join(f' {name}="{escape_attribute(value)}"' for name, value in labels.items())
        stamp(node, self._token)
        self._entries.append(f"<original{attributes}>{serialise(node)}</original>")
        return leaf("text", words, L=self.language)

    def said_since(self, start: int) -> list[str]:
        """The texts made after the first `start`."""
        return self._said[start:]

    def __len__(self) -> int:
        return len(self._said)

    def document(self) -> bytes:
        """The list for the report; empty if every element found its place."""
        if not self._entries:
            return b""
        inner = "\n".join(self._entries)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<originals>\n{inner}\n</originals>\n'.encode()
