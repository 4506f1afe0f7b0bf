"""How far codes are understood: counted by hand on a small export, in numbers outside and code by code in the sealed report."""

from __future__ import annotations

import csv
import io

from support.practice_in_process import Practices
from support.small_export import code, export, folder, item, transaction, words

from schemas.site_codes import SiteCode

TERMS = {"ceilings": {"degraded_permille": 1000, "quarantined_permille": 1000}}
MAPPED = SiteCode("OLDEMR", "MS", "ICPC", "N86", "Dr A", "list of the practice", "2024-05-06")


def local(value, **more):
    return code(value, "LOCAL", SL="OLDEMR", **more)


ITEMS = [
    *(item("problem", local("TIA", DN="TIA"), words("tia")) for _ in range(3)),
    *(item("problem", local("RTA"), words("rta")) for _ in range(2)),
    *(item("problem", local("MS"), words("ms")) for _ in range(4)),
    item("problem", local("GIVEN") + code("K86", "ICPC", "2"), words("hypertensie")),
    item("problem", local("RTA") + code("K86", "ICPC", "2"), words("hypertensie")),
    item("problem", code("x", "CD-OF-OURS"), words("onbekend")),
    item("medication", code("26625", "CD-VMPGROUP"), words("paracetamol")),
    item("problem", words("zonder code")),
]


def carried(tmp_path, monkeypatch, site_codes):
    source = tmp_path / "export.xml"
    source.write_bytes(
        export(folder("Een", transaction(*ITEMS[:7])), folder("Twee", transaction(*ITEMS[7:])))
    )
    from support import practice_in_process as harness

    made = harness._context

    def with_tables(*args):
        context = made(*args)
        context.site_codes = site_codes
        return context

    monkeypatch.setattr(harness, "_context", with_tables)
    package = Practices(tmp_path, **TERMS).carry(source)
    assert package.error is None, package.error
    lines = csv.reader(io.StringIO(package.report["codes.csv"].decode("utf-8-sig")), delimiter=";")
    _, *rows = lines
    return package, rows


def test_both_denominators_and_the_most_frequent_unmapped_first(tmp_path, monkeypatch):
    package, rows = carried(tmp_path, monkeypatch, {(MAPPED.system, MAPPED.code): MAPPED})
    drafts = package.published.reconciliation.delivery.plan.drafts
    assert drafts.coverage == {
        "codes": {"standard": 2, "given": 1, "mapped": 1, "unmapped": 3},
        "records": {"standard": 3, "mapped": 4, "unmapped": 6},
    }
    found = [(row[0], row[1], row[2], row[4], row[5], row[7]) for row in rows]
    assert found == [
        ("OLDEMR", "TIA", "TIA", "3", "3", ""),
        ("OLDEMR", "RTA", "", "3", "2", ""),
        ("CD-OF-OURS", "x", "", "1", "1", ""),
        ("OLDEMR", "MS", "", "4", "4", "N86"),
        ("OLDEMR", "GIVEN", "", "1", "0", ""),
        ("ICPC", "K86", "", "2", "0", ""),
        ("CD-VMPGROUP", "26625", "", "1", "0", ""),
    ]
    assert rows[3][8:] == ["Dr A", "list of the practice", "2024-05-06"]


def test_an_abbreviation_means_nothing_without_a_table_and_a_table_changes_no_chart(tmp_path, monkeypatch):
    package, rows = carried(tmp_path, monkeypatch, {})
    coverage = package.published.reconciliation.delivery.plan.drafts.coverage
    assert coverage["codes"] == {"standard": 2, "given": 1, "mapped": 0, "unmapped": 4}
    assert coverage["records"] == {"standard": 3, "mapped": 0, "unmapped": 10}
    assert [row[1] for row in rows[:3]] == ["MS", "TIA", "RTA"]
    assert not any(b"N86" in chart for chart in package.charts.values())
