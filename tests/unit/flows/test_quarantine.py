"""Units that a contract keeps back: with all that lies in them, and nothing else."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from flows.steps._quarantine import Quarantined
from schemas import contracts
from schemas.contracts import load_suites
from schemas.errors import ContractError


def test_a_unit_takes_along_what_lies_in_it():
    kept_back = Quarantined({"1/1.2.3": 1, "2/1": 4})
    inside = ["1/1.2.3", "1/1.2.3.1", "2/1.9.9"]
    outside = ["1/1.2", "1/1.2.30", "1/1.2.31.3", "2/10.1", "12/1"]
    assert all(map(kept_back.takes, inside))
    assert not any(map(kept_back.takes, outside))
    rows = pa.record_batch({"unit": [*inside, *outside]})
    assert kept_back.sound(rows)["unit"].to_pylist() == outside
    assert Quarantined({}).sound(rows) is rows


def test_only_what_is_a_unit_can_be_kept_back(monkeypatch):
    kept_back = {c.id for s in load_suites() for c in s.contracts if c.then == "quarantine"}
    assert kept_back == {"document_is_no_program"}
    sound = {
        "id": "a", "severity": "never", "then": "stop", "rule": "not_null", "column": "unit", "name": "", "why": "",
    }  # fmt: skip
    for wrong in (
        {"then": "quarantine"}, {"then": None}, {"severity": "source"}, {"severity": "resolve"}, {"severity": "odd"},
        {"reason": "r"}, {"rule": "odd"}, {"rule": "not_after", "other": "unit"},
    ):  # fmt: skip
        text = json.dumps({"suites": [{"table": "contact", "contracts": [{**sound, **wrong}]}]})
        monkeypatch.setattr(contracts, "files", lambda _, text=text: _Folder(text))
        with pytest.raises(ContractError):
            load_suites()
    text = json.dumps({"suites": [{"table": "contact", "contracts": [sound]}]})
    monkeypatch.setattr(contracts, "files", lambda _: _Folder(text))
    assert load_suites()[0].contracts[0].id == "a"


class _Folder:
    def __init__(self, text: str) -> None:
        self.text = text

    def joinpath(self, _name: str) -> _Folder:
        return self

    def read_text(self, encoding: str) -> str:
        return self.text if encoding else ""
