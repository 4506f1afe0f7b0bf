"""A use is spent when something was delivered; a run that ended before gives it back, once, and the ledger records both."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from support.whole_run import WholeRun

from flows.engine import run as engine
from flows.lifecycle import _use as settling
from flows.session.control import Control
from schemas.errors import RepriseError, ScopeError, SourceError, UseError
from schemas.outcome import Cause
from trial.practice.write import write_practice
from vault.authorisation.check import list_authorisations
from vault.authorisation.register import InstructionRegister, Use
from vault.home_folder import Home
from vault.runs.facts import Restored, Takeback, drop_fact, write_fact
from vault.runs.lease import list_runs

ONCE = {"inventory": 1, "rehearsal": 1, "migration": 1, "delta": 0}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uses")
    write_practice(folder / "export", patients=3)
    made = WholeRun(folder / "trial", folder / "export", uses=ONCE)
    assert made.start(use="inventory").outcome == "counted"
    return made


def settled(case: WholeRun) -> list[tuple[str, str]]:
    return [(e["type"], e["code"]) for e in case.entries() if str(e["type"]).startswith("use.")]


def spent(case: WholeRun) -> dict[str, int]:
    (found,) = list_authorisations(Home(case.home))
    return {use: count for use, count in found["spent"].items() if count}


def exports(folder: Path, whole: Path) -> list[tuple[Path, type[RepriseError]]]:
    """An export that is none, an empty one, and one of another doctor."""
    for name in ("readme", "empty", "foreign"):
        (folder / name).mkdir()
    (folder / "readme" / "README.md").write_text("# nothing here\n")
    for file in whole.rglob("*.xml"):
        text = (
            file.read_bytes().replace(b"11234578004", b"19999999004").replace(b"85073003328", b"93051822361")
        )
        (folder / "foreign" / file.name).write_bytes(text)
    return [
        (folder / "readme", SourceError),
        (folder / "empty", SourceError),
        (folder / "foreign", ScopeError),
    ]


def test_what_delivers_nothing_costs_the_doctor_no_signature(case, tmp_path):
    for use, (source, kind) in zip(
        ("rehearsal", "migration", "migration"), exports(tmp_path, case.folder.parent / "export"), strict=True
    ):
        with pytest.raises(kind):
            case.start(source=str(source), use=use)
        assert settled(case)[-1] == ("use.given_back", "refused") and spent(case) == {"inventory": 1}
    before = len(settled(case))
    assert case.start(use="rehearsal").outcome == "rehearsed"
    assert case.start().outcome == "delivered"
    assert settled(case)[before:] == [("use.spent", "rehearsed"), ("use.spent", "delivered")]
    assert spent(case) == {"inventory": 1, "rehearsal": 1, "migration": 1}
    for use in ("rehearsal", "migration"):
        with pytest.raises(UseError) as error:
            case.start(use=use)
        assert error.value.facts["run"] in {
            lease.run_id for lease in list_runs(Home(case.home)) if lease.use == use
        }
    case.nothing_left()  # and the ledger is whole, and every proof verifies with the new entries in it
    older_state_put_back(case)


def older_state_put_back(case: WholeRun) -> None:
    """What was given back stays given back, what was spent stays spent: the certified runs are counted themselves."""
    first, *_ = [
        lease for lease in list_runs(Home(case.home)) if lease.use == "rehearsal"
    ]  # it gave its use back
    register = InstructionRegister(Home(case.home), None, first.authorisation_id)
    with register._changing():
        register._state = register._state.changed(spent={"rehearsal": (first.run_id,)}, given_back=())
    again = InstructionRegister(Home(case.home), None, first.authorisation_id)
    held = {use: again._runs(use) for use in (Use.REHEARSAL, Use.MIGRATION)}
    assert [len(runs) for runs in held.values()] == [1, 1] and first.run_id not in held[Use.REHEARSAL]


class Killed(BaseException):
    """Stands for a process that ends here."""


@pytest.mark.parametrize("at", ["write_fact", "release_use"])
def test_a_crash_between_the_steps_leaves_one_entry_and_one_use(tmp_path, monkeypatch, at):
    write_practice(tmp_path / "export", patients=1)
    case = WholeRun(tmp_path / "trial", tmp_path / "export", uses=ONCE)
    (tmp_path / "empty").mkdir()

    def killed(*_arguments):
        raise Killed

    monkeypatch.setattr(settling, at, killed)
    with pytest.raises(Killed):
        case.start(source=str(tmp_path / "empty"))
    assert spent(case) == {"migration": 1}  # a use that is not settled is held
    with pytest.raises(UseError):
        case.start()
    monkeypatch.undo()
    with contextlib.suppress(SourceError):
        engine.abandon(Home(case.home), list_runs(Home(case.home))[0].run_id, "trial")
    assert settled(case) == [("use.given_back", "refused")]
    assert spent(case) == {}
    assert case.start().outcome == "delivered"
    case.nothing_left()


@pytest.mark.parametrize(
    ("fact", "state"),
    [
        (Takeback(left=1), ("use.spent", "delivery_unknown")),
        (Takeback(left=0, published=1), ("use.spent", "delivered")),
        (Restored("restored"), ("use.spent", "delivery_unknown")),
        (Takeback(left=0), ("use.given_back", "abandoned")),
    ],
)
def test_where_a_delivery_cannot_be_ruled_out_the_use_is_spent(case, fact, state):
    lease = list_runs(Home(case.home))[0]
    for kind in (Takeback, Restored):
        drop_fact(Home(case.home), lease.run_id, kind)
    write_fact(Home(case.home), lease.run_id, fact)
    found = settling._settlement(Control.open(Home(case.home), "trial"), lease, Cause.ABANDONED)
    assert (f"use.{found.state}", found.code) == state
    drop_fact(Home(case.home), lease.run_id, type(fact))
