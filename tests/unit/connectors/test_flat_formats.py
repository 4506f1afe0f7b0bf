"""Flat messages: what each fixture and each public sample holds, on both sides, and that it arrives so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.inventory.message_formats import format_of, read_all
from connectors.sources.message_formats import MESSAGE_FORMATS, parse_messages
from connectors.sources.sniffing import recognise

VECTORS = Path(__file__).parents[2] / "vectors" / "messages"
FIXTURES = [
    pytest.param(name, path, id=f"{name}/{path.name}")
    for name in sorted(MESSAGE_FORMATS)
    for path in sorted((VECTORS / name).iterdir())
    if path.suffix != ".json"
]


def test_every_format_has_fixtures():
    assert {folder.name for folder in VECTORS.iterdir()} == MESSAGE_FORMATS
    for name in MESSAGE_FORMATS:
        expected = json.loads((VECTORS / name / "expected.json").read_text(encoding="utf-8"))
        assert set(expected) - {"about"} == {path.name for path in (VECTORS / name).glob("*.txt")}


@pytest.mark.parametrize(("name", "path"), FIXTURES)
def test_a_fixture_holds_what_was_found_by_hand(name, path):
    data = path.read_bytes()
    assert recognise(data) == (name, True)
    assert format_of(data) == name
    expected = json.loads((path.parent / "expected.json").read_text(encoding="utf-8"))[path.name]
    found, counted = parse_messages(name, data), list(read_all(name, data))
    assert len(found) == len(counted) == len(expected)
    for message, count, wanted in zip(found, counted, expected, strict=True):
        who = message.identity
        assert [who.family_name, who.first_name, who.sex, who.birth, who.inss] == wanted["who"]
        assert [message.kind, message.date, message.status] == [
            wanted["kind"],
            wanted["date"],
            wanted["status"],
        ]
        assert message.sender.name == wanted["sender"]
        results = [[r.label, r.value, r.unit, r.range, r.flag, list(r.notes)] for r in message.results]
        assert results == wanted["results"]
        for state in ("pending", "cancelled"):
            for read in (message.results, count.results):
                assert [r.label for r in read if r.state == state] == wanted.get(state, [])
        for read in (message.results, count.results):
            assert {r.label: r.loinc for r in read if r.loinc} == wanted.get("loinc", {})
        assert message.refused == wanted.get("refused")
        assert count.is_refused == ("refused" in wanted)
        assert [len(document.data) for document in message.documents] == wanted.get("documents", [])
        assert [size for _, size in count.documents] == wanted.get("documents", [])
        assert count.transaction == message.kind
        assert [len(message.titles), len(message.remarks)] == [wanted["titles"], wanted["remarks"]]
        assert [doubt.reason for doubt in message.doubts] == wanted["doubts"]
        if "text" in wanted:
            assert message.readable == wanted["text"]
        of_counter = [[r.label, r.value, r.unit, r.limits, r.flag, r.notes] for r in count.results]
        assert of_counter == wanted["results"]
        assert (count.readable, count.titles, count.remarks) == (
            message.readable, wanted["titles"], wanted["remarks"],
        )  # fmt: skip
