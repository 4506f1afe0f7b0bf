"""What monitoring measures: counts by outcome, and the age of the oldest staged byte from the files themselves."""

from __future__ import annotations

import os
import time

from flows.session.control import Control
from flows.views.measures import measure
from vault.home.create import create_home
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.runs.lease import new_lease
from vault.system.clock import SystemClock

RUN = "11111111-0000-4000-8000-000000000001"


def test_the_oldest_staged_byte_is_that_of_the_oldest_file(tmp_path):
    home = Home(tmp_path / "home")
    create_home(home, trial=True, origin="test.example/log")
    control = Control.open_to_look(home)
    assert (measure(control).staged_bytes, measure(control).oldest_staged_seconds) == (0, None)
    new_lease(
        home, SystemClock(), run_id=RUN, subject_id="d", persons=("d",), authorisation_id="a", use="migration", hours=1, provider="memory",
        partial=home.staging / RUN / "package/parts", operator_id="o", ledger_start=0, order_id=None,
    )  # fmt: skip
    for number, age in enumerate((10, 5000, 300)):
        path = home.staging / RUN / "extract" / str(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 100)
        os.utime(path, (time.time() - age,) * 2)
    found = measure(control)
    assert found.staged_bytes == 300
    assert 4990 <= found.oldest_staged_seconds <= 5300


def test_ends_are_counted_by_outcome(tmp_path):
    home = Home(tmp_path / "home")
    create_home(home, trial=True, origin="test.example/log")
    control = Control.open_to_look(home)
    for number, cause in enumerate(("published", "refused_source", "refused", "abandoned")):
        control.record(EntryType.AUTHORISATION_CHECKED, f"r{number}", "qualified")
        control.record(EntryType.RUN_STARTED, f"r{number}", "migration", {"deadline_s": 1, "allowed": 9})
        control.record(EntryType.DESTRUCTION_COMPLETED, f"r{number}", cause)
    found = measure(control)
    assert {name: count for name, count in found.ended.items() if count} == {
        "delivered": 1,
        "refused": 2,
        "abandoned": 1,
    }
    assert found.entries == control.ledger.store.head().size


def test_an_end_that_this_release_does_not_know_is_counted_as_another(tmp_path):
    home = Home(tmp_path / "home")
    create_home(home, trial=True, origin="test.example/log")
    control = Control.open_to_look(home)
    control.record(EntryType.DESTRUCTION_COMPLETED, "r1", "of_a_later_release")
    control.record(EntryType.DESTRUCTION_COMPLETED, "r2", "published")
    found = measure(control)
    assert {name: count for name, count in found.ended.items() if count} == {"delivered": 1, "other": 1}
