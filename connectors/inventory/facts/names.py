"""Names without namespaces: elements and attributes are identified by their local names."""

from __future__ import annotations

_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def local_name(name: str) -> str:
    """The part after the prefix."""
    return name.rpartition(":")[2]


def local_attributes(attributes: dict[str, str], prefixes: set[str]) -> dict[str, str]:
    """The attributes by local name, without namespace declarations and those of the xsi namespace.

    `prefixes` are those bound to that namespace so far; new bindings are added to it.
    """
    prefixes |= {
        name[6:] for name, value in attributes.items() if value == _XSI and name.startswith("xmlns:")
    }
    kept: dict[str, str] = {}
    for name, value in attributes.items():
        prefix, colon, local = name.rpartition(":")
        if not colon:
            if name != "xmlns":
                kept[name] = value
        elif prefix != "xmlns" and prefix not in prefixes:
            kept.setdefault(local, value)
    return kept
