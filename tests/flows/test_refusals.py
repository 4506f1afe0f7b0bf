"""Refusals on the command line, under strace: the source's bytes are never asked for, and the ledger knows.

What strace sees is the kernel's truth: no call of the program or its children opens or reads a file of the source.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.former import draft_1
from support.whole_run import WholeRun

from trial import home as trial
from trial.authority import TrialAuthority, sign_cades
from trial.doctors import enrol_doctor
from vault.age.sealing import make_identity
from vault.authorisation.check import withdraw
from vault.home_folder import Home
from vault.instruction.document import draft
from vault.instruction.patient_list import home_recipient, seal_list
from vault.ledger.home_log import open_store
from vault.runs.lease import list_runs
from vault.runs.run_lock import lock_run
from vault.system.clock import SystemClock, format_utc

OTHER_INSS, PATIENT = "73102516311", "03022801131"
NOW = SystemClock().now()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing"),
]


def ago(days: int) -> str:
    return format_utc(NOW - timedelta(days=days))


class Case(WholeRun):
    """A trial whose authority is at hand, to sign what is wrong."""

    def __init__(self, folder: Path, source: Path, monkeypatch: Any, **terms: Any) -> None:
        made: list[TrialAuthority] = []
        monkeypatch.setattr(trial, "TrialAuthority", lambda: made.append(TrialAuthority()) or made[0])
        super().__init__(folder, source, **terms)
        (self.authority,) = made
        self.document = Path(self.made["authorisation"])
        self.signature = self.document.with_name(self.document.name + ".p7s")
        self.inss = trial.party_of(source).inss

    def sign(self, signer: Any, authority: TrialAuthority | None = None) -> None:
        self.signature.write_bytes(
            sign_cades(self.document.read_bytes(), signer, authority or self.authority)
        )

    def change(self, **terms: Any) -> None:
        fields = {
            k: v for k, v in json.loads(self.document.read_bytes()).items() if k != "readable_text_sha256"
        }
        self.document.write_bytes(draft({**fields, **terms}))

    def change_1(self, **terms: Any) -> None:
        """The instruction in version 1, which closed no field, with these terms, signed."""
        self.document.write_bytes(draft_1({**json.loads(self.document.read_bytes()), **terms}))
        self.sign(self.authority.signer(self.inss, "N"))


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def other_signer(case: Case) -> None:
    enrol_doctor(
        Home(case.home),
        inss=OTHER_INSS,
        nihii=("19999999004",),
        name="N",
        attested_by=trial.OPERATORS,
        basis="trial",
    )
    case.sign(case.authority.signer(OTHER_INSS, "N"))


def unknown_root(case: Case) -> None:
    stranger = TrialAuthority("Stranger")
    case.sign(stranger.signer(case.inss, "N"), stranger)


def real_home(case: Case) -> None:
    path = case.home / "site.toml"
    path.write_text(path.read_text().replace("trial = true", "trial = false"))


def use_up(case: Case) -> None:
    case.start()
    shutil.rmtree(case.destination)


def withdrawn(case: Case) -> None:
    done = case.reprise("authorise", "record", str(case.document))
    withdraw(Home(case.home), done.stdout.strip(), {})


def one_recipient(case: Case) -> None:
    case.change_1(recipients=[{"role": "practice", "age": make_identity()[1]}])


def no_custody(case: Case) -> None:
    case.change_1(custody={"source": None, "package": None})


def hiding(case: Case) -> None:
    case.change_1(processor="Reprise\nUses: none")


def unproven(case: Case) -> None:
    case.change(recipients=[{"role": r, "age": make_identity()[1]} for r in ("practice", "recovery")])
    case.sign(case.authority.signer(case.inss, "N"))


def other_list(case: Case) -> None:
    case.change(patients={"mode": "list", "list_sha256": "0" * 64})
    case.sign(case.authority.signer(case.inss, "N"))
    sealed, _ = seal_list([OTHER_INSS], home_recipient(Home(case.home)))
    case.document.with_name(case.document.name + ".patients.age").write_bytes(sealed)


CRL = "trust/crls/trial-citizen.crl"
# name: (exit code, code, what is done to the trial, or terms of the instruction, or options of the command)
CASES: dict[str, tuple[int, str, Any]] = {
    "altered document": (10, "document_altered", lambda c: c.change(processor="other")),
    "altered signature": (10, "signature_", lambda c: flip(c.signature, len(c.signature.read_bytes()) - 9)),
    "no signature": (10, "signature_missing", lambda c: c.signature.unlink()),
    "other signer": (10, "wrong_signer", other_signer),
    "signer not enrolled": (10, "signer_not_enrolled", lambda c: c.sign(c.authority.signer(OTHER_INSS, "N"))),
    "unknown root": (11, "unknown_root", unknown_root),
    "trial root in a real home": (11, "trial_root", real_home),
    "expired": (10, "expired", {"valid_from": ago(9), "valid_until": ago(1)}),
    "not yet valid": (10, "not_yet_valid", {"valid_from": ago(-1)}),
    "revoked": (
        11,
        "signer_revoked",
        lambda c: (
            c.sign(revoked := c.authority.signer(c.inss, "N")),
            (c.home / CRL).write_bytes(c.authority.crl((revoked,))),
        ),
    ),
    "revocation list missing": (11, "revocation_missing", lambda c: (c.home / CRL).unlink()),
    "revocation list stale": (
        11,
        "revocation_stale",
        lambda c: (c.home / CRL).write_bytes(c.authority.crl(days=-1, since_days=60)),
    ),
    "wrong key usage": (
        11,
        "key_usage",
        lambda c: c.sign(c.authority.signer(c.inss, "N", usage="digital_signature")),
    ),
    "use exhausted": (13, "use_exhausted", use_up),
    "no such use": (13, "use_exhausted", {"uses": {"inventory": 1, "rehearsal": 1, "migration": 0, "delta": 0}}),
    "one recipient only": (12, "one_recipient_only", one_recipient),
    "other recipient": (
        10,
        "document_altered",
        lambda c: c.change(recipients=[{"role": r, "age": make_identity()[1]} for r in ("practice", "recovery")]),
    ),
    "recipient not proven": (12, "recipient_not_proven", unproven),
    "other destination": (12, "other_destination", ["--to", "elsewhere"]),
    "no operator": (14, "no_operator", ["--operator", ""]),
    "unknown operator": (14, "operator_not_enrolled", ["--operator", "nobody"]),
    "no custody stated": (10, "custody_missing", no_custody),
    "text that hides": (10, "text_hides", hiding),
    "deadline above the ceiling": (15, "deadline_above_ceiling", {"staging_deadline_hours": 73}),
    "withdrawn": (10, "withdrawn", withdrawn),
    "patient list missing": (10, "patient_list_missing", {"patients": {"mode": "list", "list_sha256": "0" * 64}}),
    "patient list of another": (10, "patient_list_differs", other_list),
}  # fmt: skip


def traced(case: Case, trace: Path, options: list[str]) -> subprocess.CompletedProcess[str]:
    values = {
        "--to": case.made["destination"],
        "--operator": "trial",
        **dict(zip(options[::2], options[1::2], strict=True)),
    }
    command = [
        Path(sys.executable).with_name("reprise"), "migrate", case.made["source"], "--json",
        "--home", str(case.home), "--authorisation", case.made["authorisation"],
        *[word for pair in values.items() for word in pair],
    ]  # fmt: skip
    calls = "trace=open,openat,openat2,creat,read,pread64,readv,preadv,mmap,execve,clone,clone3,fork,vfork,execveat"
    environment = {k: v for k, v in os.environ.items() if k != "REPRISE_OPERATOR"}
    # A file a thread: in one file calls of others cut a call in two.
    done = subprocess.run(
        ["strace", "-ff", "--seccomp-bpf", "-qq", "-y", "-e", calls, "-o", trace, *command],
        capture_output=True, text=True, check=False, env=environment, timeout=300,
    )  # fmt: skip
    trace.write_bytes(b"".join(part.read_bytes() for part in sorted(trace.parent.glob(f"{trace.name}.*"))))
    return done


def touches(trace: Path, source: Path) -> list[str]:
    """The traced calls that name a file of the source, by path or by descriptor."""
    return [
        line
        for line in trace.read_text(errors="replace").splitlines()
        if str(source) in line and "execve" not in line
    ]


def last_entry(home: Path, before: int = 0) -> dict[str, Any]:
    """The last entry, or the one so many before it."""
    store = open_store(Home(home))
    size = store.head().size - before
    return dict(json.loads(store.read(size - 1, size)[0])) if size > 0 else {}


@pytest.fixture
def source(shared, tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "1.xml").write_bytes((shared / "samples/kmehr/_ours/smf_reference.xml").read_bytes())
    return folder


@pytest.mark.parametrize("name", CASES)
def test_refused_before_any_byte_of_the_source(name, source, tmp_path, monkeypatch):
    exit_code, code, change = CASES[name]
    case = Case(tmp_path / "trial", source, monkeypatch, **(change if isinstance(change, dict) else {}))
    if callable(change):
        change(case)
    done = traced(case, tmp_path / "trace", change if isinstance(change, list) else [])
    assert done.returncode == exit_code, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert re.match(code, told["error"]), told
    assert told["advice"]
    assert touches(tmp_path / "trace", source) == []
    entry = last_entry(case.home)
    assert (entry["type"], entry["code"]) == ("authorisation.refused", told["error"])
    assert not list((case.home / "staging").iterdir())
    assert not case.destination.exists() or not list(case.destination.iterdir())


def test_the_trace_sees_the_source_of_a_run_that_is_allowed(source, tmp_path, monkeypatch):
    case = Case(tmp_path / "trial", source, monkeypatch)
    assert traced(case, tmp_path / "trace", []).returncode == 0
    assert touches(tmp_path / "trace", source)


def test_two_runs_of_one_doctor(source, tmp_path, monkeypatch):
    case = Case(tmp_path / "trial", source, monkeypatch)
    case.start(use="rehearsal")
    with lock_run(Home(case.home), list_runs(Home(case.home))[0].persons):
        done = traced(case, tmp_path / "trace", [])
    assert done.returncode == 16, done.stderr
    assert touches(tmp_path / "trace", source) == []
    assert last_entry(case.home)["code"] == "doctor_busy"


AFTER_HEADER = {
    "other source system": ("other_source_system", {"source_system": "another system"}),
    "other controller": ("other_controller", None),
}


@pytest.mark.parametrize("name", AFTER_HEADER)
def test_refused_after_the_header_alone(name, source, tmp_path, monkeypatch):
    code, terms = AFTER_HEADER[name]
    pad(source / "1.xml", 8 << 20)
    if terms is None:  # the export of another doctor than the one who signs
        monkeypatch.setattr(trial, "party_of", lambda _: trial.TrialParty(OTHER_INSS, "19999999004", "", ""))
    case = Case(tmp_path / "trial", source, monkeypatch, **(terms or {}))
    done = traced(case, tmp_path / "trace", [])
    assert done.returncode == 12, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["error"] == code
    read = sum(
        int(n)
        for n in re.findall(
            rf"read\(\d+<{re.escape(str(source))}/.*= (\d+)$",
            (tmp_path / "trace").read_text(errors="replace"),
            re.MULTILINE,
        )
    )
    assert 0 < read < 1 << 20
    entries = [last_entry(case.home, before=1), last_entry(case.home)]
    assert [entry["code"] for entry in entries] == ["refused_after_header", "issued"]
    assert not list(case.destination.iterdir())
    case.nothing_left()


def pad(path: Path, size: int) -> None:
    """Make the export long, so that a look at its head is told from a reading of it."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("</folder>", "</folder>" + " " * size, 1), encoding="utf-8")


SCOPES = {
    "kind": ({"kinds": ["lab_results"]}, "out_of_scope"),
    "patient": ([OTHER_INSS], "out_of_scope"),
    "listed": ([OTHER_INSS, PATIENT], "delivered"),
    "responsible doctor": ({"responsible": {"mode": "controllers"}}, "out_of_scope"),
}


@pytest.mark.parametrize("name", SCOPES)
def test_out_of_scope_is_a_disposition(name, source, tmp_path, monkeypatch):
    terms, disposition = SCOPES[name]
    if name == "responsible doctor":
        path = source / "1.xml"
        head, author, rest = path.read_text(encoding="utf-8").partition("<author>")
        path.write_text(head + author + rest.replace("19999054004", "18888054004"), encoding="utf-8")
    if isinstance(terms, list):
        path = source / "1.xml"
        path.write_text(path.read_text(encoding="utf-8").replace("00000000392", PATIENT), encoding="utf-8")
    case = Case(tmp_path / "trial", source, monkeypatch, **(terms if isinstance(terms, dict) else {}))
    if isinstance(terms, list):
        sealed, digest = seal_list(terms, home_recipient(Home(case.home)))
        case.change(patients={"mode": "list", "list_sha256": digest})
        case.sign(case.authority.signer(case.inss, "N"))
        case.document.with_name(case.document.name + ".patients.age").write_bytes(sealed)
    done = case.start()
    assert done.dispositions[disposition] > 0
    # A comment before the first patient may speak of anybody.
    assert done.dispositions["quarantined"] == (0 if isinstance(terms, list) else 1)
    if name == "patient":
        assert done.dispositions["delivered"] == 0
        assert sum(done.counts["extract"]["rows"].get(t, 0) for t in ("patient", "unit")) == 0
    case.nothing_left()
