"""Laboratory files of their own go the whole way: alone, beside KMEHR, and under a narrower instruction."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.whole_run import WholeRun

SAME_PATIENT = ("healthone-lab-cp850.lab", "again.lab")


@pytest.fixture
def export(shared, tmp_path) -> Path:
    folder = tmp_path / "export"
    folder.mkdir()
    for path in (shared / "samples/healthone").iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    # What says the same twice is read once: the second message has another value.
    again = (folder / SAME_PATIENT[0]).read_bytes().replace(b"10.9", b"10.8").replace(b"10,9", b"10,8")
    (folder / SAME_PATIENT[1]).write_bytes(again)
    return folder


def charts(case: WholeRun) -> list[str]:
    return [data.decode() for name, data in case.content().items() if name.startswith("CHART")]


@pytest.mark.slow
def test_alone_every_line_is_delivered(export, tmp_path):
    case = WholeRun(tmp_path / "trial", export)
    result = case.start()
    counted = result.counts["inventory"]["units"]
    assert set(counted) == {"message_header", "result", "comment"}
    assert result.dispositions["delivered"] == sum(counted.values()) == sum(result.dispositions.values())
    assert result.counts["inventory"]["units"]["result"] == 7 + 45 + 23 + 4 + 4
    # The two messages of one number share a chart, and so do the two messages of one person without a number.
    assert len(charts(case)) == len(list(export.iterdir())) - 2
    case.nothing_left()


@pytest.mark.slow
def test_beside_kmehr_files(export, shared, tmp_path):
    shutil.copy(shared / "samples/kmehr/_ours/smf_reference.xml", export / "0.xml")
    case = WholeRun(tmp_path / "trial", export)
    result = case.start()
    assert result.dispositions["degraded"] == 0
    assert result.counts["extract"]["rejects"] == {"remark": 1}
    assert {"transaction", "item", "result", "message_header"} <= set(result.counts["inventory"]["units"])
    case.nothing_left()


@pytest.mark.slow
def test_letters_out_of_scope_are_not_staged(export, tmp_path):
    case = WholeRun(tmp_path / "trial", export, kinds=["lab_results"])
    result = case.start()
    assert result.dispositions["out_of_scope"] == 9 + 22 + 8  # the lines of the three letters
    assert all(">labresult</cd>" in chart for chart in charts(case))
    assert len(charts(case)) == 4
    case.nothing_left()


@pytest.mark.slow
def test_all_flat_formats_in_one_export(shared, tmp_path):
    folder = tmp_path / "export"
    folder.mkdir()
    for name in ("healthone", "medidoc", "medar", "hl7v2", "fhir"):
        for path in (shared / "samples" / name).iterdir():
            if path.is_file() and not path.name.startswith("LICENSE"):
                shutil.copy(path, folder / f"{name}-{path.name}")
    # Of its five messages one has a damaged header (3 lines), and one no patient (2 lines).
    # Of the four of the NDJSON file two are refused, each of them one unit.
    vectors = Path(__file__).parents[1] / "vectors/messages"
    for path in (vectors / "hl7/batch.txt", vectors / "fhir/ndjson.txt"):
        shutil.copy(path, folder)
    case = WholeRun(tmp_path / "trial", folder)
    result = case.start()
    counted = result.counts["inventory"]["units"]
    assert counted["result"] == 79 + 51 + 2 + (3 + 2 + 3 + 1 + 1) + (16 + 1 + 2 + 3 + 21 + 21 + 5 + 1)
    assert result.dispositions["quarantined"] == 3 + 2 + 2
    assert result.dispositions["delivered"] + 7 == sum(counted.values()) == sum(result.dispositions.values())
    found = charts(case)
    # Of one report in FHIR two versions came: the earlier one, with 21 results, gives no items.
    assert sum(chart.count('SL="REPRISE-DERIVED"') for chart in found) == counted["result"] - 21
    assert not any("L1\\" in chart or "#R" in chart or "0001262001234R" in chart for chart in found)
    # Bob and Aline Specimen have a number in every format that carries one: one chart each.
    assert sum(">85073003328<" in chart for chart in found) == 1
    case.nothing_left()
