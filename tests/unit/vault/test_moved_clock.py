"""The clock five years on or back: what was good is refused, and what is over stays over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace
from signed_bench import INSS, NAME, NOW, Bench
from support.former import draft_1
from test_ledger_attacks import WHOLE, faults, open_log, record

from schemas.errors import RefusedError
from trial.authority import TrialAuthority, sign_cades
from vault.authorisation.check import check
from vault.authorisation.register import Use
from vault.destruction.due import live_runs, reason_to_look
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.pki.signed_document import detached
from vault.pki.trust_admin import add_material, list_material
from vault.records.operators import find_operator
from vault.runs.lease import list_runs, new_lease
from vault.system.clock import SystemClock, format_utc

YEARS = timedelta(days=5 * 365)
ALWAYS = {"valid_from": format_utc(NOW - 2 * YEARS), "valid_until": format_utc(NOW + 2 * YEARS)}


class MovedClock(SystemClock):
    """A wall clock that somebody set; nobody sets the time since boot."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return super().now() + self._by


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("clock"))


def asked(bench: Bench, by: timedelta, signer=None, **fields) -> RefusedError:
    drafted = draft_1 if fields else draft  # no instruction of version 2 holds for as long as `ALWAYS`
    document = drafted({**bench.fields, **fields})
    with pytest.raises(RefusedError) as refusal:
        check(
            detached(document, [sign_cades(document, signer or bench.doctor, bench.authority)]),
            home=Home(bench.home),
            use=Use.MIGRATION,
            destination="/out",
            operator=find_operator(Home(bench.home), "one"),
            clock=MovedClock(by),
        )
    return refusal.value


@pytest.mark.parametrize(("by", "code"), [(YEARS, "expired"), (-YEARS, "not_yet_valid")])
def test_the_instruction(bench, by, code):
    found = asked(bench, by)
    assert (found.code, found.exit_code) == (code, 10)


@pytest.mark.parametrize(("by", "code"), [(YEARS, "signer_expired"), (-YEARS, "signer_not_yet_valid")])
def test_the_certificate(bench, by, code):
    found = asked(bench, by, **ALWAYS)
    assert (found.code, found.exit_code) == (code, 11)


@pytest.fixture(scope="module")
def long_lived(bench):
    """A certificate that outlives the lists and authorities above it, on both sides."""
    return bench.authority.signer(INSS, NAME, days=3649, since_days=3649)


def test_the_revocation_list_is_stale(bench, long_lived):
    found = asked(bench, YEARS, long_lived, **ALWAYS)
    assert (found.code, found.exit_code) == ("revocation_stale", 11)


def test_before_the_authorities_there_is_no_chain(bench, long_lived):
    found = asked(bench, -YEARS, long_lived, **ALWAYS)
    assert found.exit_code == 11


def lease_of(home, clock):
    return new_lease(
        Home(home),
        clock,
        run_id="run",
        subject_id="s",
        persons=("s",),
        authorisation_id="a",
        use="migration",
        hours=72,
        provider="memory",
        partial=home / "staging/run/parts",
        operator_id="o",
        ledger_start=0,
        order_id=None,
    )


@pytest.mark.parametrize("by", [YEARS, -YEARS])
def test_a_lease_of_this_boot_goes_by_the_clock_that_nobody_sets(tmp_path, by):
    lease = lease_of(tmp_path, SystemClock())
    assert 71 * 3600 < lease.seconds_left(MovedClock(by)) <= 72 * 3600
    assert [reason_to_look(Home(tmp_path), lease, MovedClock(by)) for lease in live_runs(Home(tmp_path))] == [
        None
    ]


def test_a_lease_of_another_boot_has_the_wall_clock_and_never_more_than_it_was_given(tmp_path):
    """The limit that docs/threat-model.md states: a clock set back while nothing of ours ran delays the deadline."""
    replace(lease_of(tmp_path, SystemClock()), boot_id="another").save(Home(tmp_path))
    (lease,) = list_runs(Home(tmp_path))
    assert lease.seconds_left(MovedClock(YEARS)) <= 0
    assert lease.seconds_left(MovedClock(-YEARS)) <= 72 * 3600
    assert replace(lease, machine_id="another").seconds_left(MovedClock(-YEARS)) > 72 * 3600


def test_the_log_shows_a_run_that_is_overdue(tmp_path):
    record(open_log(tmp_path / "log"), "r1", *WHOLE[:2])
    after = datetime.fromtimestamp(2_000_000_000, NOW.tzinfo)
    assert faults(tmp_path / "log", now=after + YEARS) == ["run_overdue"]
    assert faults(tmp_path / "log", now=after - YEARS) == []


@pytest.mark.parametrize("by", [YEARS * 3, -YEARS])
def test_trust_material(tmp_path, bench, by):
    from test_trust_admin import der

    for folder in ("roots", "intermediates", "crls", "timestamps"):
        (tmp_path / "trust" / folder).mkdir(parents=True)
    authority = TrialAuthority()
    with pytest.raises(RefusedError) as refusal:
        add_material(Home(tmp_path).trust, "root", der(authority.root), trial_home=True, now=NOW + by)
    assert (refusal.value.code, refusal.value.exit_code) == ("trust_material_stale", 11)
    assert all(material.stale(NOW + by) for material in list_material(Home(bench.home).trust))
