"""The interactive parts of a page: empty signature fields (ISO 32000-1, 12.7.4.5) and embedded files (7.11.4)."""

from __future__ import annotations

from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from vault.pdf._tags import Element, TaggedCanvas, marked

_PRINTED = 4  # annotation flag: shown in print too
_SIGNATURES = 3  # signature fields exist, and the file may only be appended to
_FRAME = HexColor("#c9d1dc")
_HEIGHT = 20 * mm


class SigningPlace(Flowable):
    """A frame that holds an empty signature field."""

    def __init__(self, name: str, width: float, element: Element | None = None) -> None:
        super().__init__()
        self._name, self._size, self._element = name, (width, _HEIGHT), element

    def wrap(self, *_available: float) -> tuple[float, float]:
        """Returns its size, whatever space is available."""
        return self._size

    def draw(self) -> None:
        """Draw the frame and the field over it."""
        width, height = self._size
        with marked(self.canv, None):
            self.canv.setStrokeColor(_FRAME)
            self.canv.rect(0, 0, width, height)
        left, bottom = self.canv.absolutePosition(0, 0)
        corners = (left, bottom, left + width, bottom + height)
        field = pdfdoc.PDFDictionary(
            {
                "Type": pdfdoc.PDFName("Annot"),
                "Subtype": pdfdoc.PDFName("Widget"),
                "FT": pdfdoc.PDFName("Sig"),
                "T": pdfdoc.PDFString(self._name),
                "F": _PRINTED,
                "Rect": pdfdoc.PDFArray([round(corner, 2) for corner in corners]),
                "P": self.canv._doc.thisPageRef(),  # noqa: SLF001 - reportlab has no public access to its objects
                **self._described(),
            }
        )
        self.canv._addAnnotation(field, self._name)  # noqa: SLF001
        _add_to_form(self.canv._doc, self.canv._doc.refAnnotation(self._name))  # noqa: SLF001

    def _described(self) -> dict[str, Any]:
        """Returns what makes the field a piece of a tagged page; nothing on a page without structure."""
        if self._element is None or not isinstance(self.canv, TaggedCanvas):
            return {}
        key = self.canv.field_of(self._element, self._name)
        return {"StructParent": key, "TU": pdfdoc.PDFString(self._element.alternative or self._name)}


def _add_to_form(document: Any, field: Any) -> None:
    catalog = document._catalog  # noqa: SLF001
    if getattr(catalog, "AcroForm", None) is None:
        fields = pdfdoc.PDFArray([])
        catalog.AcroForm = pdfdoc.PDFDictionary({"Fields": fields, "SigFlags": _SIGNATURES})
        document.signing_fields = fields
    document.signing_fields.sequence.append(field)


def embed_files(canvas: Canvas, files: dict[str, bytes]) -> None:
    """Embed files, uncompressed, as attachments that every PDF reader lists."""
    if not files:
        return
    document = canvas._doc  # noqa: SLF001
    names: list[Any] = []
    for name, data in sorted(files.items()):
        kind = {"Type": pdfdoc.PDFName("EmbeddedFile"), "Params": pdfdoc.PDFDictionary({"Size": len(data)})}
        stream = pdfdoc.PDFStream(pdfdoc.PDFDictionary(kind), data)
        embedded = pdfdoc.PDFDictionary({"F": document.Reference(stream, f"file:{name}")})
        text = pdfdoc.PDFString(name)
        row = pdfdoc.PDFDictionary(
            {"Type": pdfdoc.PDFName("Filespec"), "F": text, "UF": text, "EF": embedded}
        )
        names += [text, document.Reference(row, f"filespec:{name}")]
    tree = pdfdoc.PDFDictionary({"Names": pdfdoc.PDFArray(names)})
    document._catalog.Names = pdfdoc.PDFDictionary({"EmbeddedFiles": tree})  # noqa: SLF001
