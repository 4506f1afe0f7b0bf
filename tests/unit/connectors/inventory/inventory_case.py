"""What the tests of the counters share: counting bytes, reading back bytes, small KMEHR files."""

from __future__ import annotations

import hashlib
import html
import io
import re
from collections import Counter
from pathlib import Path

from connectors.base import Batch, Limits, SourceFile, Tiling
from connectors.inventory.delivered.chart import ChartAccount, DeliveredChart
from connectors.inventory.registry import counter_for

LOOSE = ("loose_text", "remark")
KEY = b"a key of thirty-two bytes, no more"[:32]
TOKEN = "run-of-this-test"  # what the marks of the run carry
MADE = f'<id S="LOCAL" SV="{TOKEN}" SL="MF-ID">reprise-6ba7b810-9dad-11d1-80b4-000000000001</id>'
"""An MF-ID of our making."""
HEADER = (
    '<header><standard><cd S="CD-STANDARD" SV="1.7">20131001</cd></standard><sender><hcparty>'
    '<id S="ID-HCPARTY" SV="1.0">19999054004</id><cd S="CD-HCPARTY" SV="1.6">persphysician</cd>'
    "<firstname>A</firstname><familyname>B</familyname></hcparty></sender></header>"
)
PATIENT = (
    '<patient><id S="INSS" SV="1.0">85073003328</id><firstname>J</firstname><familyname>E</familyname>'
    '<sex><cd S="CD-SEX" SV="1.0">male</cd></sex></patient>'
)


def source(content: bytes, ordinal: int = 1) -> SourceFile:
    return SourceFile(ordinal, len(content), lambda: io.BytesIO(content))


class Count:
    """Rows, patients and tiling of one counted file."""

    def __init__(self, content: bytes, name: str = "kmehr", limits: Limits | None = None, ordinal: int = 1):
        self.content = content
        self.rows: list[dict] = []
        self.patients: list[dict] = []
        self.tiling: Tiling | None = None
        for piece in counter_for(name).count(source(content, ordinal), 1, KEY, limits or Limits()):
            assert self.tiling is None
            if isinstance(piece, Tiling):
                self.tiling = piece
            elif isinstance(piece, Batch):
                target = {"counted_unit": self.rows, "counted_patient": self.patients}[piece.table]
                target += piece.rows.to_pylist()

    @property
    def facts(self) -> Counter:
        return Counter(row["digest"] for row in self.rows if row["kind"] not in LOOSE)

    @property
    def loose(self) -> dict[str, tuple[str, bytes]]:
        """What lies in no unit: kind and bytes by path."""
        return {
            r["unit"]: (r["kind"], self.bytes_of(self.content, r)) for r in self.rows if r["kind"] in LOOSE
        }

    @property
    def plain(self) -> Counter:
        """The facts without those of lab messages found in texts and attachments."""
        return Counter(
            row["digest"] for row in self.rows if "#" not in row["unit"] and row["kind"] not in LOOSE
        )

    def one(self, kind: str) -> dict:
        (row,) = [row for row in self.rows if row["kind"] == kind]
        return row

    def bytes_of(self, content: bytes, row: dict) -> bytes:
        return b"".join(content[s["start"] : s["end"]] for s in row["spans"])

    def check(self, content: bytes) -> None:
        """Add everything up again, from the rows alone."""
        tiling = self.tiling
        assert tiling.size == len(content)
        owners = bytearray(len(content))
        for row in self.rows:
            for span in row["spans"]:
                assert 0 <= span["start"] < span["end"] <= len(content)
                assert not any(owners[span["start"] : span["end"]])
                owners[span["start"] : span["end"]] = b"\1" * (span["end"] - span["start"])
        assert sum(owners) == tiling.unit_bytes
        aside = tiling.structural_bytes + sum(tiling.ignored_bytes.values())
        assert tiling.unit_bytes + aside == tiling.size
        assert Counter(row["kind"] for row in self.rows) == Counter(tiling.units)
        units = [row["unit"] for row in self.rows]
        assert len(set(units)) == len(units)
        assert len(self.patients) == tiling.patients


class Prose:
    """Texts that stand for elements, and the list of their originals: the target's statement, written a second time."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def text(self, element: str, words: str | None = None, copy: str = "") -> str:
        """A text for the element; by default its words are all that stands between and in its tags."""
        if words is None:
            quoted = re.findall(r"=(?:'([^']*)'|\"([^\"]*)\")", element)
            words = " ".join(["".join(each) for each in quoted] + re.split(r"<.*?>", element))
        number = len(self.entries) + 1
        words = f"{html.unescape(words)} [Reprise {number}]"
        digest = hashlib.sha256(words.encode()).hexdigest()[:16]
        labels = f"n='{number}' text='{digest}'" + (f" copy='{copy}'" if copy else "")
        self.entries.append(f"<original {labels}>{element}</original>")
        return f"<text L='fr'>{html.escape(words)}</text>"

    def document(self) -> bytes:
        return f"<originals>{''.join(self.entries)}</originals>".encode()


def account(content: bytes, piece: int = 4096, originals: bytes = b"") -> ChartAccount:
    chart = DeliveredChart(KEY, TOKEN, originals)
    for start in range(0, len(content), piece):
        chart.feed(content[start : start + piece])
    return chart.close()


def digests(chart: ChartAccount) -> Counter:
    return Counter(unit.digest for unit in chart.units if unit.kind not in LOOSE)


def transaction(kind: str = "contactreport", body: str = "", ids: str = "", date: str = "2015-02-03") -> str:
    return (
        f'<transaction><id S="ID-KMEHR" SV="1.0">1</id>{ids}<cd S="CD-TRANSACTION" SV="1.5">{kind}</cd>'
        f"<date>{date}</date><time>09:30:00</time><author><hcparty>"
        '<id S="ID-HCPARTY" SV="1.0">19999054004</id><cd S="CD-HCPARTY" SV="1.6">persphysician</cd>'
        "</hcparty></author><iscomplete>true</iscomplete><isvalidated>true</isvalidated>"
        f"{body}</transaction>"
    )


def item(text: str = "toux", more: str = "", mf_id: str = "i-1", kind: str = "healthcareelement") -> str:
    return (
        f'<item><id S="ID-KMEHR" SV="1.0">1</id><id S="LOCAL" SV="1.0" SL="MF-ID">{mf_id}</id>'
        f'<cd S="CD-ITEM" SV="1.6">{kind}</cd><content><text L="fr">{text}</text></content>{more}</item>'
    )


def message(*transactions: str, patient: str = PATIENT, tail: str = "") -> bytes:
    body = "".join(transactions)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><kmehrmessage xmlns="http://www.ehealth.fgov.be/standards/kmehr'
        f'/schema/v1">{HEADER}<folder><id S="ID-KMEHR" SV="1.0">1</id>{patient}{body}{tail}</folder></kmehrmessage>'
    ).encode()


def sample_files(shared: Path, kind: str) -> list[Path]:
    folder = shared / "samples" / kind
    return sorted(p for p in folder.rglob("*") if p.is_file() and "expected" not in p.parts)
