"""Runs every test of an instruction and reports each result, only on the operator's own terminal. A report is never stored.

`vault.authorisation.check.check` refuses at the first failed test. This module runs the other tests too, if they can run. The
results name people (the signer, as in the certificate), so no log, ledger entry or exception may hold them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from asn1crypto import x509

from schemas.errors import RepriseError
from vault.authorisation.register import InstructionRegister, Use
from vault.authorisation.signatories import capacity_of, refuse_others_places, signing_of
from vault.authorisation.terms import destination_refusals, recipient_refusals, term_refusals
from vault.home_folder import Home
from vault.instruction.document import Custody, Instruction, parse
from vault.instruction.fields import Problem
from vault.instruction.patient_list import open_list
from vault.pki.cms import Signer
from vault.pki.signature_report import name_in_certificate, signature_tests
from vault.pki.signed_document import Signed
from vault.pki.tested import Tested, failed, not_tested, passed, tried
from vault.pki.trust_store import TrustStore
from vault.system.clock import format_utc

_CODES_BY_TERM = {
    "text": ("text_hides",),
    "validity": ("not_yet_valid", "expired"),
    "custody": ("custody_missing", "custody_without_date", "custody_over"),
    "recipients": ("one_recipient_only", "recipient_not_age", "recovery_key_missing"),
    "staging deadline": ("deadline_above_ceiling",),
}
"""Maps each test of the terms to the codes with which a site refuses."""


@dataclass
class CheckReport:
    """The results of the tests, in their order, and the instruction's id."""

    id: str
    use: Use = Use.INVENTORY  # the first use that is left, if any
    tests: list[Tested] = field(default_factory=list)

    @property
    def refusal(self) -> RepriseError | None:
        """The error of the first failed test."""
        return next((test.error for test in self.tests if test.error is not None), None)

    @property
    def text(self) -> str:
        """The result, and one line for each test."""
        count = sum(test.error is not None for test in self.tests)
        result = "passed" if not count else f"REFUSED: {count} test(s) failed"
        return "\n".join([f"Instruction {self.id}: {result}", *(test.line for test in self.tests)])

    def to_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        result = "passed" if self.refusal is None else "refused"
        return {"authorisation": self.id, "result": result, "tests": [test.to_json() for test in self.tests]}


def examine(signed: Signed, *, home: Home, moment: datetime) -> CheckReport:
    """Run every test that can run. This opens no source, consumes no use and writes nothing."""
    register = InstructionRegister(home, signed.document)
    report = CheckReport(register.id)
    signers = list[Signer]()
    trust = TrustStore.load(home.trust)
    for number, signature in enumerate(signed.signatures, 1):
        tests, signer = signature_tests(signature, trust, trial_home=home.site.trial, moment=moment)
        label = f" {number}" if len(signed.signatures) > 1 else ""
        report.tests += [test.named(f"{test.name}{label}") for test in tests]
        signers += [signer] if signer is not None else []
    parsed = tried("form", partial(parse, signed.document), _form)
    report.tests.insert(0, parsed[0])
    instruction = parsed[1]
    if instruction is not None:
        report.tests += _of_signers(home, instruction, signed, signers, register, moment)
        report.tests += _of_terms(home, instruction, signed, moment)
        report.tests += _of_uses(register, instruction)
        report.use = next((use for use in Use if register.left(instruction, use)), Use.INVENTORY)
    return report


def _form(instruction: Instruction) -> str:
    return f"version {instruction.version}, in {instruction.language}; its readable text is the one that was signed"


def _of_signers(
    home: Home,
    instruction: Instruction,
    signed: Signed,
    signers: list[Signer],
    register: InstructionRegister,
    moment: datetime,
) -> Iterator[Tested]:
    """Test whether the signers may sign: each signer alone, then all together."""
    day = moment.date()
    for signer in signers:
        name = f"may {name_in_certificate(x509.Certificate.load(signer.certificate))} sign"
        act = partial(capacity_of, home, instruction, signer, day)
        yield tried(name, act, lambda capacity: f"enrolled; signs as {', '.join(sorted(capacity.roles))}")[0]
    if len(signers) < len(signed.signatures):
        yield not_tested("all controllers", "a signature above does not hold")
        return
    yield tried(
        "all controllers",
        lambda: signing_of(home, instruction, signers, register, moment, page=signed.pdf is not None),
        lambda pair: f"{len(instruction.controllers)} named, all signed ({pair[1].signature.value})",
    )[0]
    if instruction.version > 1 and signed.pdf is not None and signers:
        yield tried(
            "places on the page",
            lambda: refuse_others_places(home, instruction, signed, signers, day),
            lambda _: "each signature stands in its signer's own box",
        )[0]


def _of_terms(home: Home, instruction: Instruction, signed: Signed, moment: datetime) -> Iterator[Tested]:
    refused = list(term_refusals(instruction, home.site, moment))
    until = format_utc(instruction.valid_until)
    yield _term("validity", refused, f"{format_utc(instruction.valid_from)} to {until}")
    if instruction.hides:
        yield _term("text", refused, "")
    yield _term(
        "custody",
        refused,
        f"export {_held(instruction.source_custody)}; package {_held(instruction.package_custody)}",
    )
    hours = instruction.staging_deadline_hours
    yield _term("staging deadline", refused, f"{hours} h; this site allows {home.site.ceiling_hours} h")
    recipients = [*refused, *recipient_refusals(home, instruction)]
    known = ("recipient_not_proven", "recipient_role_differs")
    roles = ", ".join(instruction.recipient_roles)
    yield _term("recipients", recipients, f"{roles}: each key proven by its holder", known)
    yield _first("destination", destination_refusals(home, instruction.destination), instruction.destination)
    yield passed("kinds of records", ", ".join(sorted(instruction.kinds)))
    yield tried("patients", lambda: _patients(home, instruction, signed), str)[0]


def _of_uses(register: InstructionRegister, instruction: Instruction) -> Iterator[Tested]:
    yield tried("not withdrawn", register.refuse_withdrawn, lambda _: "no withdrawal is recorded here")[0]
    granted = [use for use in Use if instruction.uses[use.value] > 0]
    refusals = dict[Use, RepriseError]()
    for use in granted:
        try:
            register.check_use(instruction, use)
        except RepriseError as refusal:
            refusals[use] = refusal
    words = ", ".join(
        f"{use.value} {register.left(instruction, use)} of {instruction.uses[use.value]}" for use in granted
    )
    if granted and len(refusals) == len(granted):
        yield failed("uses left", refusals[granted[0]], words)
    else:
        yield passed("uses left", words)


def _term(name: str, refused: Iterable[Problem], detail: str, further: tuple[str, ...] = ()) -> Tested:
    codes = (*_CODES_BY_TERM.get(name, ()), *further)
    return _first(name, [problem for problem in refused if _code(problem) in codes], detail)


def _first(name: str, refused: Iterable[Problem], detail: str) -> Tested:
    for problem in refused:
        if problem.error is not None:
            return failed(name, problem.error, problem.line)
    return passed(name, detail)


def _code(problem: Problem) -> str:
    return problem.error.code if problem.error is not None else ""


def _held(custody: Custody | None) -> str:
    if custody is None:
        return "held by nobody named"
    return f"held by the {custody.holder}" + (f" until {custody.until}" if custody.until else "")


def _patients(home: Home, instruction: Instruction, signed: Signed) -> str:
    rule = instruction.patients
    if rule["mode"] == "list":
        return f"a sealed list of {len(open_list(home, signed.patients, str(rule['list_sha256']))):,}"
    return "all" if rule["mode"] == "all" else f"seen since {rule['since']}"
