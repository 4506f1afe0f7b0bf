"""Separates a signed page (PAdES, ETSI EN 319 142-1) into signatures and the bytes that each covers. It checks no certificate.

The page's first revision must equal, byte for byte, the page that is made from its JSON. Each later revision must be only a
signature in one of the page's own boxes, over every byte up to its end; it may not rewrite any other object of the page. Each
result is a CMS signature over bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.errors import AuthorisationError
from vault.instruction.acceptance import is_acceptance, render_acceptance
from vault.instruction.page import embedded_document, place_number, render_pdf
from vault.pdf.revisions import Revision, revisions_after
from vault.pki.pyhanko_logging import load_pyhanko
from vault.pki.signed_document import Signature, Signed

if TYPE_CHECKING:
    from pyhanko.pdf_utils.reader import PdfFileReader

MAX_GROWTH_BYTES = 2 << 20
"""The number of bytes that signatures may add to a page."""
MAX_BYTES = 8 << 20
_SIGNING_CHANGES = {"/V", "/AP", "/M", "/MK", "/DA"}
_CATALOG_CHANGES = {"/Version", "/Extensions", "/AcroForm", "/Metadata"}
MAX_METADATA_BYTES = 64 << 10


def is_pdf(data: bytes) -> bool:
    """Return whether a file claims to be a PDF."""
    return data.startswith(b"%PDF-")


def open_pdf(pdf: bytes, patients: bytes | None = None) -> Signed:
    """Return the instruction or acceptance in a page, and its signatures with the bytes that each covers.

    Raises AuthorisationError: pdf_too_large, pdf_without_instruction, instruction_malformed, readable_text_differs (the page is
    not the one that its JSON makes), signature_malformed, document_altered (more than signatures was added).
    """
    if len(pdf) > MAX_BYTES:
        raise AuthorisationError("pdf_too_large", limit=MAX_BYTES)
    document = embedded_document(pdf)
    page = render_acceptance(document) if is_acceptance(document) else render_pdf(document)
    if not pdf.startswith(page):
        raise AuthorisationError("readable_text_differs")
    if len(pdf) - len(page) > MAX_GROWTH_BYTES:
        raise AuthorisationError("pdf_too_large", limit=MAX_GROWTH_BYTES)
    try:
        signatures = _signatures(pdf, page)
    except AuthorisationError:
        raise
    except Exception:  # noqa: BLE001 - a parser of untrusted bytes may raise anything and quote them
        signatures = None
    if signatures is None:
        raise AuthorisationError("document_altered")
    return Signed(document, signatures, pdf, patients)


def _signatures(pdf: bytes, page: bytes) -> tuple[Signature, ...] | None:
    revisions = revisions_after(pdf, len(page))
    if not revisions:
        return ()
    offered = _Offered.of(page)
    reader = _reader(pdf)
    embedded = sorted(reader.embedded_signatures, key=lambda signature: signature.signed_revision)
    if not _only_signed(reader, offered, revisions) or len(embedded) != len(revisions):
        return None
    separated = [_separate(pdf, s, number, revisions[number - 1]) for number, s in enumerate(embedded, 1)]
    if len({signature.field_name for signature in embedded}) != len(embedded) or None in separated:
        return None
    # not even a line end may follow the last signature
    if sum(list(map(int, embedded[-1].byte_range))[2:]) != len(pdf):
        return None
    return tuple(signature for signature in separated if signature is not None)


def _reader(pdf: bytes) -> PdfFileReader:
    load_pyhanko()
    from pyhanko.pdf_utils.reader import PdfFileReader

    return PdfFileReader(io.BytesIO(pdf), strict=True)


@dataclass(frozen=True)
class _Offered:
    """The unsigned page: its signature fields, and which of its objects a signature may rewrite."""

    catalog: dict[str, str]
    root: int
    places: dict[int, dict[str, str]]
    changeable: frozenset[int]
    size: int

    @classmethod
    def of(cls, page: bytes) -> _Offered:
        reader = _reader(page)
        root = reader.root
        fields = root["/AcroForm"].raw_get("/Fields")
        places = {field.idnum: _without(field.get_object(), _SIGNING_CHANGES) for field in fields}
        others = (reader.root_ref, root.raw_get("/AcroForm"), reader.trailer.raw_get("/Info"))
        changeable = frozenset([*places, *(reference.idnum for reference in others)])
        return cls(
            _without(root, _CATALOG_CHANGES),
            reader.root_ref.idnum,
            places,
            changeable,
            int(reader.trailer["/Size"]),
        )


def _only_signed(reader: PdfFileReader, offered: _Offered, revisions: list[Revision]) -> bool:
    """Return whether the updates leave everything but the signature fields unchanged, also according to pyHanko."""
    touched = {n for revision in revisions for n in revision.objects if n < offered.size}
    if not touched <= offered.changeable or reader.xrefs.total_revisions != len(revisions) + 1:
        return False
    views = [reader.get_historical_resolver(number) for number in range(1, len(revisions) + 1)]
    if not all(_same_catalog(view, offered) and _same_places(view, offered) for view in views):
        return False
    from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY, DiffResult, ModificationLevel

    result = DEFAULT_DIFF_POLICY.review_file(reader, 0)
    return isinstance(result, DiffResult) and result.modification_level <= ModificationLevel.FORM_FILLING


def _same_catalog(view: Any, offered: _Offered) -> bool:
    same = view.root_ref.idnum == offered.root and _without(view.root, _CATALOG_CHANGES) == offered.catalog
    return same and _is_plain_metadata(view.root)


def _is_plain_metadata(root: Any) -> bool:
    """Return whether the XMP is safe to parse: small, uncompressed, without DOCTYPE; true if there is none.

    Signing programs add XMP, because PDF 2.0 requires it.
    """
    if "/Metadata" not in root:
        return True
    held = root.raw_get("/Metadata").get_object()
    data = held.encoded_data
    return "/Filter" not in held and len(data) <= MAX_METADATA_BYTES and b"<!" not in data


def _same_places(view: Any, offered: _Offered) -> bool:
    fields = view.root["/AcroForm"].raw_get("/Fields")
    places = {field.idnum: _without(field.get_object(), _SIGNING_CHANGES) for field in fields}
    return len(fields) == len(places) and places == offered.places


def _without(entries: Any, names: set[str]) -> dict[str, str]:
    return {name: repr(entries.raw_get(name)) for name in entries if name not in names}


def _separate(pdf: bytes, embedded: Any, number: int, revision: Revision) -> Signature | None:
    """Return a signature and its bytes; None unless it covers all of its revision and everything before that revision."""
    zero, first, second, length = (int(value) for value in embedded.byte_range)
    inside = revision.start <= first < second <= revision.table
    ends = revision.marker_end <= second + length <= revision.end
    kind = embedded.sig_object.get("/Type", "/Sig")
    if zero or not inside or not ends or embedded.signed_revision != number or kind != "/Sig":
        return None
    if embedded.sig_object.get("/SubFilter") != "/ETSI.CAdES.detached":
        raise AuthorisationError("signature_malformed")
    over = pdf[:first] + pdf[second : second + length]
    place = place_number(str(embedded.field_name))
    return Signature(over, _unpadded(pdf[first:second], embedded.pkcs7_content), place)


def _unpadded(text: bytes, contents: bytes) -> bytes:
    """Return the signature without its zero padding.

    No signature covers the hexadecimal digits of the signature itself, so each digit must have the expected form.
    """
    digits = text[1:-1]
    spelt = digits in (contents.hex().encode(), contents.hex().upper().encode())
    size = _der_length(contents)
    if text[:1] + text[-1:] != b"<>" or not spelt or contents[size:].strip(b"\0"):
        raise AuthorisationError("signature_malformed")
    return contents[:size]


def _der_length(data: bytes) -> int:
    """Return the length in bytes of the outermost DER value, with its header."""
    if data[1] < 0x80:
        return 2 + data[1]
    width = data[1] & 0x7F
    return 2 + width + int.from_bytes(data[2 : 2 + width], "big")
