"""Letters and hospital notices with valid PDF documents."""

from __future__ import annotations

import random
from base64 import b64encode

from trial.practice.markup import Draw, transaction

_HOSPITAL = (
    '<hcparty><cd S="CD-HCPARTY" SV="1.6">orghospital</cd><name>Hôpital Essai</name></hcparty>'
    '<hcparty><cd S="CD-HCPARTY" SV="1.6">persphysician</cd><firstname>Eva</firstname>'
    "<familyname>Interniste</familyname></hcparty>"
)
_KINDS = (
    ("admission", "avis d'hospitalisation", ("admis ce jour", "vandaag opgenomen", "heute aufgenommen")),
    ("discharge", "avis de sortie", ("sorti ce jour", "vandaag ontslagen", "heute entlassen")),
    (
        "report",
        "rapport de spécialiste",
        ("vu en consultation", "gezien op raadpleging", "in der Sprechstunde gesehen"),
    ),
)


def letter(draw: Draw, pdf: str, index: int) -> str:
    """Return the n-th letter of a folder: notices of admission and discharge first, then reports."""
    code, label, words = _KINDS[min(index, 2)]
    origin = f'<cd S="LOCAL" SV="1.0" SL="CD-TRANSACTION-ORIGIN" DN="{label}" L="fr">{code}</cd>'
    attached = f'<lnk TYPE="multimedia" MEDIATYPE="application/pdf">{pdf}</lnk>'
    return transaction(
        "note", draw.mf_id("let"), draw.date(), draw.say(words) + attached, author=_HOSPITAL, extra=origin
    )


def pdf_document(chance: random.Random, kib: int) -> str:
    """Return a PDF of one page, padded by a stream to the wanted size; base64."""
    page = b"BT /F1 12 Tf 72 720 Td (Lettre de specialiste, essai) Tj ET"
    padding = chance.randbytes(kib * 1024)
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(padding), padding),
    )
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return b64encode(bytes(out)).decode()
