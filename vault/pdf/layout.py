"""PDF pages that a doctor can read and keep: headings, paragraphs, lists, rows and a QR code.

Fonts are embedded, and nothing depends on time or machine: the same content produces the same bytes. Characters that the font
lacks, or that would reorder or hide text, appear as their number (`[U+202E]`): the reader sees exactly what is signed.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import font_source_sans_pro
import segno
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from vault.pdf._fields import SigningPlace, embed_files

_REGULAR, _BOLD = "ReprisePlain", "RepriseBold"
_INK, _GREY, _RULE, _AMBER = (
    HexColor("#1c2430"),
    HexColor("#5a6675"),
    HexColor("#c9d1dc"),
    HexColor("#fff3d6"),
)
_MARGIN = 22 * mm
_FONT = ("FONTNAME", (0, 0), (-1, -1), _REGULAR)  # otherwise a table requests a font that is not embedded
_WIDTH = A4[0] - 2 * _MARGIN - 12  # minus the padding of the frame


@cache
def _face() -> TTFont:
    """Register both weights. Returns the regular one, whose characters decide what can be shown."""
    files = Path(font_source_sans_pro.__file__).with_name("files")
    regular = TTFont(_REGULAR, str(files / "SourceSansPro-Regular.ttf"))
    bold = TTFont(_BOLD, str(files / "SourceSansPro-Semibold.ttf"))
    pdfmetrics.registerFont(regular)
    pdfmetrics.registerFont(bold)
    pdfmetrics.registerFontFamily(_REGULAR, normal=_REGULAR, bold=_BOLD, italic=_REGULAR, boldItalic=_BOLD)
    return regular


def shown(text: str) -> str:
    """Returns the text as it will appear: characters that the font cannot draw, or that hide text, as their number."""
    known = _face().face.charToGlyph
    return "".join(c if _is_drawn(c, known) else f"[U+{ord(c):04X}]" for c in text)


def _is_drawn(character: str, known: dict[int, int]) -> bool:
    if character == "\n":
        return True
    return ord(character) in known and unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


class PdfDocument:
    """A document under construction, from top to bottom."""

    def __init__(self, title: str, *, language: str, subject: str = "") -> None:
        _face()
        self._title, self._language, self._subject = title, language, subject
        self._flow: list[Flowable] = []
        self._attached: dict[str, bytes] = {}
        self._compressed = True

    def banner(self, text: str) -> None:
        """A boxed warning, for example that this is a trial."""
        box = Table([[Paragraph(_safe(text), _style("banner"))]], colWidths=[_WIDTH])
        box.setStyle(
            TableStyle(
                [_FONT, ("BACKGROUND", (0, 0), (-1, -1), _AMBER), ("BOX", (0, 0), (-1, -1), 0.6, _INK)]
            )
        )
        self._add(box, Spacer(1, 4 * mm))

    def heading(self, text: str) -> None:
        """The only title of the document."""
        self._add(Paragraph(_safe(text), _style("title")))

    def section(self, text: str) -> None:
        """A section's title, kept on the page with what follows."""
        self._add(Paragraph(_safe(text), _style("section")))

    def text(self, text: str) -> None:
        """A paragraph."""
        self._add(Paragraph(_safe(text), _style("text")))

    def small(self, text: str) -> None:
        """A paragraph of identifiers or digests."""
        self._add(Paragraph(_safe(text), _style("small")))

    def points(self, texts: Iterable[str]) -> None:
        """A list of sentences."""
        for text in texts:
            self._add(Paragraph(_safe(text), _style("point"), bulletText="•"))

    def rows(self, rows: Iterable[tuple[str, str]], *, figures: bool = False) -> None:
        """Names and values side by side; figures are aligned right."""
        value = "figure" if figures else "text"
        cells = [[Paragraph(_safe(n), _style("text")), Paragraph(_safe(v), _style(value))] for n, v in rows]
        if cells:
            table = Table(cells, colWidths=[_WIDTH * 0.42, _WIDTH * 0.58])
            table.setStyle(_ROWS)
            self._add(table)

    def code(self, content: str, beside: list[str]) -> None:
        """A QR code with lines of text beside it."""
        picture = _QrCode(segno.make(content, error="m", micro=False).matrix)
        lines = [Paragraph(_safe(line), _style("small")) for line in beside]
        table = Table([[picture, lines]], colWidths=[picture.size + 6 * mm, _WIDTH - picture.size - 6 * mm])
        table.setStyle(
            TableStyle([_FONT, ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LEFTPADDING", (0, 0), (0, 0), 0)])
        )
        self._add(table)

    def space(self, height_mm: float) -> None:
        """Blank space, for example for a handwritten signature."""
        self._add(Spacer(1, height_mm * mm))

    def signing_place(self, name: str, label: str) -> None:
        """A box for signing programs: an empty signature field of this name with a label above it."""
        self._add(
            KeepTogether(
                [Paragraph(_safe(label), _style("text")), SigningPlace(name, _WIDTH), Spacer(1, 2 * mm)]
            )
        )

    def attach(self, name: str, data: bytes) -> None:
        """Embed a file in the document."""
        self._attached[name] = data

    def uncompressed(self) -> None:
        """Write every stream uncompressed, so that the bytes do not depend on the compressor."""
        self._compressed = False

    def _add(self, *parts: Flowable) -> None:
        self._flow += parts

    def to_pdf(self) -> bytes:
        """Returns the bytes of the PDF; the same for the same content."""
        out = io.BytesIO()
        document = SimpleDocTemplate(
            out,
            pagesize=A4,
            invariant=1,
            pageCompression=int(self._compressed),
            initialFontName=_REGULAR,
            lang=self._language,
            title=self._title,
            subject=self._subject,
            author="Reprise",
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=18 * mm,
            bottomMargin=18 * mm,
        )
        document.build(list(self._flow), onFirstPage=self._open, onLaterPages=_number)
        return out.getvalue()

    def _open(self, canvas: Canvas, document: SimpleDocTemplate) -> None:
        embed_files(canvas, self._attached)
        _number(canvas, document)


def _safe(text: str) -> str:
    return escape(shown(text)).replace("\n", "<br/>")


def _number(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont(_REGULAR, 8)
    canvas.setFillColor(_GREY)
    canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, str(document.page))


class _QrCode(Flowable):
    """A QR code, drawn dark on light with the blank border that scanners need."""

    def __init__(self, matrix: tuple[bytearray, ...], module: float = 0.75 * mm) -> None:
        super().__init__()
        self._matrix, self._module = matrix, module
        self.size = (len(matrix) + 4) * module

    def wrap(self, *_available: float) -> tuple[float, float]:
        """Returns its size, whatever space is available."""
        return self.size, self.size

    def draw(self) -> None:
        """Draw each dark module as a square."""
        for down, row in enumerate(self._matrix):
            for right, dark in enumerate(row):
                if dark:
                    at = (right + 2) * self._module, self.size - (down + 3) * self._module
                    self.canv.rect(*at, self._module, self._module, stroke=0, fill=1)


_BASE = ParagraphStyle(
    "base",
    fontName=_REGULAR,
    bulletFontName=_REGULAR,
    fontSize=10.5,
    leading=14.5,
    textColor=_INK,
    splitLongWords=True,
)
_STYLES = {
    "text": ParagraphStyle("text", _BASE, spaceAfter=4),
    "title": ParagraphStyle("title", _BASE, fontName=_BOLD, fontSize=17, leading=21, spaceAfter=6),
    "section": ParagraphStyle(
        "section", _BASE, fontName=_BOLD, fontSize=11.5, spaceBefore=9, spaceAfter=3, keepWithNext=1
    ),
    "small": ParagraphStyle("small", _BASE, fontSize=8.5, leading=11, textColor=_GREY, spaceAfter=3),
    "point": ParagraphStyle("point", _BASE, leftIndent=12, bulletIndent=2, spaceAfter=2),
    "figure": ParagraphStyle("figure", _BASE, alignment=TA_RIGHT),
    "banner": ParagraphStyle("banner", _BASE, fontName=_BOLD),
}
_ROWS = TableStyle(
    [
        _FONT,
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, _RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
)


def _style(name: str) -> ParagraphStyle:
    return _STYLES[name]
