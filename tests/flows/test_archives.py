"""A disk with archives in it gives the charts of the same disk unpacked, and what stays closed is on the work list."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
import zipfile
from pathlib import Path

from support.practice_in_process import Practices

CASES = Path(__file__).resolve().parents[1] / "vectors" / "cases"
GENEROUS = {"degraded_permille": 1000, "quarantined_permille": 1000}
SMF = CASES / "R7-own-message-transaction.xml"
LAB = (
    b"A1\\1\\Labo Test\\\r\nA2\\1\\PEETERS\\Jan\\M\\01021960\\\r\nA4\\1\\Dr A\\05032020\\0830\\C\\\r\n"
    b"L1\\1\\GLU\\Glucose\\70-105\\mg/dl\\\\88\\\r\nEND\r\n"
)


def packed(folder: Path) -> None:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        info = tarfile.TarInfo("mail/lab.txt")
        info.size = len(LAB)
        archive.addfile(info, io.BytesIO(LAB))
    with zipfile.ZipFile(folder / "backup.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(SMF, "smf/patient.xml")
        archive.writestr("labs.tgz", gzip.compress(tar.getvalue()))
        archive.writestr("__MACOSX/._labs.tgz", b"x")
        archive.writestr("old.zip", b"PK\x03\x04 not a zip any more")


def unpacked(folder: Path) -> None:
    (folder / "patient.xml").write_bytes(SMF.read_bytes())
    (folder / "zlab.txt").write_bytes(LAB)


def said(chart: bytes) -> str:
    """A chart without what differs from run to run."""
    return re.sub(
        r"run-[0-9a-f]{16}|reprise[-.][0-9a-f-]+|\d+/\d+(?:\.\d+)*(?:#[\d.]+)?|healthone:\S+?(?=<)",
        "",
        chart.decode(),
    )


def test_archives_are_read_as_if_unpacked(tmp_path):
    found = {}
    for make in (packed, unpacked):
        source = tmp_path / make.__name__
        source.mkdir()
        make(source)
        found[make] = Practices(tmp_path / f"home-{make.__name__}", ceilings=GENEROUS).carry(source)
        assert found[make].exit_code == 0
    charts = {make: sorted(map(said, package.charts.values())) for make, package in found.items()}
    assert len(charts[packed]) == 2
    assert charts[packed] == charts[unpacked]
    work_list = json.loads(found[packed].report["work-list.json"])
    assert "archive" in json.dumps(work_list)
    (closed,) = [
        name for name in found[packed].report if name.startswith("quarantine/") and "archive_unopened" in name
    ]
    assert found[packed].report[closed] == b"PK\x03\x04 not a zip any more"
