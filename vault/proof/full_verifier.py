"""The checks that `reprise verify` adds to the stand-alone verifier: signatures, signers, time stamps, and the page's layout.

The user supplies the roots; the folder never does. The folder supplies only data that need no trust: intermediates, and
revocation lists, which are signed. Signatures are checked for the time in the ledger's entry of the authorisation's check.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from asn1crypto import crl, ocsp, pem, x509

from schemas.errors import LedgerError, RefusedError, TrustError
from schemas.regular_file import read_regular
from schemas.texts import section
from vault.authorisation.agreement import check_agreement
from vault.authorisation.register import PAGE
from vault.instruction.acceptance import accepted_as_json, accepted_on_page
from vault.instruction.document import parse
from vault.instruction.signed_page import open_pdf
from vault.pki.cms import Signer, check_signature
from vault.pki.signed_document import Signature
from vault.pki.timestamps import verify_stamp
from vault.pki.trust_store import TrustStore
from vault.proof.certificate import build_certificate, layout, layout_of
from vault.system.clock import format_utc, parse_utc
from vault.verify import (
    ACCEPTANCE,
    ACCEPTS,
    FOLDER,
    NEVER,
    PAGES,
    RUN,
    SIGNATURE,
    SIGNERS,
    Facts,
    Fault,
    Files,
    Report,
    canonical,
    verify,
)

NO_ROOTS = (
    "the signatures over the instruction: recorded as checked, not checked here, for no roots were given. Get the root"
    " certificates of the authority that issued the signer's certificate, and give them: --roots."
)
NO_TSA_ROOTS = "whose it is was not checked here, for no roots were given: --tsa-roots."
OTHER_LAYOUT = (
    "the page and the paper (certificate.html, .pdf): another release laid them out, or they say so. certificate.json is"
    " checked."
)
ENROLMENT = (
    "that the number in the signer's certificate and the INAMI numbers in the instruction belong to one person: two"
    " operators attested it at the site, and the signature cannot show it."
)
INTENT = "that the signer read and understood what they signed, or held their card themselves."


@dataclass
class Finding:
    """The result of the full verifier, for a person and for a program."""

    exit: int
    verdict: str
    run: str | None = None
    outcome: str | None = None
    trial: bool | None = None
    version: int | None = None
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    not_provable: list[str] = field(default_factory=list)
    file: str | None = None  # the file of the folder that caused a refusal, if one did

    @property
    def words(self) -> list[str]:
        """The result as lines of ASCII text, for a terminal."""
        if self.run is None:
            return [*([f"In the file {self.file}"] if self.file else []), self.verdict]
        lines = [f"Run {self.run}: {self.outcome}"]
        for title, statements in (
            ("Checked here:", self.checked),
            ("Not checked here:", self.not_checked),
            ("Not provable, by this or anything:", self.not_provable),
        ):
            lines += [title, *(f"  - {line}" for line in statements)] if statements else []
        return [ascii(line)[1:-1] for line in (*lines, self.verdict)]


def verify_fully(
    folder: Path | Files, policy: str | None, roots: list[bytes], tsa_roots: list[bytes]
) -> Finding:
    """Run all checks for which the input suffices. The exit codes are those of the stand-alone verifier (91: refused).

    Raises TrustError (trust_material_malformed) for invalid roots.
    """
    reports: list[Report] = []
    given = _certificates(roots)

    def further(files: Files, report: Report) -> None:
        _pages(files, report)
        check_agreement(files, report)
        _stamps(files, report, tsa_roots, parse_utc(str(_checked(report)["at"])))
        _signatures(files, report, given)
        _acceptance(files, report, given)
        reports.append(report)

    code, words = verify(folder, policy, further)
    if not reports or code not in (0, 92):
        place = words[:-1] if not reports else []
        return Finding(code, words[-1], file=place[0].rpartition(" ")[2] if place else None)
    report = reports[0]
    return Finding(
        code,
        words[-1],
        report.run,
        _outcome(report.certificate),
        report.trial,
        report.version,
        report.checked,
        report.unchecked,
        [NEVER, *([ENROLMENT, INTENT] if report.signed else [])],
    )


def _outcome(certificate: Facts) -> str:
    """Return the run's outcome in this release's words for the recorded cause, or in the folder's words for an unknown cause."""
    outcomes = section("en", "certificate.outcome")
    return outcomes.get(certificate["destruction"]["cause"], str(certificate["outcome"]))


def _checked(report: Report) -> Facts:
    """Return the entry of the authorisation's check."""
    return next(entry for _, entry in report.entries if entry["type"] == "authorisation.checked")


def _replace(report: Report, line: str, *others: str) -> None:
    """Replace a line of `unchecked` by other lines, or remove it if there are none."""
    index = report.unchecked.index(line)
    report.unchecked[index : index + 1] = others


def _pages(files: Files, report: Report) -> None:
    """Check that page and PDF equal the layout of this release, or report that another release made them."""
    try:
        expected = build_certificate(report.certificate)
    except (LookupError, TypeError, ValueError, AttributeError):
        expected = {}  # of another release, with codes that have no texts here
    names = ("certificate.html", "certificate.pdf")
    differ = [name for name in names if files[name] != expected.get(name)]
    layouts = {layout_of(files[name]) for name in differ}
    of_one_other = differ == list(names) and len(layouts) == 1  # both are laid out by the same other release
    if differ and (not of_one_other or layout() in layouts or (None in layouts and report.version > 1)):
        raise Fault("page_of_another_certificate")
    if differ:
        _replace(report, PAGES, OTHER_LAYOUT)
        return
    _replace(report, PAGES)
    report.checked.append("The page and the paper are what certificate.json makes, to the byte.")


def _signatures(files: Files, report: Report, roots: tuple[x509.Certificate, ...]) -> None:
    """Check every signature over the instruction and its signer, or report why none was checked."""
    if not report.signed or report.kind == "handwritten":
        return
    if not roots:
        _replace(report, SIGNATURE, NO_ROOTS)
        return
    moment = parse_utc(str(_checked(report)["at"]))
    try:
        signed, trust = signatures_in(files), _trust(files, roots, FOLDER)
        signers = [_check(signature, trust, report, moment) for signature in signed]
    except RefusedError as refusal:
        raise Fault(refusal.code) from None
    if not signed:
        raise Fault("signature_missing")
    _replace(report, SIGNATURE)
    listed = len(trust.crls) + len(trust.ocsps)
    report.checked.append(
        f"The instruction carries {len(signed)} signature(s): over it unaltered, each by a certificate that leads to a root"
        f" you gave, allowed to sign, valid and not revoked at {moment:%Y-%m-%d %H:%M} UTC by {listed} revocation list(s) or"
        " answer(s) of the folder."
    )
    rows = _rows(files, report, signers)
    report.checked += [_words_on(signer, rows.get(_fingerprint(signer))) for signer in signers]


def _check(signature: Signature, trust: TrustStore, report: Report, moment: datetime) -> Signer:
    trial = bool(report.certificate["trial"])
    return check_signature(signature.over, signature.cms, trust, trial_home=trial, moment=moment)


def _rows(files: Files, report: Report, signers: list[Signer]) -> dict[str, Facts]:
    """Return the row of `signers.json` for each certificate, by its digest; {} if the ledger does not commit to the rows.

    Raises Fault if a signer or a named doctor has no row.
    """
    if not report.bound:
        return {}
    rows = list(canonical(files[SIGNERS])["signers"])
    if sorted(map(_fingerprint, signers)) != sorted(row["certificate_sha256"] for row in rows):
        raise Fault("signer_not_the_recorded_one")
    if not _controllers(files) <= {number for row in rows for number in row["numbers"]}:
        raise Fault("controller_not_spoken_for")
    return {row["certificate_sha256"]: row for row in rows}


def _controllers(files: Files) -> set[str]:
    """Return the first eight digits of the INAMI numbers of the doctors whom the instruction names."""
    named = parse(files[f"{FOLDER}instruction.json"]).controllers
    return {controller.nihii[:8] for controller in named}


def _fingerprint(signer: Signer) -> str:
    return sha256(signer.certificate).hexdigest()


def _words_on(signer: Signer, row: Facts | None) -> str:
    subject = x509.Certificate.load(signer.certificate).subject.native
    words = f'A signature by "{subject.get("common_name")}", certificate SHA-256 {_fingerprint(signer)}'
    if row is None:
        return f"{words}. Whether that is whom it had to be, this folder does not bind."
    roles, numbers = ", ".join(row["capacities"]), ", ".join(row["numbers"])
    return f"{words}, enrolled as INAMI {numbers} ({roles}): two operators of the site attest that."


def _acceptance(files: Files, report: Report, roots: tuple[x509.Certificate, ...]) -> None:
    """Check that a controller signed the acceptance of the parts that this run delivered, or report why this was not checked."""
    if not report.accepted or not report.signed:
        return
    signature = _acceptance_in(files, report)
    if signature is None:
        if roots or report.version > 1:
            raise Fault("acceptance_missing")
        return
    if not roots:
        _replace(report, ACCEPTS, f"{ACCEPTS} Give roots: --roots.")
        return
    (entry,) = [e for _, e in report.entries if (e["type"], e["code"]) == ("import.confirmed", "accepted")]
    moment = parse_utc(str(entry["at"]))
    prefix = f"{ACCEPTANCE}-" if "acceptance" in entry["c"] else FOLDER
    try:
        signer = _check(signature, _trust(files, roots, prefix), report, moment)
    except RefusedError as refusal:
        raise Fault(refusal.code) from None
    row = None
    if "acceptance" in entry["c"]:
        row = canonical(files[f"{ACCEPTANCE}-signer.json"])
        if row["certificate_sha256"] != _fingerprint(signer):
            raise Fault("signer_not_the_recorded_one")
        if not _controllers(files) & set(row["numbers"]):
            raise Fault("controller_not_spoken_for")
    _replace(report, ACCEPTS)
    report.checked.append(f"What was delivered was accepted, with its digests. {_words_on(signer, row)}")


def _acceptance_in(files: Files, report: Report) -> Signature | None:
    """Return the signature over the acceptance of this run, on its page or beside the JSON; None if there is no signature."""
    document, p7s, page = (files.get(f"{ACCEPTANCE}{end}") for end in (".json", ".json.p7s", ".pdf"))
    if document is None or (p7s is None) == (page is None):
        return None
    parts = report.statements[RUN][1]["parts"]
    if page is None:
        _demand_acceptance(document, accepted_as_json(report.run, parts))
        return Signature(document, p7s or b"")
    order = parse(files[f"{FOLDER}instruction.json"])
    expected = accepted_on_page(report.run, parts, processor=order.processor, language=order.language)
    try:
        signed = open_pdf(page)
    except RefusedError as refusal:
        raise Fault(refusal.code) from None
    _demand_acceptance(document, expected)
    _demand_acceptance(signed.document, expected)
    return signed.signatures[0] if signed.signatures else None


def _demand_acceptance(document: bytes, expected: bytes) -> None:
    if document != expected:
        raise Fault("acceptance_of_another")


def signatures_in(files: Files) -> tuple[Signature, ...]:
    """Return every signature over the instruction in the folder, of whichever kind.

    Raises AuthorisationError if the signed page is not the one that its instruction makes
    (`vault.instruction.signed_page.open_pdf`), and Fault (page_of_another_instruction).
    """
    document, page = files[f"{FOLDER}instruction.json"], files.get(f"{FOLDER}{PAGE}")
    if page is not None:
        signed = open_pdf(page)
        if signed.document != document:
            raise Fault("page_of_another_instruction")
        return signed.signatures
    names = sorted(n for n in files if n.startswith(f"{FOLDER}instruction.json") and n.endswith(".p7s"))
    return tuple(Signature(document, files[name]) for name in names)


def _trust(files: Files, roots: tuple[x509.Certificate, ...], prefix: str) -> TrustStore:
    """Return the given roots with the folder's intermediates and revocation data. Raises TrustError."""
    intermediates, lists, answers = (
        [files[name] for name in sorted(files) if name.startswith(f"{prefix}{kind}-")]
        for kind in ("intermediates", "crls", "ocsps")
    )
    crls = tuple(crl.CertificateList.load(der) for data in lists for der in _der(data))
    ocsps = tuple(ocsp.OCSPResponse.load(der) for data in answers for der in _der(data))
    return TrustStore(roots, _certificates(intermediates), crls, ocsps, {})


def _certificates(held: list[bytes]) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(_certificate(der) for data in held for der in _der(data))
    except (ValueError, TypeError):
        raise TrustError("trust_material_malformed") from None


def _certificate(der: bytes) -> x509.Certificate:
    """Parse a certificate as far as is needed to refuse a revocation list, which begins like a certificate."""
    certificate = x509.Certificate.load(der, strict=True)
    _ = certificate.subject.native, certificate.not_valid_after
    return certificate


def _der(data: bytes) -> list[bytes]:
    """Return the objects of a file, in PEM (several) or DER (one)."""
    return [der for _, _, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]


def root_files(path: Path | None) -> list[bytes]:
    """Return the contents of a file of roots, or of the root files in a folder; empty if no path is given.

    Raises TrustError (trust_material_malformed) if they hold no root, OSError if there is no such file.
    """
    if path is None:
        return []
    if not path.is_dir():
        roots = [read_regular(path)]
        _certificates(roots)
        return roots
    contents = [read_regular(file) for file in sorted(path.iterdir()) if file.is_file()]
    roots = [data for data in contents if _holds_roots(data)]
    if not roots:
        raise TrustError("trust_material_malformed")
    return roots


def _holds_roots(data: bytes) -> bool:
    """Return whether a file holds only self-issued certificates.

    An intermediate as a root would end the chain, and the revocation lists of its issuer would not be checked.
    """
    try:
        certificates = _certificates([data])
    except TrustError:
        return False
    return bool(certificates) and all(c.subject == c.issuer for c in certificates)


def _stamps(files: Files, report: Report, roots: list[bytes], moment: datetime) -> None:
    """Check every time stamp, if there are roots, and report the time at which its data existed. `moment`: the run's check."""
    for name in sorted(name for name in files if name.endswith(".tsr")):
        stamped = name.removesuffix(".tsr")
        if not roots:
            continue
        report.unchecked = [line for line in report.unchecked if f" -in {name} " not in line]
        try:
            stamp_time = verify_stamp(files[stamped], files[name], roots)
        except (LedgerError, RefusedError) as refusal:
            raise Fault(refusal.code) from None
        if name == "checkpoint.tsr" and report.certificate["stamp"] != {"at": format_utc(stamp_time)}:
            raise Fault("stamp_of_another_time")
        statement = f"A time-stamp authority under a root you gave saw {stamped} at {stamp_time:%Y-%m-%d %H:%M:%S} UTC"
        later = " (after the run's check of it)" if name.startswith(FOLDER) and stamp_time > moment else ""
        report.checked.append(f"{statement}{later}: it existed by then.")
    if not roots:
        report.unchecked = [
            f"{line} ({NO_TSA_ROOTS})" if line.startswith("a time stamp") else line
            for line in report.unchecked
        ]
