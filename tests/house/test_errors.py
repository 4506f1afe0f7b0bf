"""Every error: documented, with its own exit code range, and unable to carry a patient's data."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer

from connectors.destinations import folder
from connectors.destinations.line import Fault
from flows.cli import app
from flows.commands.host import FindingError
from flows.views.status import _ALARMS
from schemas import errors
from schemas.advice import ADVICE, CLASS_WORDS_FIT, words_of
from schemas.errors import FACTS, RepriseError
from vault.diagnostics.findings import CATALOGUE, Finding, Severity
from vault.pki.cms import _TRUST_CODES

ROOT = Path(__file__).resolve().parents[2]
CLASSES = sorted(
    (c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, RepriseError)),
    key=lambda c: c.__name__,
)
INTAKE = ("intake_of_another", "intake_spent", "intake_key_gone", "intake_unknown", "intake_does_not_fit")
FAULTS = (
    "unknown_file", "file_missing", "log_shorter_than_head", "log_differs_from_head", "head_of_another_log", "origin_differs",
    "root_differs", "tree_note_malformed", "tree_note_differs", "checkpoint_older_than_log", "tile_missing", "tile_differs",
    "entry_malformed", "run_number_gap", "started_twice", "run_without_start", "run_without_authorisation", "destroyed_twice",
    "run_goes_on_after_its_end", "run_overdue", "proof_does_not_verify", "proof_not_issued", "use_exceeded",
)  # fmt: skip
"""What `vault.ledger.audit`, `vault.ledger.completeness` and `vault.proof.issued` find."""
CANARY = "Übermüller-Canary 85.07.30-033.28"


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_no_fact_can_quote_a_patient(kind: type[RepriseError]) -> None:
    error = kind("some_code", **dict.fromkeys(sorted(FACTS - {"code"}), CANARY))
    shown = f"{error} {error!r} {error.to_json()} {error.args}"
    assert "Canary" not in shown
    assert "withheld" in shown


@pytest.mark.parametrize("kind", CLASSES, ids=lambda c: c.__name__)
def test_every_error_is_in_the_table_of_exit_codes(kind: type[RepriseError]) -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert f"| {kind.exit_code} | `{kind.__name__}` | {kind('x').summary} | {kind.advice} |" in page


@cache
def raised() -> tuple[tuple[str, str, str, str], ...]:
    return tuple(_raised())


def _raised() -> Iterator[tuple[str, str, str, str]]:
    """Class, code, file and the code's expression of each error that is made anywhere; of a computed one an empty code."""
    names = {kind.__name__ for kind in CLASSES} | {"Stopped"}
    for top in ("schemas", "connectors", "vault", "trial", "flows", "dashboard"):
        for path in sorted((ROOT / top).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                    for value in either(node.args[0]):
                        code = value.value if isinstance(value, ast.Constant) else ""
                        yield node.func.id, code, str(path.relative_to(ROOT)), ast.unparse(value)


def either(value: ast.expr) -> list[ast.expr]:
    if isinstance(value, ast.IfExp):
        return [*either(value.body), *either(value.orelse)]
    return [value]


COMPUTED: dict[tuple[str, str], tuple[str, ...]] = {
    ("connectors/destinations/folder.py", "code"): (*folder.CODES.values(), "destination_unusable"),
    ("flows/package/_import_folder.py", "code"): ("disk_full", "into_unusable"),
    ("connectors/destinations/line.py", "fault.value"): tuple(f.value for f in Fault if f is not Fault.FAILED),
    ("connectors/inventory/facts/tiles.py", "code"): (),  # of an UnexplainedUnitError, whose words fit each
    ("flows/commands/proof.py", "faults[0]"): FAULTS,
    ("flows/session/coded_errors.py", "_NO_FILE[error.errno]"): ("file_missing", "file_is_a_folder"),
    ("flows/admin/erasure.py", "code"): (
        "operator_acts", "run_alive", "retention_not_over", "copy_held", "attester_needed",
    ),
    ("flows/admin/backup.py", "faults[0]"): FAULTS,
    ("vault/proof/folder.py", "fault.code"): (
        "link_in_folder", "empty_folder_inside", "folder_too_large", "no_manifest",
    ),
    ("flows/engine/contract_process.py", "broken[0].id"): (),  # a contract, by its name
    ("flows/engine/contract_process.py", "twice[0].id"): (),
    ("connectors/sources/kmehr/_stream.py", "code"): ("cut_short", "not_well_formed"),
    ("flows/steps/inventory.py", "first.damaged or 'unreadable'"): (
        "unreadable", "not_well_formed", "cut_short", "encrypted_folder", "unit_too_large", "attachment_too_large",
        "too_deep", "base64_invalid", "unreadable_file",
    ),
    ("flows/engine/_lease.py", "min(undeclared)"): ("swap_on",),
    ("flows/steps/reconcile.py", "'rule_' + code"): (),  # of a CountMismatchError, whose words fit each
    ("flows/steps/_ceilings.py", "f'too_many_{disposition.value}'"): ("too_many_degraded", "too_many_quarantined"),
    ("vault/records/attestation.py", "refusal"): ("verification_unknown", "role_unknown", "basis_unknown", "evidence_unknown"),
    ("vault/records/destinations.py", "code"): ("identity_not_usable", "identity_needs_passphrase"),
    ("vault/intake/record.py", "code"): INTAKE,
    ("vault/intake/record.py", "most_specific(codes)"): INTAKE,
    ("vault/system/locks.py", "busy"): ("doctor_busy", "intakes_busy", "custody_busy"),
    ("vault/pki/pkcs11.py", "problem"): (
        "token_failed", "token_key_missing", "token_pin_wrong", "token_pin_locked", "token_library_unusable",
        "token_not_found",
    ),
    ("vault/home/restore.py", "faults[0]"): FAULTS,
    ("vault/intake/sealed_source.py", "most_specific(codes)"): INTAKE,
    ("vault/pki/cms.py", "_validity(certificate, moment) or code"): (
        *_TRUST_CODES.values(), "revocation_missing", "signer_not_yet_valid",
    ),
    ("vault/pki/cms.py", "code"): ("signer_expired", "signer_not_yet_valid"),
    ("vault/pki/cms.py", "dated"): ("signer_expired", "signer_not_yet_valid"),
    ("vault/authorisation/signatories.py", "_why_none(instruction, record, day)"): (
        "wrong_signer", "mandate_ended", "mandate_missing", "mandate_expired", "mandate_of_another",
    ),
}  # fmt: skip
"""Errors whose code is no literal: by file and expression, the codes that it can be."""


def test_each_code_raised_anywhere_was_thought_about():
    """A new code gets words of its own in `schemas/advice_*.py`, or its class's are read and it stands in CLASS_WORDS_FIT."""
    without = []
    for kind, code, path, expression in raised():
        codes = COMPUTED.get((path, expression)) if not code else (code,)
        if codes is None:
            without += [f"{path}: the codes of {kind}({expression}) are not listed in COMPUTED"]
            continue
        for one in codes:
            if words_of(kind, one) is None and one not in CLASS_WORDS_FIT.get(kind, ()):
                without.append(f"{path}: {kind}({one!r})")
    assert not without, "\n".join(sorted(set(without)))


def test_no_alarm_of_a_home_and_no_failed_finding_is_without_words():
    assert all(words_of(kind.__name__, code) for code, kind in _ALARMS.items())
    for code, (area, severity, meaning, remedy) in CATALOGUE.items():
        if severity is Severity.FAIL:
            said = FindingError(Finding(area, code, severity.value, meaning, remedy), 2)
            assert said.message == f"{meaning} [{code} count=2]"
            assert said.advice == remedy


def test_words_are_sentences_and_none_is_left_over():
    made = (
        {code for _, code, _, _ in raised()}
        | {c for codes in COMPUTED.values() for c in codes}
        | set(_ALARMS)
    )
    literals = {
        node.value
        for top in ("flows", "trial", "vault")
        for path in (ROOT / top).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for key, (headline, advice) in ADVICE.items():
        code = key.rpartition(".")[2]
        assert code in made | literals, f"nobody raises {key}"
        assert headline[0].isupper(), key
        assert (headline[-1], advice[-1]) == (".", "."), key
        assert not re.search(r"\bred\b|publish|\btells\b|\bdies?\b", headline + advice), key
    for kind, codes in CLASS_WORDS_FIT.items():
        assert kind in {c.__name__ for c in CLASSES}
        assert not {code for code in codes if words_of(kind, code)}, "its own words are said"


def test_every_command_that_advice_names_exists():
    """Advice that sends somebody to a command that is not there is worse than none."""
    texts = [*(text for pair in ADVICE.values() for text in pair), *(kind.advice for kind in CLASSES)]
    named = {words for text in texts for words in re.findall(r"`reprise ([a-z][a-z -]*[a-z])", text)}
    assert len(named) > 20
    whole = typer.main.get_command(app)
    for words in named:
        command = whole
        for word in words.split():
            if not hasattr(command, "commands"):
                break  # a word that stands for an argument
            assert word in command.commands, words
            command = command.commands[word]


@pytest.mark.parametrize("code", ADVICE)
def test_a_code_with_words_of_its_own_says_them_and_is_on_the_page(code: str) -> None:
    name, _, bare = code.rpartition(".")
    kind = next((c for c in CLASSES if c.__name__ == name), RepriseError)
    said = kind(bare).to_json()
    assert str(said["message"]).startswith(ADVICE[code][0])
    assert said["advice"] == ADVICE[code][1]
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    assert f"| `{code}` | {ADVICE[code][0]} | {ADVICE[code][1]} |" in page


def test_unknown_facts_are_refused() -> None:
    with pytest.raises(TypeError):
        RepriseError("x", name="a")
