"""The structure of a tagged page (ISO 32000-1, 14.8): what each piece of it is, in the order in which it is read.

What is drawn for an element stands between marks in the page; lines, backgrounds and page numbers are marked as artifacts, which
a reader for the blind leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table

_ROOT, _TREE = "Structure", "StructureParents"
_TRUE = pdfdoc.PDFtrue


@dataclass
class Element:
    """One piece of the structure: its kind (`H1`, `P`, `Table`), what is in it, and where it is drawn."""

    kind: str
    above: Element | None = None
    alternative: str | None = None  # what a picture or a form field is, in words
    scope: str | None = None  # of a table's header: `Row` or `Column`
    inner: list[Element] = field(default_factory=list)
    marks: list[tuple[int, int]] = field(default_factory=list)  # page from 1, number of the mark on the page
    annotation: str | None = None  # the name of a form field that belongs to it

    def add(self, kind: str, **given: Any) -> Element:
        """Returns a new element at the end of this one."""
        made = Element(kind, self, **given)
        self.inner.append(made)
        return made

    def drawn(self) -> Iterator[Element]:
        """Yield this element and all below it that are on some page, in reading order."""
        below = [one for each in self.inner for one in each.drawn()]
        if below or self.marks or self.annotation or self.above is None:
            yield self
            yield from below


class TaggedCanvas(Canvas):
    """A canvas that marks what it draws, and writes the structure at the end."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._marks: dict[int, list[Element]] = {}  # by page, in the order of their numbers
        self._fields: list[Element] = []
        self._about: tuple[Element, str, str, tuple[str, str] | None] | None = None

    def describe(self, root: Element, title: str, language: str, dates: tuple[str, str] | None) -> None:
        """Set the structure and the metadata; the dates are in UTC: when the content was made and last changed."""
        self._about = (root, title, language, dates)

    @contextmanager
    def marked(self, element: Element | None) -> Iterator[None]:
        """Mark what is drawn meanwhile as a piece of this element; None: as an artifact."""
        if element is None:
            self._code.append("/Artifact BMC")
        else:
            page = self.getPageNumber()
            on_page = self._marks.setdefault(page, [])
            element.marks.append((page, len(on_page)))
            self._code.append(f"/{element.kind} <</MCID {len(on_page)}>> BDC")
            on_page.append(element)
        yield
        self._code.append("EMC")

    def field_of(self, element: Element, name: str) -> int:
        """Note a form field as a piece of this element. Returns its key among the parents."""
        element.annotation = name
        self._fields.append(element)
        return len(self._fields) - 1

    def save(self) -> None:
        """Write the structure, then the file."""
        if self._code:
            self.showPage()
        if self._about is not None:
            root, title, language, dates = self._about
            _write_structure(self._doc, root, self._marks, self._fields)
            _describe(self._doc, title, language, dates)
        super().save()


def marked(canvas: Canvas, element: Element | None) -> AbstractContextManager[None]:
    """Mark what is drawn meanwhile (`TaggedCanvas.marked`); on a page without structure, do nothing."""
    return canvas.marked(element) if isinstance(canvas, TaggedCanvas) else nullcontext()


def _write_structure(
    document: Any, root: Element, marks: dict[int, list[Element]], fields: list[Element]
) -> None:
    elements = list(root.drawn())
    names = {id(one): f"{_ROOT}{number}" for number, one in enumerate(elements)}
    for one in elements:
        document.Reference(_dictionary(one, names), names[id(one)])
    rows: list[Any] = []
    for key, one in enumerate(fields):
        rows += [key, _reference(names[id(one)])]
    for page, held in sorted(marks.items()):
        key = len(fields) + page - 1
        on_page = document.idToObject[f"Page{page}"]
        on_page.__NoDefault__ = [*on_page.__NoDefault__, "StructParents", "Tabs"]
        on_page.StructParents, on_page.Tabs = key, pdfdoc.PDFName("S")
        rows += [key, pdfdoc.PDFArray([_reference(names[id(one)]) for one in held])]
    tree = pdfdoc.PDFDictionary({"Nums": pdfdoc.PDFArray(rows)})
    top = {
        "Type": pdfdoc.PDFName("StructTreeRoot"),
        "K": _reference(names[id(root)]),
        "ParentTree": document.Reference(tree, _TREE),
        "ParentTreeNextKey": len(fields) + max(marks, default=0),
    }
    document.Reference(pdfdoc.PDFDictionary(top), _ROOT)
    catalog = document._catalog  # noqa: SLF001 - reportlab has no public access to it
    catalog.StructTreeRoot = _reference(_ROOT)
    catalog.MarkInfo = pdfdoc.PDFDictionary({"Marked": _TRUE})


def _dictionary(one: Element, names: dict[int, str]) -> Any:
    kids: list[Any] = [
        pdfdoc.PDFDictionary({"Type": pdfdoc.PDFName("MCR"), "Pg": _reference(f"Page{page}"), "MCID": number})
        for page, number in one.marks
    ]
    kids += [_reference(names[id(each)]) for each in one.inner if id(each) in names]
    if one.annotation:
        field = {"Type": pdfdoc.PDFName("OBJR"), "Obj": _reference(f"Annot.{one.annotation}")}
        kids.append(pdfdoc.PDFDictionary(field))
    held = {
        "Type": pdfdoc.PDFName("StructElem"),
        "S": pdfdoc.PDFName(one.kind),
        "P": _reference(names[id(one.above)] if one.above else _ROOT),
        # pyHanko finds a field that is signed in the structure only where it is the element's single kid
        "K": kids[0] if one.annotation and len(kids) == 1 else pdfdoc.PDFArray(kids),
    }
    if one.alternative:
        held["Alt"] = pdfdoc.PDFString(one.alternative)
    if one.scope:
        row = {"O": pdfdoc.PDFName("Table"), "Scope": pdfdoc.PDFName(one.scope)}
        held["A"] = pdfdoc.PDFDictionary(row)
    return pdfdoc.PDFDictionary(held)


def _reference(name: str) -> Any:
    return pdfdoc.PDFObjectReference(name)


_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{made}</xmp:CreateDate><xmp:ModifyDate>{changed}</xmp:ModifyDate></rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


def _describe(document: Any, title: str, language: str, dates: tuple[str, str] | None) -> None:
    """Have readers show the title instead of the file's name; with dates, add the metadata as XMP too.

    A page that will be signed has no dates and no XMP: a signing program adds its own, and may rewrite nothing that is there.
    """
    catalog = document._catalog  # noqa: SLF001
    catalog.ViewerPreferences = pdfdoc.PDFDictionary({"DisplayDocTitle": _TRUE})
    document.info = _Info(document.info, dates)
    if dates is None:
        return
    text = _XMP.format(title=escape(title), language=language, made=dates[0], changed=dates[1])
    kind = {"Type": pdfdoc.PDFName("Metadata"), "Subtype": pdfdoc.PDFName("XML")}
    catalog.Metadata = pdfdoc.PDFStream(pdfdoc.PDFDictionary(kind), text.encode())


class _Info(pdfdoc.PDFInfo):
    """The document's information with the dates of its content, or without dates; never those of reportlab."""

    def __init__(self, plain: Any, dates: tuple[str, str] | None) -> None:
        super().__init__()
        self.__dict__.update(plain.__dict__)
        self._dates = dates

    def format(self, document: Any) -> bytes:
        """Returns the dictionary."""
        held = {
            name: pdfdoc.PDFString(getattr(self, name.lower()))
            for name in ("Title", "Author", "Subject", "Producer", "Creator")
        }
        if self._dates:
            made, changed = (_pdf_date(one) for one in self._dates)
            held |= {"CreationDate": pdfdoc.PDFString(made), "ModDate": pdfdoc.PDFString(changed)}
        return bytes(pdfdoc.PDFDictionary(held).format(document))


def _pdf_date(moment: str) -> str:
    """Returns a moment in UTC (`2026-01-02T03:04:05Z`) as PDF writes it."""
    return "D:" + "".join(c for c in moment if c.isdigit()) + "Z"


class TaggedParagraph(Paragraph):
    """A paragraph that knows its element; after a page break, both pieces belong to it."""

    element: Element | None = None

    def split(self, *available: float) -> list[TaggedParagraph]:
        """Returns the pieces before and after a page break."""
        parts: list[TaggedParagraph] = super().split(*available)
        for part in parts:
            part.element = self.element
        return parts

    def draw(self) -> None:
        """Draw it between its marks."""
        with marked(self.canv, self.element):
            super().draw()


class TaggedTable(Table):
    """A table whose cells are tagged; its lines and backgrounds are artifacts."""

    def _drawBkgrnd(self) -> None:  # noqa: N802 - reportlab's name
        with marked(self.canv, None):
            super()._drawBkgrnd()

    def _drawLines(self) -> None:  # noqa: N802
        with marked(self.canv, None):
            super()._drawLines()
