"""Every sample tiles exactly, agrees with the oracle, and reads back as what it is."""

from __future__ import annotations

import re

import pytest
from inventory_case import KEY, LOOSE, Count, account, digests, sample_files
from inventory_oracle import Oracle


def test_every_kmehr_sample_tiles_and_agrees_with_the_oracle(shared, capsys):
    files = sample_files(shared, "kmehr")
    assert len(files) > 20
    units = 0
    for path in files:
        content = path.read_bytes()
        count = Count(content)
        count.check(content)
        oracle = Oracle(content, KEY)
        found = [
            (r["unit"], r["kind"], r["digest"])
            for r in count.rows
            if "#" not in r["unit"] and r["kind"] not in LOOSE
        ]
        assert [u[:2] for u in sorted(found)] == [u[:2] for u in sorted(oracle.units)], path.name
        assert sorted(found) == sorted(oracle.units), path.name
        units += len(found)
        comment = re.search(rb"<!--.*?-->", content, re.DOTALL)
        assert count.loose == ({"1/0": ("remark", comment[0])} if comment else {}), path.name
    with capsys.disabled():
        print(f" [{len(files)} files, {units} units]", end="")


def test_every_kmehr_sample_reads_back_as_it_is(shared):
    for path in sample_files(shared, "kmehr"):
        content = path.read_bytes()
        for piece in (7, 100_000):
            assert digests(account(content, piece)) == Count(content).plain, path.name


def test_spans_of_a_unit_are_its_bytes(shared):
    content = (shared / "samples/kmehr/_ours/smf_reference.xml").read_bytes()
    count = Count(content)
    for row in count.rows:
        raw = count.bytes_of(content, row)
        assert raw.startswith(b"<")
        assert raw.endswith(b">")
    heads = [count.bytes_of(content, r) for r in count.rows if r["kind"] == "transaction"]
    assert all(h.startswith(b"<transaction>") and h.endswith(b"</transaction>") for h in heads)
    assert not any(b"<item" in h or b"<lnk" in h for h in heads)


def test_books_of_the_reference(shared):
    count = Count((shared / "samples/kmehr/_ours/smf_reference.xml").read_bytes())
    kinds = [r["record_kind"] for r in count.rows if r["kind"] == "transaction"]
    assert kinds == [
        "patient_records",
        "patient_records",
        "lab_results",
        "hospital_notices",
        "specialist_reports",
        "patient_records",
    ]
    assert {r["responsible"] for r in count.rows} == {None, "19999054"}
    assert count.patients == [
        {"patient": 1, "file": 1, "unit": "1/1.2", "inss": None, "last_seen": "2026-01-01", "key": None}
    ]


@pytest.mark.parametrize("name", ["healthone"])
def test_every_healthone_sample_tiles(shared, name):
    files = sample_files(shared, name)
    assert files
    for path in files:
        content = path.read_bytes()
        count = Count(content, name)
        count.check(content)
        for row in count.rows:
            raw = count.bytes_of(content, row)
            assert raw[:1] in b"AL"
            assert raw.count(b"\n") <= 1
