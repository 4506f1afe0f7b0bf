"""Signs an instruction, an acceptance or a withdrawal for the doctor, with a certificate in PKCS#12 or on a token.

A signature is detached CAdES over a file, or PAdES (ETSI EN 319 142-1, baseline B) in an update that is appended to a page; the
existing bytes of the page do not change.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Coroutine
from typing import Any

from pyhanko.pdf_utils.font.basic import SimpleFontEngineFactory
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.text import TextBoxStyle
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.stamp import TextStampStyle

from schemas.errors import AuthorisationError, RefusedError
from vault.instruction.acceptance import is_acceptance
from vault.instruction.document import parse
from vault.instruction.page import place_name
from vault.instruction.signed_page import open_pdf
from vault.pki.event_loop import complete
from vault.pki.pyhanko_logging import silence
from vault.pki.signer_profiles import family_of, national_number

silence()
_STAMP = TextStampStyle(
    stamp_text="%(signer)s\n%(ts)s",
    text_box_style=TextBoxStyle(font=SimpleFontEngineFactory("Helvetica", 0.5), font_size=10),
    border_width=0,
)


def load_p12(data: bytes, password: str) -> signers.SimpleSigner:
    """Load the key and certificates of a .p12. Raises AuthorisationError: p12_unusable (wrong password, or none)."""
    try:
        signer = signers.SimpleSigner.load_pkcs12_data(data, other_certs=[], passphrase=password.encode())
    except Exception:  # noqa: BLE001 - errors of pyHanko could quote the certificate
        signer = None
    if signer is None:
        raise AuthorisationError("p12_unusable")
    return signer


def signer_number(signer: signers.Signer) -> str | None:
    """Return the national number in the signing certificate; None if it names no person. A later check refuses such a signer."""
    try:
        certificate = signer.signing_cert
        return national_number(certificate, family_of(certificate)) if certificate is not None else None
    except RefusedError:
        return None


def sign_cades(document: bytes, signer: signers.Signer) -> bytes:
    """Return a detached CAdES signature over the document, DER. Raises AuthorisationError: signing_failed."""
    signed = _run(lambda: signer.async_sign_general_data(document, "sha256", detached=True, use_cades=True))
    return bytes(signed.dump())


def sign_pades(pdf: bytes, signer: signers.Signer, place: int) -> bytes:
    """Return the page with one more signature, in the box of the controller with this number, from 1.

    Raises AuthorisationError: no_such_place, place_is_signed, page_is_signed, signing_failed; for a foreign or altered page,
    which must not be signed, the codes of `vault.instruction.signed_page.open_pdf`.
    """
    signed = open_pdf(pdf)
    boxes = set(range(1, places_on(signed.document) + 1))
    taken = {signature.place for signature in signed.signatures}
    if place not in boxes:
        raise AuthorisationError("no_such_place")
    if place in taken:
        raise AuthorisationError("place_is_signed" if boxes - taken else "page_is_signed")
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    metadata = signers.PdfSignatureMetadata(
        field_name=place_name(place), md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    pdf_signer = signers.PdfSigner(metadata, signer=signer, stamp_style=_STAMP)
    return bytes(_run(lambda: pdf_signer.async_sign_pdf(writer)).getvalue())


def places_on(document: bytes) -> int:
    """Return the number of boxes on the page of a document: one for each controller; one on an acceptance."""
    return 1 if is_acceptance(document) else len(parse(document).controllers)


def _run(sign: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Return the result of the signer.

    Raises AuthorisationError (signing_failed): errors of the library or the card could name the holder.
    """
    try:
        return complete(sign())
    except Exception:  # noqa: BLE001, S110
        pass
    raise AuthorisationError("signing_failed")
