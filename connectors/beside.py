"""Files of an export that are not records, recognised first by content, then by name.

There are two kinds: files that a system or program leaves in a folder, notes and schemas (`NO_RECORD`), and documents in
their own right (`DOCUMENT_BESIDE`). Anything that may hold records in an unknown form stays unknown: an archive, a table, a
message of another format, a text with a national number.
"""

from __future__ import annotations

import re

from connectors.base import SourceFile
from connectors.media_types import MAIL, is_zipped_document
from schemas.disposition import Reason
from schemas.identifiers import clean_inss

NOTE_BYTES = 64 << 10
"""A longer text is not taken for a note."""
_SYSTEM = (
    b"\x00\x05\x16\x07",
    b"\x00\x05\x16\x00",
    b"\x00\x00\x00\x01Bud1",
    b"L\x00\x00\x00\x01\x14\x02\x00",
)
"""AppleDouble and AppleSingle, .DS_Store, a Windows shortcut."""
_DOCUMENT = re.compile(
    rb"%PDF-|\xff\xd8\xff|\x89PNG\r\n|GIF8[79]a|II\*\x00|MM\x00\*|BM.{4}\x00{4}|\x00\x00\x01\x00|\{\\rtf"
    rb"|RIFF.{4}(?:WEBP|WAVE|AVI )|\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    re.DOTALL,
)
"""PDF, pictures, sound, RTF, old office documents."""
_ROOT = re.compile(r"<(?:[\w.\-]+:)?([A-Za-z_][\w.\-]*)[\s/>]")
_PLAIN_ROOTS = {"schema", "stylesheet", "transform", "plist"}
_NAMES = re.compile(
    r"thumbs\.db|ehthumbs(?:_vista)?\.db|desktop\.ini|autorun\.inf|\.ds_store|\.localized|\.directory|icon\r?"
    r"|folder\.(?:jpe?g|png)|albumart.*\.jpe?g|\._.*|.*\.(?:lnk|url|ico|css|xsd|xslt?|md5|sha\d+|asc|sig)"
)
_FOLDERS = {
    "__macosx", ".spotlight-v100", ".trashes", ".fseventsd", "$recycle.bin", "system volume information", "@eadir",
}  # fmt: skip
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")
_LIKE_RECORDS = re.compile(r"(?m)^(?:[A-Z]\d{1,2}\\|#[A-Z/]|MSH\||UN[AB]\b)|</|<\?xml")
"""Lines of laboratory messages in several formats, and markup."""
_NUMBER = re.compile(r"(?<!\d)\d{2}[.\- ]?\d{2}[.\- ]?\d{2}[.\- ]?\d{3}[.\- ]?\d{2}(?!\d)")
_COLUMNS = re.compile(r"[;\t|]")


def is_document(file: SourceFile) -> bool:
    """Whether the file is a document or a letter for a reader, by its content. Never raises on foreign bytes."""
    head = file.beginning(NOTE_BYTES + 1)
    if not head or _by_name(file.name.reveal()) is not None:
        return False
    if _is_document(head):
        return True
    text = _text(head)
    if text is None:
        return False
    root = _ROOT.search(text) if text.lstrip().startswith("<") else None
    return (root is not None and root[1].lower() == "html") or (root is None and _is_letter(text))


def no_record(file: SourceFile) -> Reason | None:
    """The reason why the file cannot be a record of any format; None if it may be one. Never raises on foreign bytes."""
    if file.size == 0:
        return Reason.NO_RECORD
    head = file.beginning(NOTE_BYTES + 1)
    if head is None:
        return None
    named = _by_name(file.name.reveal())
    if _is_document(head):
        return named or Reason.DOCUMENT_BESIDE
    return _by_content(head) or named


def _is_document(head: bytes) -> bool:
    return _DOCUMENT.match(head) is not None or is_zipped_document(head) or MAIL.match(head) is not None


def _by_content(head: bytes) -> Reason | None:
    if head.startswith(_SYSTEM):
        return Reason.NO_RECORD
    text = _text(head)
    if text is None:
        return None
    root = _ROOT.search(text) if text.lstrip().startswith("<") else None
    if root is not None and root[1].lower() == "html":
        return Reason.DOCUMENT_BESIDE
    if root is not None:
        return Reason.NO_RECORD if root[1].lower() in _PLAIN_ROOTS else None
    return Reason.NO_RECORD if len(head) <= NOTE_BYTES and _is_note(text) else None


def _by_name(name: str) -> Reason | None:
    *folders, last = name.lower().split("/")
    return Reason.NO_RECORD if _NAMES.fullmatch(last) or _FOLDERS.intersection(folders) else None


def _text(head: bytes) -> str | None:
    """The beginning as text, an 8-bit one judged by its ASCII letters; None if it is not text."""
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = head.decode("utf-16" if wide else "latin-1", "replace").removeprefix("\xef\xbb\xbf")
    return None if _NO_TEXT.search(text) else text


def _is_note(text: str) -> bool:
    """Whether a letter names nobody by a national number."""
    return _is_letter(text) and not any(clean_inss(found) for found in _NUMBER.findall(text))


def _is_letter(text: str) -> bool:
    """Whether a text is written for a reader: no table, message or markup."""
    if _LIKE_RECORDS.search(text) or text.lstrip().startswith("<"):
        return False
    widths = [len(_COLUMNS.findall(line)) for line in text.splitlines() if line.strip()]
    return not (len(widths) >= 3 and widths[0] >= 2 and len(set(widths)) == 1)
