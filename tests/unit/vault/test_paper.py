"""Pages are the same bytes for the same content, embed their fonts, and hide nothing."""

from __future__ import annotations

import subprocess

import pytest

from vault.pdf.layout import PdfDocument, shown


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
