"""Pages are the same bytes for the same content, embed their fonts, hide nothing, and say what each piece of them is."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from schemas.writing import NARROW
from vault.instruction.page import render_pdf
from vault.pdf.layout import PdfDocument, shown

EARLIER = Path(__file__).parents[2] / "vectors/release-1/authorisation.json"


def page(text: str) -> bytes:
    paper = PdfDocument("Title", language="fr")
    paper.banner("TRIAL")
    paper.heading("Title")
    paper.section("Section")
    paper.text(text)
    paper.points(["one", "two"])
    paper.rows([("name", "1\N{NARROW NO-BREAK SPACE}234")], figures=True)
    paper.code("origin\n1\nroot\n", ["origin", "1"])
    return paper.to_pdf()


def long_page() -> bytes:
    paper = PdfDocument("A title", language="fr")
    paper.uncompressed()
    paper.footer("reference 17")
    paper.dated("2026-01-02T03:04:05Z", "2026-02-03T04:05:06Z")
    paper.banner("TRIAL")
    paper.heading("Title")
    for number in range(12):
        paper.section(f"Section {number}")
        paper.text("word " * 300)
        paper.points(["one", "two"])
        paper.rows([(f"name {n}", "value") for n in range(6)], strong=number % 2 == 0)
    paper.code("origin\n1\nroot\n", ["origin"], "a code")
    paper.signing_place("controller-1", "Dr Ann Example")
    return paper.to_pdf()


def direct(held: Any) -> Any:
    """What an entry refers to, or the entry itself."""
    return held.get_object() if hasattr(held, "get_object") else held


def kids_of(node: Any) -> list[Any]:
    held = node.get("/K", [])
    return [held] if isinstance(held, dict) else [direct(kid) for kid in held]


def elements(node: Any) -> Iterator[Any]:
    """Each element of the structure, from the top."""
    yield node
    for kid in kids_of(node):
        if kid.get("/S"):
            yield from elements(kid)


def seen(pdf: bytes, tmp_path) -> str:
    (tmp_path / "page.pdf").write_bytes(pdf)
    return subprocess.run(
        ["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()


def test_the_same_content_gives_the_same_bytes_and_another_gives_others():
    assert page("a") == page("a")
    assert page("a") != page("b")


def test_what_is_written_is_what_another_program_reads(tmp_path):
    name = "Dr Éloïse Müller-Wałęsa & <Ştefan> «œuvre»"
    text = seen(page(name), tmp_path)
    assert name in text
    assert "TRIAL" in text


def test_fonts_are_embedded(tmp_path):
    (tmp_path / "page.pdf").write_bytes(page("a"))
    listed = subprocess.run(
        ["pdffonts", tmp_path / "page.pdf"], capture_output=True, check=True, text=True
    ).stdout
    rows = listed.splitlines()[2:]
    assert rows
    assert all("+SourceSansPro" in row and "yes yes yes" in row for row in rows), listed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u202eb", "a[U+202E]b"),
        ("a\u200bb", "a[U+200B]b"),
        ("\u6f22", "[U+6F22]"),
        ("\x00", "[U+0000]"),
        ("\ud800", "[U+D800]"),
        ("a\nb", "a\nb"),
    ],
)
def test_what_cannot_be_drawn_or_would_hide_is_shown_as_its_number(text, expected):
    assert shown(text) == expected


def test_each_piece_of_a_page_belongs_to_an_element():
    """Read with another library: each mark on a page leads to an element of its kind, and nothing is drawn outside of marks."""
    reader = PdfFileReader(io.BytesIO(long_page()), strict=True)
    root = reader.root
    assert (root["/MarkInfo"]["/Marked"], root["/Lang"]) == (True, "fr")
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    numbers = [direct(one) for one in root["/StructTreeRoot"]["/ParentTree"]["/Nums"]]
    parents = dict(zip(numbers[::2], numbers[1::2], strict=True))
    pages = [direct(page) for page in root["/Pages"]["/Kids"]]
    assert len(pages) > 2
    marked = set[tuple[int, int]]()
    for number, page in enumerate(pages):
        content = page["/Contents"].data.decode("latin-1")
        opened = re.findall(r"^/(\w+) (?:<</MCID (\d+)>> BDC|BMC)$", content, re.MULTILINE)
        assert len(opened) == len(re.findall("^EMC$", content, re.MULTILINE))
        held = parents[page["/StructParents"]]
        for kind, mark in opened:
            assert kind == "Artifact" or direct(held[int(mark)])["/S"] == f"/{kind}"
        marked |= {(number, int(mark)) for kind, mark in opened if mark}
        outside = re.sub(r"^/\w+ (?:<<.*?>> BDC|BMC)$.*?^EMC$", "", content, flags=re.MULTILINE | re.DOTALL)
        assert not re.search(r"\b(Tj|TJ|S|f|B|Do)\b", outside), (
            "text, lines, areas and pictures stand between marks"
        )
    told = list(elements(root["/StructTreeRoot"]["/K"]))
    marks = [direct(kid) for one in told for kid in kids_of(one) if direct(kid).get("/Type") == "/MCR"]
    known = {(pages.index(mark["/Pg"]), int(mark["/MCID"])) for mark in marks}
    assert known == marked
    kinds = [str(one["/S"]) for one in told]
    assert kinds[:3] == ["/Document", "/P", "/H1"]
    assert (kinds.count("/H1"), kinds.count("/H2"), kinds.count("/Table"), kinds.count("/LI")) == (
        1,
        12,
        12,
        24,
    )
    assert all(one["/A"]["/Scope"] == "/Row" for one in told if one["/S"] == "/TH")
    assert [one["/Alt"] for one in told if one["/S"] in ("/Figure", "/Form")] == ["a code", "Dr Ann Example"]
    field = direct(root["/AcroForm"]["/Fields"][0])
    assert parents[field["/StructParent"]]["/S"] == "/Form"
    assert field["/TU"] == "Dr Ann Example"


def test_a_reader_of_another_maker_finds_the_structure_and_each_foot(tmp_path):
    (tmp_path / "page.pdf").write_bytes(long_page())
    told = subprocess.run(
        ["pdfinfo", "-struct-text", tmp_path / "page.pdf"], capture_output=True, check=True, text=True
    )
    assert told.stderr == ""
    assert '"Section 11"' in told.stdout
    assert "reference" not in told.stdout, "the foot is no content"
    text = seen(long_page(), tmp_path)
    pages = text.count("reference 17")
    assert [f"{n}/{pages}" in text for n in range(1, pages + 1)] == [True] * pages


def test_no_line_breaks_at_a_narrow_space(tmp_path):
    paper = PdfDocument("Title", language="fr")
    paper.text(" ".join(f"mot{n}{NARROW};" for n in range(200)))
    assert not re.search(r"^\s*;", seen(paper.to_pdf(), tmp_path), re.MULTILINE)


def test_a_page_of_an_earlier_release_is_drawn_to_the_byte_as_it_was():
    """The digest was computed by the release before pages had a structure."""
    from hashlib import sha256

    page = render_pdf(EARLIER.read_bytes())
    assert sha256(page).hexdigest() == "042990ca0a6f24b21b7ef2720105a0135d314b3bbb9ce642dd502cb73ffe136e"
