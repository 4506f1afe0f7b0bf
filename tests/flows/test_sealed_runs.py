"""Whole runs on sealed exports: the same package as from the clear export, nothing in clear on the way, one use."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pyrage
import pytest
from msgspec.structs import replace
from support.sealing import needs_age, needs_browser, seal_by_age, seal_by_page
from support.whole_run import WholeRun

from flows.engine import run as engine
from flows.lifecycle.intakes import close_intake
from flows.lifecycle.run_views import list_runs
from flows.retention._sweep import sweep_home
from flows.session.control import Control
from flows.session.observer import NoObserver
from flows.session.orders import load_order, save_order
from schemas.errors import IntakeError, RepriseError, SealedSourceError, UnreadableSourceError
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.intake.record import check_number, destroy_identity, list_intakes

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "privacy"))
import canary

pytestmark = [pytest.mark.slow, needs_age]


@pytest.fixture(scope="module")
def export(tmp_path_factory) -> Path:
    """Three files in a folder."""
    folder = tmp_path_factory.mktemp("small") / "export"
    write_practice(folder, patients=6, patients_per_file=2)
    assert len(list(folder.iterdir())) == 3
    return folder


@pytest.fixture(scope="module")
def one_home(export, tmp_path_factory) -> WholeRun:
    uses = {"inventory": 50, "rehearsal": 50, "migration": 50, "delta": 0}
    made = WholeRun(tmp_path_factory.mktemp("home") / "trial", export, uses=uses)
    shutil.copytree(made.home, made.home.with_name("beginning"))
    return made


@pytest.fixture
def case(one_home) -> WholeRun:
    """The same home for all, as it was made: that one run met a clear export is told of the next under its instruction."""
    home = one_home.home
    for intake in list_intakes(Home(home)):
        destroy_identity(Home(home), intake)
    for left in (home, home.with_name(f".{home.name}.host"), one_home.destination):
        shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(home.with_name("beginning"), home)
    return one_home


@pytest.fixture(scope="module")
def clear(one_home) -> dict[str, bytes]:
    case = one_home
    case.start()
    destruction = certificate(case)
    assert destruction["destruction"]["source"] == {"evidence": "stated"}
    assert destruction["fate"]["source"]["evidence"] == "stated"
    content = case.content()
    assert len(content) > 6
    return content


def certificate(case: WholeRun) -> dict:
    return json.loads((case.home / "runs" / case.run_id / "proof" / "certificate.json").read_bytes())


def entries(case: WholeRun) -> list[tuple[str, str, bool]]:
    return [(b["type"], b["code"], b["runId"] is not None) for b in case.entries()]


def zipped(export: Path, out: Path) -> Path:
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(export.iterdir()):
            archive.write(path, path.name)
    return out


@pytest.mark.parametrize("way", ["age", pytest.param("page", marks=needs_browser)])
def test_a_sealed_export_gives_the_same_package_and_its_key_dies_with_the_run(
    export, clear, case, tmp_path, way
):
    sealed = tmp_path / "export.age"
    page = tmp_path / "seal.html"
    opened = case.open_intake(page=page)
    if way == "age":
        seal_by_age(opened.recipient, zipped(export, tmp_path / "x.zip"), sealed)
    else:
        seal_by_page(page, export, out=sealed)
    result = case.start(source=str(sealed))
    assert result.state == "certified"
    assert case.content() == clear
    case.nothing_left()
    said = certificate(case)
    assert said["fate"]["source"]["evidence"] == "encrypted_always"
    assert said["destruction"]["source"]["encryptedAlways"] is True
    html = (case.home / "runs" / case.run_id / "proof" / "certificate.html").read_text()
    assert "la seule clé qui l’ouvrait a été détruite avec la copie de travail" in html
    kinds = entries(case)
    assert ("intake.opened", "keyring", False) in kinds
    closed = ("intake.closed", "with_run", True)
    assert kinds[-3:] == [
        closed,
        ("destruction.completed", "published", True),
        ("proof.issued", "issued", True),
    ]
    (intake,) = list_intakes(Home(case.home))
    assert (intake.id, intake.run_id) == (opened.id, case.run_id)
    with pytest.raises(IntakeError) as spent:
        case.start(source=str(sealed), use="rehearsal")
    assert spent.value.code == "intake_spent"


KILLS = [
    {"who": "control", "at": "call", "name": name}
    for name in (
        "flows.lifecycle.intakes.claim",
        "vault.destruction.destroy.destroy_identity",
        "flows.lifecycle.intakes.mark_used",
        "flows.engine._supervise.note_source",
        "vault.intake.record.write_durably",
        "flows.lifecycle.ending.close_with_run",
    )
] + [
    {"who": "data", "at": "step", "name": "extract"},
    {"who": "data", "at": "progress", "name": "inventory"},
]


@pytest.mark.parametrize(
    "kill", KILLS if os.environ.get("REPRISE_ALL_FAULTS") else KILLS[:3], ids=lambda kill: kill["name"]
)
def test_a_killed_run_resumes_with_its_intake_and_still_destroys_it(kill, export, clear, case, tmp_path):
    sealed = tmp_path / "export.age"
    seal_by_age(case.open_intake().recipient, zipped(export, tmp_path / "x.zip"), sealed)
    died = case.start_apart(kill, source=str(sealed))
    assert died.returncode == (-9 if kill["who"] == "control" else 50), died.stdout + died.stderr
    assert case.resume().state == "certified"
    assert case.content() == clear
    assert certificate(case)["fate"]["source"]["evidence"] == "encrypted_always"
    (intake,) = list_intakes(Home(case.home))
    assert (intake.run_id, intake.closed) == (case.run_id, "with_run")
    case.nothing_left()


def test_with_its_key_in_a_file_or_a_second_recipient_it_is_not_called_encrypted_always(
    export, case, tmp_path
):
    sealed = tmp_path / "export.age"
    plain = zipped(export, tmp_path / "x.zip").read_bytes()
    in_file = case.open_intake("file")
    in_keyring = case.open_intake()
    other = pyrage.x25519.Identity.generate().to_public()
    for opened, others in ((in_file, []), (in_keyring, [other])):
        keys = [pyrage.x25519.Recipient.from_str(opened.recipient), *others]
        sealed.write_bytes(pyrage.encrypt(plain, keys))
        case.start(source=str(sealed), use="inventory", intake=opened.id)
        said = certificate(case)
        assert said["fate"]["source"]["evidence"] == "stated"
        assert said["destruction"]["source"]["evidence"] == "sealed-intake"
        assert said["destruction"]["source"]["encryptedAlways"] is False
    assert not list((case.home / "intakes").rglob("identity"))
    case.nothing_left()


def test_a_run_that_a_damaged_copy_stopped_goes_on_with_an_intact_one(export, case, tmp_path):
    """And not with a clear one: what the certificate says of the source holds for the whole run."""
    sealed = tmp_path / "export.age"
    opened = case.open_intake()
    plain = zipped(export, tmp_path / "x.zip")
    seal_by_age(opened.recipient, plain, sealed)
    intact = sealed.read_bytes()
    sealed.write_bytes(
        intact[: len(intact) // 2] + bytes([intact[len(intact) // 2] ^ 1]) + intact[len(intact) // 2 + 1 :]
    )
    with pytest.raises(SealedSourceError):
        case.start(source=str(sealed))
    assert list_runs(Home(case.home))[-1].state == "failed"
    with pytest.raises(IntakeError) as used:
        close_intake(Control.open(Home(case.home), "trial"), opened.id)
    assert used.value.code == "intake_in_use"
    sealed.write_bytes(intact)
    assert case.resume().state == "certified"
    case.nothing_left()


@pytest.mark.parametrize("part", [0.3, 0.5, 1.0], ids=["a third", "half", "all but the last bytes"])
def test_a_run_does_not_change_between_sealed_and_clear(export, case, tmp_path, part):
    """Nor when it never saw the sealed file whole."""
    sealed = tmp_path / "export.age"
    seal_by_age(case.open_intake().recipient, zipped(export, tmp_path / "x.zip"), sealed)
    intact = sealed.read_bytes()
    sealed.write_bytes(intact[: int(len(intact) * part) - 20])
    with pytest.raises(SealedSourceError):
        case.start(source=str(sealed), use="rehearsal")
    shutil.copy(tmp_path / "x.zip", sealed)
    with pytest.raises(IntakeError) as changed:
        case.resume()
    assert changed.value.code == "source_not_sealed"
    sealed.write_bytes(intact)
    assert case.resume().state == "certified"
    assert certificate(case)["destruction"]["source"]["evidence"] == "sealed-intake"
    case.nothing_left()


def test_a_run_waits_for_the_file_that_its_intake_opens(export, case, tmp_path):
    """A file sealed for others is no reason to ask the doctor for another signature: the use is the run's own."""
    source, plain = tmp_path / "whatever.bin", zipped(export, tmp_path / "x.zip")
    seal_by_age(str(pyrage.x25519.Identity.generate().to_public()), plain, source)
    opened, before = case.open_intake(), len(list_runs(Home(case.home)))
    with pytest.raises(IntakeError, match="intake_unknown"):
        case.start(source=str(source))
    assert list_runs(Home(case.home))[-1].state == "failed"
    source.unlink()
    seal_by_age(opened.recipient, plain, source)
    assert case.resume().state == "certified"
    assert len(list_runs(Home(case.home))) == before + 1
    assert certificate(case)["destruction"]["source"]["encryptedAlways"] is True
    case.nothing_left()


def test_through_prefect_it_waits_with_its_order_as_well(export, case, tmp_path):
    source, plain = tmp_path / "whatever.bin", zipped(export, tmp_path / "x.zip")
    seal_by_age(str(pyrage.x25519.Identity.generate().to_public()), plain, source)
    opened = case.open_intake()
    order_id = save_order(Home(case.home), case.order(source=str(source)))
    with pytest.raises(IntakeError, match="intake_unknown"):
        engine.start_order(Home(case.home), order_id, NoObserver())
    source.unlink()
    seal_by_age(opened.recipient, plain, source)
    assert case.resume().state == "certified"
    with pytest.raises(UnreadableSourceError, match="no_such_order"):
        load_order(Home(case.home), order_id)
    with pytest.raises(IntakeError, match="intake_unknown"):
        order_id = save_order(Home(case.home), case.order(source=str(tmp_path / "none.age"), intake="f" * 16))
        engine.start_order(Home(case.home), order_id, NoObserver())
    with pytest.raises(UnreadableSourceError, match="no_such_order"):
        load_order(Home(case.home), order_id)  # no run waits with it
    case.nothing_left()


def test_an_export_that_was_seen_clear_is_never_called_encrypted_always(export, case, tmp_path):
    """The recipient is no secret: whoever has the clear export can seal it to the intake afterwards."""
    source, plain = tmp_path / "x.age", zipped(export, tmp_path / "x.zip")
    opened = case.open_intake()
    shutil.copy(plain, source)
    with pytest.raises(IntakeError, match="source_not_sealed"):
        case.start(source=str(source), intake=opened.id, use="inventory")
    source.unlink()
    seal_by_age(opened.recipient, plain, source)
    assert case.resume().state == "certified"
    assert certificate(case)["destruction"]["source"]["encryptedAlways"] is False
    case.nothing_left()


def test_nor_one_that_another_run_of_the_instruction_met_in_clear(export, case, tmp_path):
    sealed = tmp_path / "x.age"
    plain = zipped(export, tmp_path / "x.zip")
    case.start(source=str(plain), use="rehearsal")
    seal_by_age(case.open_intake().recipient, plain, sealed)
    case.start(source=str(sealed), use="inventory")
    told = certificate(case)
    assert (told["destruction"]["source"]["onlyKey"], told["destruction"]["source"]["clearSeen"]) == (
        True,
        True,
    )
    assert told["destruction"]["source"]["encryptedAlways"] is False
    assert told["fate"]["source"]["evidence"] == "stated"
    case.nothing_left()


def test_nor_one_whose_clear_copy_was_damaged_when_it_lay_there(export, case, tmp_path):
    source, plain = tmp_path / "x.age", zipped(export, tmp_path / "x.zip")
    seal_by_age(case.open_intake().recipient, plain, source)
    intact = source.read_bytes()
    source.write_bytes(intact[:-20])
    with pytest.raises(SealedSourceError):
        case.start(source=str(source), use="inventory")
    source.write_bytes(plain.read_bytes()[:-200])  # cut short on its way
    with pytest.raises(IntakeError, match="source_not_sealed"):
        case.resume()
    source.write_bytes(intact)
    assert case.resume().state == "certified"
    assert certificate(case)["destruction"]["source"]["encryptedAlways"] is False
    case.nothing_left()


def test_a_file_with_a_second_key_is_not_forgotten_for_one_without(export, case, tmp_path):
    source, plain = tmp_path / "x.age", zipped(export, tmp_path / "x.zip").read_bytes()
    opened, other = case.open_intake(), pyrage.x25519.Identity.generate().to_public()
    ours = pyrage.x25519.Recipient.from_str(opened.recipient)
    source.write_bytes(pyrage.encrypt(plain, [ours, other])[:-20])
    with pytest.raises(SealedSourceError):
        case.start(source=str(source), use="inventory")
    source.write_bytes(pyrage.encrypt(plain, [ours]))
    assert case.resume().state == "certified"
    assert certificate(case)["destruction"]["source"]["encryptedAlways"] is False


def test_a_run_whose_intake_lost_its_key_ends(export, case, tmp_path):
    sealed = tmp_path / "x.age"
    opened = case.open_intake()
    seal_by_age(opened.recipient, zipped(export, tmp_path / "x.zip"), sealed)
    sealed.write_bytes(sealed.read_bytes()[:-20])
    with pytest.raises(SealedSourceError):
        case.start(source=str(sealed), use="inventory")
    destroy_identity(Home(case.home), opened)  # as a restart of the host does
    with pytest.raises(IntakeError, match="intake_key_gone"):
        case.resume()
    assert certificate(case)["destruction"]["cause"] == "key_lost"
    case.nothing_left()


def test_what_no_open_intake_fits_is_refused_and_recorded(export, case, tmp_path):
    sealed = tmp_path / "export.age"
    stranger = str(pyrage.x25519.Identity.generate().to_public())
    seal_by_age(stranger, zipped(export, tmp_path / "x.zip"), sealed)

    def code(**changes: object) -> str:
        with pytest.raises(RepriseError) as refused:
            case.start(**{"source": str(sealed), "use": "inventory", **changes})
        return refused.value.code

    before = len(list_runs(Home(case.home)))
    assert code() == "intake_unknown"  # none is open: nothing is leased, no use is spent
    assert ("authorisation.refused", "intake_unknown", False) in entries(case)
    assert len(list_runs(Home(case.home))) == before
    opened = case.open_intake()
    assert code(source=str(export), intake=opened.id) == "source_not_sealed"
    assert code() == "intake_unknown"
    destroy_identity(Home(case.home), opened)  # as a restart of the host does
    assert code() == "intake_key_gone"
    shutil.copy(sealed, tmp_path / "without-its-name")
    assert code(source=str(tmp_path / "without-its-name")) == "intake_key_gone"
    for run in list_runs(Home(case.home)):
        if run.state == "failed":
            engine.abandon(Home(case.home), run.run_id, "trial")
    replace(case.open_intake(), expires="2026-01-01T00:00:00Z", boot_id="").save(Home(case.home))
    assert sweep_home(Home(case.home)).intakes_expired == 2
    assert sweep_home(Home(case.home)).intakes_expired == 0
    assert all(
        intake.key_state(Home(case.home)).value != "present" for intake in list_intakes(Home(case.home))
    )
    assert ("intake.closed", "expired", False) in entries(case)
    assert ("intake.closed", "key_gone", False) in entries(case)
    case.nothing_left()


def test_a_withdrawal_closes_what_stands_open_and_opens_no_more(export, tmp_path):
    case = WholeRun(tmp_path / "trial", export)
    recorded = case.reprise("authorise", "record", case.made["authorisation"], "--json")
    authorisation = json.loads(recorded.stdout.splitlines()[-1])["authorisation"]
    page = tmp_path / "page.html"
    done = case.reprise("intake", "open", authorisation, "--hours", "2", "--page", str(page))
    assert done.returncode == 0, done.stderr
    (intake,) = list_intakes(Home(case.home))
    assert check_number(intake.recipient) in done.stdout
    assert intake.recipient in page.read_text()
    again = case.reprise("intake", "open", authorisation, "--page", str(page))
    assert (again.returncode, "page_cannot_be_made" in again.stderr) == (60, True)
    assert len(list_intakes(Home(case.home))) == 1, "nor an intake that nobody hears of"
    closed_by_hand = case.open_intake().id
    assert case.reprise("intake", "close", closed_by_hand).returncode == 0
    assert case.reprise("authorise", "withdraw", authorisation).returncode == 0
    listed = json.loads(case.reprise("intake", "list", "--json").stdout.splitlines()[-1])
    assert sorted(i["state"] for i in listed) == ["closed", "withdrawn"]
    assert all(
        i.key_state(Home(case.home)).value in ("absent", "revoked") for i in list_intakes(Home(case.home))
    )
    refused = case.reprise("intake", "open", case.made["authorisation"])
    assert (refused.returncode, "withdrawn" in refused.stderr) == (10, True)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing")
def test_no_clear_byte_is_written_and_no_sealed_byte_read_before_the_check(shared, tmp_path):
    """The kernel's account of a whole run: every byte written but to pipes, every opening of the sealed file."""
    source = canary.write_practice(tmp_path / "export", shared)
    (clear_file,) = source.iterdir()
    case, sealed = WholeRun(tmp_path / "trial", source), tmp_path / "export.age"
    seal_by_age(case.open_intake().recipient, clear_file, sealed)
    shutil.rmtree(source)
    command = [
        str(Path(sys.executable).with_name("reprise")), "migrate", str(sealed),
        "--authorisation", case.made["authorisation"], "--to", case.made["destination"],
    ]  # fmt: skip
    environment = {"REPRISE_HOME": str(case.home), "REPRISE_OPERATOR": "trial"}
    done, lines = traced(command, tmp_path / "trace", environment)
    assert done.returncode == 0, done.stderr
    checked = next(i for i, line in enumerate(lines) if "authorisation.checked" in line and "write" in line)
    openings = [i for i, line in enumerate(lines) if f'"{sealed}"' in line and "open" in line]
    assert openings
    assert checked < openings[0]
    assert all("O_RDONLY" in lines[i] for i in openings)
    kept = written(lines)
    assert len(kept) > 50
    assert not [n for n, line in enumerate(kept) if canary.holds_canary(line.encode())]
    assert canary.traces(tmp_path / "trial")[0] == []
    assert any(canary.holds_canary(data) for data in case.content().values())

    clear_copy = f"open({str(tmp_path / 'copy')!r}, 'w').write('x' * 50 + {canary.SENTENCE!r})"
    _, lines = traced([sys.executable, "-c", clear_copy], tmp_path / "trace", {})
    assert any(canary.holds_canary(line.encode()) for line in written(lines)), "the search finds what it must"


def traced(
    command: list[str], log: Path, environment: dict[str, str]
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run under strace; gives the result and every opening and writing, with all that was written."""
    calls = "trace=openat,open,creat,write,pwrite64,writev,pwritev,sendfile,copy_file_range,memfd_create"
    done = subprocess.run(
        ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "1048576", "-e", calls, "-o", log, *command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    return done, log.read_text(errors="replace").splitlines()


def written(lines: list[str]) -> list[str]:
    """Every write but those to pipes, which no disk sees."""
    writes = [line for line in lines if re.search(r"\b(p?writev?(64)?|sendfile|copy_file_range)\(", line)]
    return [line for line in writes if not re.search(r"\(\d+<pipe:", line)]
