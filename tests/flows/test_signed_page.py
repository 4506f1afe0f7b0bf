"""A whole migration under a page that the doctor signed: from the draft to a proof folder that holds the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.whole_run import WholeRun

from trial.home import P12_PASSWORD as PASSWORD
from trial.practice.write import write_practice

pytestmark = pytest.mark.slow


def test_a_migration_under_a_signed_page(tmp_path):
    write_practice(tmp_path / "export", patients=5)
    case = WholeRun(tmp_path / "trial", tmp_path / "export")
    plain, page = Path(case.made["authorisation"]), case.folder / "instruction.pdf"
    drafted = case.folder / "again.json"
    done = case.reprise("authorise", "draft", str(plain), "--to", str(page), "--to", str(drafted))
    assert done.returncode == 0 and "Finalité" in done.stdout, done.stderr
    assert drafted.read_bytes() == plain.read_bytes()

    unsigned = case.reprise("authorise", "check", str(page))
    assert unsigned.returncode == 10 and "signature_missing" in unsigned.stderr
    words = ["authorise", "sign", str(page), "--p12", str(case.folder / "doctor.p12")]
    assert case.reprise(*words, REPRISE_P12_PASSWORD=PASSWORD).stdout == "signed: instruction.pdf\n"
    signed = page.read_bytes()
    again = case.reprise(*words, REPRISE_P12_PASSWORD=PASSWORD)
    assert again.returncode == 10 and "page_is_signed" in again.stderr and "--as" not in again.stderr
    assert page.read_bytes() == signed

    page.write_bytes(signed + b"\n")
    order = [case.made["source"], "--authorisation", str(page), "--to", str(case.destination)]
    refused = case.reprise("migrate", *order)
    assert refused.returncode == 10 and "document_altered" in refused.stderr
    page.write_bytes(signed)

    assert case.reprise("authorise", "check", str(page)).returncode == 0
    recorded = case.reprise("authorise", "record", str(page)).stdout.strip()
    assert "Finalité" in case.reprise("authorise", "show", recorded).stdout
    page.unlink()
    result = case.start(authorisation=recorded)  # by its id: from the evidence that was kept
    assert result.state == "certified" and case.content()
    case.nothing_left()
    proof = case.home / "runs" / case.run_id / "proof" / "authorisation"
    assert (proof / "instruction.pdf").read_bytes() == signed
    assert (proof / "instruction.json").read_bytes() == plain.read_bytes()
    assert not list(proof.glob("*.p7s"))
