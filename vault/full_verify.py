"""What `reprise verify` adds to the stand-alone verifier: the doctor's signature and the time stamps, checked here.

Roots come from whoever checks, never from the folder; of the folder only what need not be trusted is used: intermediates,
and revocation lists, which are signed themselves. The moment is that at which the ledger says the signature was checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from asn1crypto import crl, ocsp, pem, x509

from schemas.errors import LedgerError, RefusedError, TrustError
from vault.clock import parse_utc
from vault.pades import open_pdf
from vault.register import PAGE
from vault.signature import check_signature
from vault.signed import Signature
from vault.timestamps import verify_stamp
from vault.trust import TrustStore
from vault.verify import BY_HAND, ERASED, NEVER, SIGNATURE, Fault, Files, Report, verify

FOLDER = "authorisation/"
NO_ROOTS = (
    "the doctor's signature: recorded as checked, not checked here, for no roots were given. Get the root certificates"
    " of the authority that issued the signer's certificate, and give them: --roots."
)
NO_TSA_ROOTS = "whose it is was not checked here, for no roots were given: --tsa-roots."
ENROLMENT = (
    "that the number in the signer's certificate and the INAMI numbers in the instruction belong to one person: two"
    " operators attested it at the site, and the signature cannot show it."
)
INTENT = "that the signer read and understood what he signed, or held his card himself."


@dataclass
class Finding:
    """The answer of the full verifier, for a person and for a program."""

    exit: int
    verdict: str
    run: str | None = None
    outcome: str | None = None
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    not_provable: list[str] = field(default_factory=list)

    @property
    def words(self) -> list[str]:
        """Line by line."""
        if self.run is None:
            return [self.verdict]
        lines = [f"Run {self.run}: {self.outcome}"]
        for title, found in (
            ("Checked here:", self.checked),
            ("Not checked here:", self.not_checked),
            ("Not provable, by this or anything:", self.not_provable),
        ):
            lines += [title, *(f"  - {line}" for line in found)] if found else []
        return [ascii(line)[1:-1] for line in (*lines, self.verdict)]  # as `Report.words`: fit for a terminal


def verify_fully(folder: Path, policy: str | None, roots: list[bytes], tsa_roots: list[bytes]) -> Finding:
    """Everything that can be checked with what is given. Exit codes are those of the stand-alone verifier (91: refused).

    Raises TrustError (trust_material_malformed) for roots that are none.
    """
    seen: list[Report] = []
    given = _certificates(roots)

    def further(files: Files, report: Report) -> None:
        moment = _checked_at(report)
        report.unchecked = [line for line in report.unchecked if line not in (SIGNATURE, ERASED, BY_HAND)]
        _stamps(files, report, tsa_roots, moment)
        _signatures(files, report, given, moment)
        seen.append(report)

    code, words = verify(folder, policy, further)
    if not seen or code not in (0, 92):
        return Finding(code, words[-1])
    report = seen[0]
    return Finding(
        code,
        words[-1],
        report.certificate["run"],
        report.certificate["outcome"],
        report.checked,
        report.unchecked,
        [NEVER, *([ENROLMENT, INTENT] if report.signed else [])],
    )


def _checked_at(report: Report) -> datetime:
    (at,) = [entry["at"] for _, entry in report.entries if entry["type"] == "authorisation.checked"]
    return parse_utc(str(at))


def _signatures(files: Files, report: Report, roots: tuple[x509.Certificate, ...], moment: datetime) -> None:
    """Every signature over the instruction, or why none was checked."""
    if not report.signed:
        report.unchecked.insert(0, ERASED)
        return
    if report.by_hand:
        report.unchecked.insert(0, BY_HAND)
        return
    if not roots:
        report.unchecked.insert(0, NO_ROOTS)
        return
    try:
        signed, trust = signatures_in(files), _trust(files, roots)
        for one in signed:
            check_signature(
                one.over, one.cms, trust, trial_home=bool(report.certificate["trial"]), moment=moment
            )
    except RefusedError as refusal:
        raise Fault(refusal.code) from None
    if not signed:
        raise Fault("signature_missing")
    listed = len(trust.crls) + len(trust.ocsps)
    report.checked.append(
        f"The doctor's signature ({len(signed)} in all) over the instruction: unaltered, by a certificate that leads to a"
        f" root you gave, allowed to sign, valid and not revoked at {moment:%Y-%m-%d %H:%M} UTC by {listed} revocation"
        " list(s) or answer(s) of the folder."
    )


def signatures_in(files: Files) -> tuple[Signature, ...]:
    """Every signature over the instruction that the folder holds: the one place that knows their kinds.

    Raises AuthorisationError when the signed page is not the one that its instruction makes (`vault.pades.open_pdf`), and
    Fault (page_of_another_instruction).
    """
    document, page = files[f"{FOLDER}instruction.json"], files.get(f"{FOLDER}{PAGE}")
    if page is not None:
        signed = open_pdf(page)
        if signed.document != document:
            raise Fault("page_of_another_instruction")
        return signed.signatures
    names = sorted(name for name in files if name.startswith(FOLDER) and name.endswith(".p7s"))
    return tuple(Signature(document, files[name]) for name in names)


def _trust(files: Files, roots: tuple[x509.Certificate, ...]) -> TrustStore:
    """The given roots, and of the folder the intermediates and what is known of revocation. Raises TrustError."""
    intermediates, lists, answers = (
        [files[name] for name in sorted(files) if name.startswith(f"{FOLDER}{kind}-")]
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
    """Parsed so far that it cannot be a revocation list, which begins as a certificate does."""
    found = x509.Certificate.load(der, strict=True)
    _ = found.subject.native, found.not_valid_after
    return found


def _der(data: bytes) -> list[bytes]:
    """The objects of a file, in PEM (several) or DER (one)."""
    return [der for _, _, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]


def root_files(path: Path | None) -> list[bytes]:
    """A file of roots, or the roots among the files of a folder; nothing when none is named.

    Raises TrustError (trust_material_malformed) where there is none, OSError where there is no file.
    """
    if path is None:
        return []
    if not path.is_dir():
        found = [path.read_bytes()]
        _certificates(found)
        return found
    held = [file.read_bytes() for file in sorted(path.iterdir()) if file.is_file()]
    found = [data for data in held if _holds_roots(data)]
    if not found:
        raise TrustError("trust_material_malformed")
    return found


def _holds_roots(data: bytes) -> bool:
    """A certificate that another one issued is no root: taken for one, it would make a chain without its issuer's lists."""
    try:
        found = _certificates([data])
    except TrustError:
        return False
    return bool(found) and all(certificate.subject == certificate.issuer for certificate in found)


def _stamps(files: Files, report: Report, roots: list[bytes], moment: datetime) -> None:
    """Every time stamp: when, by an authority under the given roots, what it is over existed."""
    for name in sorted(name for name in files if name.endswith(".tsr")):
        of = name.removesuffix(".tsr")
        if not roots:
            continue
        report.unchecked = [line for line in report.unchecked if f" -in {name} " not in line]
        try:
            at = verify_stamp(files[of], files[name], roots)
        except (LedgerError, RefusedError) as refusal:
            raise Fault(refusal.code) from None
        told = f"A time-stamp authority under a root you gave saw {of} at {at:%Y-%m-%d %H:%M:%S} UTC"
        later = " (after the run's check of it)" if name.startswith(FOLDER) and at > moment else ""
        report.checked.append(f"{told}{later}: it existed by then.")
    if not roots:
        report.unchecked = [
            f"{line} ({NO_TSA_ROOTS})" if line.startswith("a time stamp") else line
            for line in report.unchecked
        ]
