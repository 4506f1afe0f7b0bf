"""Every header of every message of a file: reader and counter say the same, whatever stands where."""

from __future__ import annotations

import pytest
from kmehr_rebuilding import file_of

from connectors.base import Limits, MessageHeader, Unheaded
from connectors.inventory.kmehr.counter import KmehrCounter
from connectors.sources.kmehr.connector import KmehrConnector
from schemas.errors import UnreadableSourceError

FOLDER = "<folder><patient><firstname>A</firstname></patient></folder>"


def header(nihii: str, system: str, *, inner: str = "") -> str:
    return (
        f"<header><standard/><sender><hcparty><id S='ID-HCPARTY'> {nihii} </id><id S='INSS'>1</id></hcparty>"
        f"<hcparty><cd S='CD-HCPARTY'>application</cd><name>{system}</name></hcparty></sender>{inner}</header>"
    )


def message(*parts: str) -> str:
    return f"<kmehrmessage>{''.join(parts)}</kmehrmessage>"


MINE, OTHER = header("1", "Mine"), header("2", "Other")
FILES: dict[str, tuple[str, list[tuple[str, str, str] | str]]] = {
    "one": (message(MINE, FOLDER), [("1/1.1", "1", "Mine")]),
    "two messages": (
        message(MINE, FOLDER) + " <!-- x --> " + message(OTHER, FOLDER),
        [("1/1.1", "1", "Mine"), ("1/2.1", "2", "Other")],
    ),
    "a folder before the header": (message(FOLDER, OTHER), [("1/1.2", "2", "Other")]),
    "a second header": (
        message(MINE, FOLDER, OTHER, FOLDER),
        [("1/1.1", "1", "Mine"), ("1/1.3", "2", "Other")],
    ),
    "a nested message": (
        message(MINE, FOLDER, message(OTHER, FOLDER)),
        [("1/1.1", "1", "Mine"), ("1/1.3.1", "2", "Other")],
    ),
    "a nested message without": (message(MINE, message(FOLDER)), [("1/1.1", "1", "Mine"), "1/1.2"]),
    "an envelope": (
        f"<s:Envelope xmlns:s='e'><s:Body>{message(MINE, FOLDER)}{message(FOLDER)}</s:Body></s:Envelope>",
        [("1/1.1.1.1", "1", "Mine"), "1/1.1.2"],
    ),
    "a header beside the message": (f"<e>{OTHER}{message(FOLDER)}</e>", [("1/1.1", "2", "Other"), "1/1.2"]),
    "none": (message(FOLDER), ["1/1"]),
    "none, and nothing to miss": (message("<note/>"), []),
    "a bare folder": (FOLDER, []),
    "a header within a folder is none": (
        message(MINE, f"<folder>{OTHER}</folder>"),
        [("1/1.1", "1", "Mine")],
    ),
    "a header within a header is none": (message(header("1", "Mine", inner=OTHER)), [("1/1.1", "1", "Mine")]),
    "another sender further down is none": (
        message(MINE.replace("<standard/>", f"<recipient>{OTHER}</recipient>")),
        [("1/1.1", "1", "Mine")],
    ),
}


def told(found: MessageHeader | Unheaded) -> tuple[str, str, str] | str:
    if isinstance(found, Unheaded):
        return found.unit
    assert found.sender_inss.reveal() == ("1",)
    (nihii,) = found.sender_nihii.reveal()
    return found.unit, nihii.strip(), found.system or ""


def by_reader(text: str) -> list[tuple[str, str, str] | str]:
    return [told(each) for each in KmehrConnector().headers(file_of(text.encode()), Limits())]


def by_counter(text: str) -> list[tuple[str, str, str] | str]:
    counted = KmehrCounter().count(file_of(text.encode()), 1, b"k" * 32, Limits())
    return [told(each) for each in counted if isinstance(each, MessageHeader | Unheaded)]


@pytest.mark.parametrize("name", FILES)
def test_both_sides_find_every_header(name):
    text, expected = FILES[name]
    assert by_reader(text) == expected
    assert by_counter(text) == expected


def test_a_header_before_the_damage_counts():
    headers = KmehrConnector().headers(file_of(message(OTHER, FOLDER)[:-5].encode()), Limits())
    assert told(next(headers)) == ("1/1.1", "2", "Other")
    with pytest.raises(UnreadableSourceError):
        next(headers)
