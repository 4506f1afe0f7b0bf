"""What Reprise says to doctors: one catalogue a language beside this module (`fr.po`), one way to its texts (ADR 17).

A text has a key, dotted from its area to its name or code, and places for values (`{hours}`). Whoever asks for a text gives
exactly the values that it has places for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

LANGUAGES = ("fr", "nl", "de", "en")
_ENTRY = re.compile(r'(?:#(?:[ .:].*)?\n)*msgid ((?:".*"\n)+)msgstr ((?:".*"\n)+)(?:\n|\Z)')
"""An entry with nothing special: none that is marked as unsure or as left behind, has a context or a plural."""
_PLACE = re.compile(r"\{([a-z_0-9]+)\}")


def text(language: str, key: str, **values: object) -> str:
    """The text with its values set in.

    Raises KeyError: no such language or key. ValueError: other values than those that the text has places for.
    """
    told = catalogue(language)[key]
    if places(told) != values.keys():
        raise ValueError(key)
    return told.format(**values)


@cache
def section(language: str, name: str) -> Mapping[str, str]:
    """The texts below a name (`report.reason`) by the rest of their keys, as they are written.

    Raises KeyError: no such language, or nothing below the name.
    """
    start = f"{name}."
    found = {
        key.removeprefix(start): told for key, told in catalogue(language).items() if key.startswith(start)
    }
    if not found:
        raise KeyError(name)
    return MappingProxyType(found)


def places(told: str) -> set[str]:
    """The names of the values that a text has places for."""
    return set(_PLACE.findall(told))


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Key to text, in the order of the file. Raises KeyError: no such language."""
    if language not in LANGUAGES:
        raise KeyError(language)
    return MappingProxyType(read(Path(__file__).with_name(f"{language}.po").read_text(encoding="utf-8")))


def read(source: str) -> dict[str, str]:
    """Key to text of a catalogue that begins with its head.

    Raises ValueError: something that is no plain entry, a key that comes twice, no text, a brace that is part of no place.
    """
    found: dict[str, str] = {}
    at = 0
    while at < len(source):
        entry = _ENTRY.match(source, at)
        if entry is None:
            raise ValueError(f"character {at}")
        key, told = (_joined(lines) for lines in entry.groups())
        if key in found or not told or (key and re.search("[{}]", _PLACE.sub("", told))):
            raise ValueError(key)
        found[key] = told
        at = entry.end()
    if next(iter(found), None) != "":
        raise ValueError("no head")
    del found[""]
    return found


def _joined(lines: str) -> str:
    """What stands between the quotes of a string that may go over several lines."""
    return "".join(json.loads(f"[{','.join(lines.splitlines())}]"))
