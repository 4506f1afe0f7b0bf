"""Copies of proof folders to hand out: as they are, or without what names the doctor."""

from __future__ import annotations

from flows.session.control import Control
from schemas.errors import UnreadableSourceError
from vault.ledger.home_log import load_log_key
from vault.proof.folder import authorisation_files, seal_files, without_authorisation, zip_files
from vault.runs.facts import is_ended
from vault.verify import packed


def proof_zip(control: Control, run: str, *, with_authorisation: bool) -> bytes:
    """Returns one zip of an ended run's proof.

    Without the authorisation, the copy names nobody; its manifest is signed anew, and the ledger records it as issued, once for
    each content: `reprise ledger check` then knows the copy too. Raises UnreadableSourceError (run_not_ended).
    """
    folder = control.home.proof(run)
    if not is_ended(control.home, run):
        raise UnreadableSourceError("run_not_ended")
    if with_authorisation or not authorisation_files(folder):
        return zip_files(folder)
    files = without_authorisation(folder)
    sealed = seal_files(files, origin=control.site.origin, key=load_log_key(control.home))
    control.record_issue(run, sealed["manifest.json"])
    return packed(sealed)


def certificate_pdf(control: Control, run: str) -> bytes:
    """Returns the certificate of an ended run on paper; it names nobody. Raises UnreadableSourceError (run_not_ended)."""
    path = control.home.proof(run) / "certificate.pdf"
    if not is_ended(control.home, run) or not path.is_file():
        raise UnreadableSourceError("run_not_ended")
    return path.read_bytes()
