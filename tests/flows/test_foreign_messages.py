"""A message of another doctor or system in a file, wherever it stands: refused before anything of it is staged."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import cast

import pytest
from support.whole_run import WholeRun

from connectors.base import MessageHeader, SourceFile
from flows.steps import headers
from schemas.errors import ScopeError, UnexplainedUnitError
from schemas.sensitive import Sensitive
from vault.authorisation.check import Authorisation

pytestmark = pytest.mark.slow
EMPTY = SourceFile(1, 0, BytesIO)


@pytest.fixture(scope="module")
def case(shared, tmp_path_factory):
    """A trial for the good export; each test then puts something else in its place."""
    source = tmp_path_factory.mktemp("export")
    (source / "1.xml").write_bytes((shared / "samples/kmehr/_ours/smf_reference.xml").read_bytes())
    return WholeRun(tmp_path_factory.mktemp("trial"), source, uses={"rehearsal": 40, "migration": 1})


@pytest.fixture
def parts(case, shared):
    text = (shared / "samples/kmehr/_ours/smf_reference.xml").read_text(encoding="utf-8")
    (header,) = re.findall(r"<header>.*?</header>", text, re.DOTALL)
    (folder,) = re.findall(r"<folder>.*?</folder>", text, re.DOTALL)
    return text, header, folder


def other(header: str, what: str) -> str:
    number = re.search(r"ID-HCPARTY[^>]*>(\d+)<", header)
    system = re.search(r"<name>([^<]*)</name>", header)
    assert number
    assert system
    if what == "doctor":
        return header.replace(number[1], "19999999004")
    return header.replace(f"<name>{system[1]}<", "<name>Omnipro<")


def put(case: WholeRun, text: str) -> None:
    (Path(case.made["source"]) / "1.xml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("second message", "doctor"),
        ("second header", "system"),
        ("after the folder", "doctor"),
        ("nested message", "system"),
    ],
)
def test_another_exporter_is_refused(case, parts, what, where):
    text, header, folder = parts
    theirs = other(header, what)
    message = f"<kmehrmessage>{theirs}{folder}</kmehrmessage>"
    put(
        case,
        {
            "second message": text + message,
            "second header": text.replace(header, header + theirs),
            "after the folder": text.replace(header, "").replace(folder, folder + theirs),
            "nested message": text.replace(folder, folder + message),
        }[where],
    )
    with pytest.raises(ScopeError) as caught:
        case.start(use="rehearsal")
    assert caught.value.code == {"doctor": "other_controller", "system": "other_source_system"}[what]
    case.nothing_left()


def nested(text: str, where: str, message: str) -> str:
    """The message in a record, or in what is loose."""
    return {
        "folder": text.replace("</folder>", f"{message}</folder>", 1),
        "transaction": text.replace("</transaction>", f"{message}</transaction>", 1),
        "content": text.replace("<content>", f"<content>{message}", 1),
        "patient": text.replace("</patient>", f"<x>{message}</x></patient>", 1),
        "loose transaction": text.replace("<folder>", f"<transaction>{message}</transaction><folder>", 1),
    }[where]


WHERE = ("folder", "transaction", "content", "patient", "loose transaction")


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("what", ["doctor", "system"])
def test_a_foreign_message_in_a_record_is_refused(case, parts, where, what):
    text, header, folder = parts
    put(case, nested(text, where, f"<kmehrmessage>{other(header, what)}{folder}</kmehrmessage>"))
    with pytest.raises(ScopeError) as caught:
        case.start(use="rehearsal")
    assert caught.value.code == {"doctor": "other_controller", "system": "other_source_system"}[what]
    case.nothing_left()


@pytest.mark.parametrize("where", ["folder", "transaction", "content"])
@pytest.mark.parametrize("what", ["message", "folder"])
def test_a_record_in_a_record_is_set_aside(case, parts, where, what):
    text, header, folder = parts
    theirs = f"<kmehrmessage>{header}{folder}</kmehrmessage>" if what == "message" else folder
    put(case, text)
    alone = case.start(use="rehearsal").dispositions
    put(case, nested(text, where, theirs))
    both = case.start(use="rehearsal").dispositions
    assert both["quarantined"] == alone["quarantined"] + 1
    assert sum(both.values()) == sum(alone.values()) + 1


def test_what_nobody_exported_is_unscoped(case, parts):
    text, _, folder = parts
    put(case, text + f"<kmehrmessage>{folder}</kmehrmessage>")
    result = case.start(use="rehearsal")
    assert (
        result.dispositions["unscoped"] == result.dispositions["delivered"] + result.dispositions["degraded"]
    )


@pytest.mark.parametrize("changed", [{"unit": "1/2.1"}, {"system": "X"}, {"sender_nihii": Sensitive(("1",))}])
def test_both_sides_must_state_the_same(monkeypatch, changed):
    monkeypatch.setattr(headers, "check_header", lambda *_, **__: None)
    one = MessageHeader("1/1.1", "S", None, None, None, Sensitive(("2", "1")), Sensitive(()), None)
    reader, counter, other = (headers.Stated(cast("Authorisation", None)) for _ in range(3))
    reader.take(one)
    counter.take(replace(one, system=" S ", sender_nihii=Sensitive(("1", "2 ")), standard="not compared"))
    counter.compare(reader.digest(), EMPTY)
    counter.compare(None, EMPTY)  # the reader could not read the file
    other.take(replace(one, **changed))
    with pytest.raises(UnexplainedUnitError):
        other.compare(reader.digest(), EMPTY)
