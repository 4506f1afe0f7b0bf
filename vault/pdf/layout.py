"""PDF pages that a doctor can read and keep, tagged for readers for the blind: headings, texts, lists, rows, a QR code.

Fonts are embedded, and nothing depends on time or machine: the same content produces the same bytes. Characters that the font
lacks, or that would reorder or hide text, appear as their number (`[U+202E]`): the reader sees exactly what is signed.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable, Iterable
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
from reportlab.platypus import Flowable, KeepTogether, SimpleDocTemplate, Spacer, TableStyle

from schemas.writing import FIXED, NARROW
from vault.pdf._fields import SigningPlace, embed_files
from vault.pdf._tags import Element, TaggedCanvas, TaggedParagraph, TaggedTable, marked

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
    """A document under construction, from top to bottom.

    A plain document is drawn as by the releases before there was structure: pages signed then are still compared with it.
    """

    def __init__(self, title: str, *, language: str, subject: str = "", plain: bool = False) -> None:
        _face()
        self._title, self._language, self._subject = title, language, subject
        self._plain = plain
        self._parts: list[Callable[[Element], list[Flowable]]] = []
        self._attached: dict[str, bytes] = {}
        self._compressed = True
        self._reference = ""
        self._dates: tuple[str, str] | None = None

    def footer(self, reference: str) -> None:
        """What stands at the foot of each page, beside its number."""
        self._reference = reference

    def dated(self, made: str, changed: str) -> None:
        """When the content was made and last changed, in UTC, for the metadata."""
        self._dates = (made, changed)

    def banner(self, text: str) -> None:
        """A boxed warning, for example that this is a trial."""

        def make(root: Element) -> list[Flowable]:
            box = TaggedTable([[_paragraph(text, "banner", root.add("P"))]], colWidths=[_WIDTH])
            box.setStyle(_BOX)
            return [box, Spacer(1, 4 * mm)]

        self._parts.append(make)

    def heading(self, text: str) -> None:
        """The only title of the document."""
        self._paragraph("H1", text, "title")

    def section(self, text: str) -> None:
        """A section's title, kept on the page with what follows."""
        self._paragraph("H2", text, "section")

    def text(self, text: str) -> None:
        """A paragraph."""
        self._paragraph("P", text, "text")

    def small(self, text: str) -> None:
        """A paragraph of identifiers or digests."""
        self._paragraph("P", text, "small")

    def points(self, texts: Iterable[str]) -> None:
        """A list of sentences."""
        held = tuple(texts)

        def make(root: Element) -> list[Flowable]:
            points = root.add("L")
            return [_paragraph(text, "point", points.add("LI").add("LBody"), bullet="•") for text in held]

        self._parts.append(make)

    def rows(self, rows: Iterable[tuple[str, str]], *, figures: bool = False, strong: bool = False) -> None:
        """Names and values side by side. Figures are aligned right; strong names are questions with their answers."""
        held = tuple(rows)
        value = "figure" if figures else "answer" if strong else "text"
        styles = ("strong" if strong else "text", value)
        share = 0.26 if strong else 0.42

        def make(root: Element) -> list[Flowable]:
            table = TaggedTable(
                _cells(root.add("Table"), held, styles), colWidths=[_WIDTH * share, _WIDTH * (1 - share)]
            )
            table.setStyle(_ROWS)
            return [table]

        if held:
            self._parts.append(make)

    def code(self, content: str, beside: list[str], alternative: str = "") -> None:
        """A QR code with lines of text beside it, and what it is, for those who do not see it."""

        def make(root: Element) -> list[Flowable]:
            matrix = segno.make(content, error="m", micro=False).matrix
            picture = _QrCode(matrix, root.add("Figure", alternative=alternative))
            lines = [_paragraph(line, "small", root.add("P")) for line in beside]
            widths = [picture.size + 6 * mm, _WIDTH - picture.size - 6 * mm]
            table = TaggedTable([[picture, lines]], colWidths=widths)
            table.setStyle(_BESIDE)
            return [table]

        self._parts.append(make)

    def space(self, height_mm: float) -> None:
        """Blank space, for example for a handwritten signature."""
        self._parts.append(lambda _: [Spacer(1, height_mm * mm)])

    def signing_place(self, name: str, label: str) -> None:
        """A box for signing programs: an empty signature field of this name with a label above it."""

        def make(root: Element) -> list[Flowable]:
            above = _paragraph(label, "text", root.add("P"))
            place = SigningPlace(name, _WIDTH, root.add("Form", alternative=label))
            return [KeepTogether([above, place, Spacer(1, 2 * mm)])]

        self._parts.append(make)

    def attach(self, name: str, data: bytes) -> None:
        """Embed a file in the document."""
        self._attached[name] = data

    def uncompressed(self) -> None:
        """Write every stream uncompressed, so that the bytes do not depend on the compressor."""
        self._compressed = False

    def _paragraph(self, kind: str, text: str, style: str) -> None:
        self._parts.append(lambda root: [_paragraph(text, style, root.add(kind))])

    def to_pdf(self) -> bytes:
        """Returns the bytes of the PDF; the same for the same content."""
        if self._plain:
            return self._drawn(None)[0]
        _, pages = self._drawn(0)
        return self._drawn(pages)[0]

    def _drawn(self, pages: int | None) -> tuple[bytes, int]:
        """Returns the bytes, with the number of pages at each foot, and how many there are; None: a plain document."""
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
            **({} if pages is None else {"creator": "Reprise"}),
        )
        root = Element("Document")

        def foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
            number = str(document.page) if pages is None else f"{document.page}/{pages}"
            _foot(canvas, number, "" if pages is None else self._reference)

        def open_first(canvas: Canvas, document: SimpleDocTemplate) -> None:
            embed_files(canvas, self._attached)
            if isinstance(canvas, TaggedCanvas):
                canvas.describe(root, self._title, self._language, self._dates)
            foot(canvas, document)

        flow = [each for make in self._parts for each in make(root)]
        canvas = Canvas if pages is None else TaggedCanvas
        document.build(flow, onFirstPage=open_first, onLaterPages=foot, canvasmaker=canvas)
        return out.getvalue(), document.page


def _paragraph(text: str, style: str, element: Element, bullet: str | None = None) -> TaggedParagraph:
    look = _STYLES[style]
    made = TaggedParagraph(_narrowed(_safe(text), look.fontSize), look, bulletText=bullet)
    made.element = element
    return made


def _narrowed(markup: str, font_size: float) -> str:
    """Returns the text with each narrow no-break space as a small no-break space: reportlab breaks lines at the narrow one."""
    return markup.replace(NARROW, f'<font size="{font_size * 0.8:.1f}">{FIXED}</font>')


def _cells(
    table: Element, rows: tuple[tuple[str, str], ...], styles: tuple[str, str]
) -> list[list[Flowable]]:
    made = []
    for name, value in rows:
        row = table.add("TR")
        head, cell = row.add("TH", scope="Row"), row.add("TD")
        made.append([_paragraph(name, styles[0], head), _paragraph(value, styles[1], cell)])
    return made


def _safe(text: str) -> str:
    return escape(shown(text)).replace("\n", "<br/>")


def _foot(canvas: Canvas, number: str, reference: str) -> None:
    with marked(canvas, None):
        canvas.setFont(_REGULAR, 8)
        canvas.setFillColor(_GREY)
        if reference:
            canvas.drawString(_MARGIN, 10 * mm, shown(reference))
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, number)


class _QrCode(Flowable):
    """A QR code, drawn dark on light with the blank border that scanners need."""

    def __init__(self, matrix: tuple[bytearray, ...], element: Element, module: float = 0.75 * mm) -> None:
        super().__init__()
        self._matrix, self._module, self._element = matrix, module, element
        self.size = (len(matrix) + 4) * module

    def wrap(self, *_available: float) -> tuple[float, float]:
        """Returns its size, whatever space is available."""
        return self.size, self.size

    def draw(self) -> None:
        """Draw each dark module as a square."""
        with marked(self.canv, self._element):
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
    "strong": ParagraphStyle("strong", _BASE, fontName=_BOLD, fontSize=9.5, leading=12),
    "answer": ParagraphStyle("answer", _BASE, fontSize=9.5, leading=12, spaceAfter=1),
}
_ROWS = TableStyle(
    [
        _FONT,
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, _RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 0),
        ("RIGHTPADDING", (0, 0), (0, -1), 8),
        ("RIGHTPADDING", (1, 0), (-1, -1), 0),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
)
_BOX = TableStyle([_FONT, ("BACKGROUND", (0, 0), (-1, -1), _AMBER), ("BOX", (0, 0), (-1, -1), 0.6, _INK)])
_BESIDE = TableStyle([_FONT, ("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LEFTPADDING", (0, 0), (0, 0), 0)])
