"""Records: what does not fit is refused by the name of its field, and its value is never quoted."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine import _events as events
from flows.engine._events import StartOrder, parse_event
from schemas.errors import IntegrityError
from schemas.record import dump, load
from schemas.table_profile import ColumnProfile, TableProfile
from vault.destruction.heartbeat import Heartbeat
from vault.keys.provider import KeyRef

ORDER = StartOrder(
    "/home", "run", "migration", "/export", "/out", None, {"max_files": 3}, ("{number}",), "extract", 2
)
COLUMN = ColumnProfile("Datum", "all", "7", {"date": "all"}, patterns=("yyyy-mm-dd",), meaning="contact.date")
PROFILE = TableProfile(3, "tab", "utf-8", "9", (COLUMN,))
EVENTS = (
    events.Key(KeyRef("keyring", "name", 7)),
    events.Source("abc", only_key=True),
    events.Shared(3),
    events.Progress("extract", 1, 2),
    events.Step("extract", {"rows": {"item": 4}}),
    events.Profiles((PROFILE,), 1),
    events.Leave(),
    events.Control(12),
    events.End(),
    events.Failure("SourceError", "not_xml", 20, {"file": 1}),
)


def changed(value: object, **fields: object) -> str:
    return json.dumps({**json.loads(dump(value)), **fields})


def test_a_record_is_read_as_it_was_written():
    assert load(StartOrder, dump(ORDER), IntegrityError, "x") == ORDER


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_read_as_it_was_sent(event):
    assert parse_event(dump(event).decode()) == event


def test_the_kinds_of_events_are_all_tried():
    assert {type(event) for event in EVENTS} == {
        kind for kind in events.Event.__subclasses__() if kind.__module__ == events.__name__
    }


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"run": 7}, "run"),
        ({"limits": {"max_files": "Jan Peeters"}}, "limits[...]"),
        ({"after": ["Jan Peeters"]}, "after"),
        ({"Jan Peeters": 1}, None),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(fields, named):
    with pytest.raises(IntegrityError) as refused:
        load(StartOrder, changed(ORDER, **fields), IntegrityError, "order_unreadable")
    assert refused.value.code == "order_unreadable"
    assert "Peeters" not in str(refused.value) + repr(refused.value.facts) + repr(refused.value.__context__)
    if named == "limits[...]":  # no ordinary name of a field: it is left out, or withheld
        assert refused.value.facts.get("field", "withheld") in ("withheld", "limits", "limits[...]")
    else:
        assert refused.value.facts.get("field") == named


def test_a_missing_field_is_refused():
    raw = json.loads(dump(ORDER))
    del raw["source"]
    with pytest.raises(IntegrityError):
        load(StartOrder, json.dumps(raw), IntegrityError, "order_unreadable")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b'{"ended":1e999}', b"[" * 100_000])
def test_what_is_no_record_at_all_is_refused(data):
    with pytest.raises(IntegrityError, match="order_unreadable"):
        load(Heartbeat, data, IntegrityError, "order_unreadable")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
    )
)
def test_nothing_but_the_error_comes_out(value):
    with pytest.raises(IntegrityError):
        load(Heartbeat, json.dumps(value), IntegrityError, "order_unreadable")
