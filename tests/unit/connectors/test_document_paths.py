"""What the path of a document states, read by reader and counter, with made-up and with random names."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.base import Limits, SourceFile
from connectors.beside import is_document
from connectors.inventory.documents.paths import read_path
from connectors.registry import choose
from connectors.sources.documents.naming import naming_of
from schemas.document_kinds import DocumentKind
from schemas.sensitive import Sensitive

ONE, OTHER = "85073003328", "93051822361"


def both(path: str) -> tuple[str, str | None, str] | None:
    """What the two say, if it is the same."""
    ours, theirs = naming_of(path), read_path(path)
    if ours is None or theirs is None:
        assert ours is theirs is None
        return None
    kind = "" if ours.kind is DocumentKind.UNCLASSIFIED else ours.kind
    assert (ours.inss, ours.date or "", ours.title, kind) == (
        theirs.number, theirs.day, theirs.title, theirs.kind,
    )  # fmt: skip
    return ours.inss, ours.date, ours.title


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"{ONE}/2020-03-05 Rapport cardiologie.pdf", (ONE, "2020-03-05", "Rapport cardiologie")),
        ("docs/Peeters Jan 85.07.30-033.28/scan0001.tif", (ONE, None, "scan0001")),
        (f"{ONE}_20200305_Ontslagbrief_heelkunde.PDF", (ONE, "2020-03-05", "Ontslagbrief heelkunde")),
        (f"{ONE}/05-03-2020.jpg", (ONE, "2020-03-05", "")),
        (f"{ONE}/5.3.2020 - X-ray.jpg", (ONE, "2020-03-05", "X-ray")),
        (f"{ONE}/05032020.jpg", (ONE, "2020-03-05", "")),
        (f"{ONE}/uitslag 31.2.2020.pdf", (ONE, None, "uitslag 31.2.2020")),
        (f"{ONE}/2020-03-05 tot 2020-03-09.pdf", (ONE, None, "2020-03-05 tot 2020-03-09")),
        (f"{ONE}/2020-03-05 (2020-03-05).pdf", (ONE, "2020-03-05", "")),
        (f"{ONE}/letter.v2", (ONE, None, "letter")),
        (f"{ONE}/dr. Claes.2020", (ONE, None, "dr Claes.2020")),
        (f"{ONE}/été.pdf", (ONE, None, "été")),
        (f"{ONE}/\udce9t\x01.pdf", (ONE, None, "t")),
        (f"{ONE}/{ONE}.pdf", (ONE, None, "")),
        (f"{ONE}/{OTHER}.pdf", None),
        ("85073003329/a.pdf", None),  # check digits
        (f"1{ONE}/a.pdf", None),
        (f"{ONE}1/a.pdf", None),
        ("8507/3003328/a.pdf", None),
        ("2020/a.pdf", None),
        ("", None),
    ],
)  # fmt: skip
def test_what_a_path_states(path, expected):
    assert both(path) == expected


SIGNS = st.sampled_from(
    [
        *"0123456789/._- aé",
        ONE,
        OTHER,
        "85.07.30-033.28",
        "2020-03-05",
        "5_3_2020",
        "20200305",
        ".pdf",
        "Rapport",
    ]
)


@given(st.lists(SIGNS, max_size=12).map("".join))
@example(f"{ONE} 2020-03-0512-03-2020")
@example(f"pdf {ONE} 1-2-2020 01-2-2020 é")
def test_reader_and_counter_read_every_path_alike(path):
    both(path)
    both(f"{ONE}/{path}")


TITLES = json.loads((Path(__file__).parents[2] / "vectors" / "documents" / "titles.json").read_text())[
    "titles"
]


def test_titles_are_classified_and_rarely_wrong():
    """400 titles, invented by others than those who wrote the table; the counter has the same kinds (`both`)."""
    told: Counter[tuple[str, str]] = Counter()
    for title, kind in TITLES:
        naming = naming_of(f"{ONE}/{title.replace('/', '-')}.pdf")
        assert naming is not None
        both(f"{ONE}/{title.replace('/', '-')}.pdf")
        told[kind, naming.kind] += 1
    for (kind, found), count in sorted(told.items()):
        print(f"{kind} as {found}: {count}")
    documents = sum(count for (kind, _), count in told.items() if kind != DocumentKind.UNCLASSIFIED)
    answered = sum(count for (_, found), count in told.items() if found != DocumentKind.UNCLASSIFIED)
    right = sum(count for (kind, found), count in told.items() if kind == found != DocumentKind.UNCLASSIFIED)
    assert answered >= 0.8 * documents
    assert right >= 0.98 * answered


@pytest.mark.parametrize(
    "title", ["scan0001", "IMG 20200305", "Document1", "Nieuw document", "divers", "patient", "pdf"]
)
def test_a_title_that_says_nothing_is_not_classified(title):
    naming = naming_of(f"{ONE}/{title}.pdf")
    assert naming is not None
    assert naming.kind is DocumentKind.UNCLASSIFIED


MAIL = b"Received: from a\r\n by b\r\nFrom: x@example.be\r\nMIME-Version: 1.0\r\n\r\ntext"


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"%PDF-1.4 x", f"{ONE}/a.pdf", "document"),
        (b"\xff\xd8\xff\xe0", f"{ONE}.bin", "document"),
        (MAIL, f"{ONE}/mail.eml", "document"),
        ("Cher confrère, votre patient va mieux.".encode("cp1252"), f"{ONE}.txt", "document"),
        (b"<!DOCTYPE html><html><body>x</body></html>", f"{ONE}.htm", "document"),
        (b"A1\\1\\Lab\\\r\nA2\\1\\x\\", f"{ONE}.txt", "healthone"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), f"{ONE}/thumbs.db", None),
        (b"%PDF-1.4 x", "a.pdf", None),
        (b"a;b;c\n1;2;3\n4;5;6\n", f"{ONE}.csv", None),
        (bytes(range(256)), f"{ONE}.bin", None),
        (b"", f"{ONE}.pdf", None),
    ],
)  # fmt: skip
def test_documents_are_told_by_content_and_owner(data, name, expected):
    file = SourceFile(1, len(data), lambda: io.BytesIO(data), Sensitive(name))
    found = choose(file)
    assert (found.name if found else None) == expected


@given(st.binary(max_size=300))
def test_foreign_bytes_never_raise(data):
    is_document(SourceFile(1, len(data), lambda: io.BytesIO(data), Sensitive("x")))
    assert Limits()
