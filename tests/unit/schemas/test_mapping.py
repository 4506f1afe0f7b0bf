"""Mapping files: read strictly; what is wrong is named by field and ordinals, never by content."""

from __future__ import annotations

import pytest

from schemas.errors import MappingError
from schemas.header_words import is_sayable
from schemas.mapping_files import LARGEST, Mappings, parse_mapping, read_folder, shipped
from schemas.table_profile import said, share

HEAD = """version: 1
set: a
table: b
owner: X
status: reviewed
reviewed: 2026-11-30
file: {delimiter: comma}
columns:
"""
COLUMN = "  - {{column: {0}, target: {1}, rule: {2}, missing: {3}, invalid: as_text, owner: X, status: reviewed{4}}}\n"


def column(name="no", target="text", rule="{kind: as_is}", missing="leave_empty", more="") -> str:
    return COLUMN.format(name, target, rule, missing, more)


def refusal(text: str) -> MappingError:
    with pytest.raises(MappingError) as caught:
        parse_mapping(text.encode(), 3)
    assert "Geheim" not in str(caught.value)
    return caught.value


def test_every_value_is_a_text():
    mapping = parse_mapping(
        (
            HEAD + column() + column("012", "patient.sex", "{kind: table, values: {1: male, no: female}}")
        ).encode()
    )
    assert mapping.header == ("no", "012")
    assert mapping.columns[1].rule.values == {"1": "male", "no": "female"}
    assert mapping.is_reviewed


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (HEAD + column() + column(missing="Geheim"), "columns.missing"),
        (HEAD + column() + column(target="patient.Geheim"), "columns.target"),
        (HEAD + column() + column(rule="{kind: Geheim}"), "columns.rule.kind"),
        (HEAD + column() + column(rule="{kind: as_is, Geheim: 1}"), "columns.rule"),
        (HEAD + column() + column(more=", Geheim: 1"), "columns"),
        (HEAD.replace("table: b", "table: Geheim") + column() * 2, "table"),
        (HEAD.replace("comma", "Geheim") + column() * 2, "file.delimiter"),
        (HEAD + column(), "columns"),
        (HEAD + "Geheim: x\n", "columns"),
        ("Geheim: [", None),
        ("a: &Geheim 1\nb: *Geheim\n", None),
        (HEAD + "table: Geheim\n" + column() * 2, None),
        (HEAD.replace("owner: X", "owner: X\nowner: Geheim") + column() * 2, None),
        ("\x00Geheim", None),
        ("- Geheim", None),
    ],
)
def test_what_is_malformed_is_named_by_its_field(text, field):
    error = refusal(text)
    assert error.code == "mapping_malformed"
    assert error.facts.get("field") == field
    assert error.facts["file"] == 3


@pytest.mark.parametrize(
    ("second", "field", "ordinal"),
    [
        (column("b", "problem.begin"), "columns.rule", 2),
        (column("b", "problem.begin", "{kind: date, pattern: dd/mm}"), "columns.rule", 2),
        (column("b", "problem.begin", "{kind: date, pattern: ddyyyy}"), "columns.rule", 2),
        (column("b", "problem.begin", "{kind: date, pattern: dmyyyy}"), "columns.rule", 2),
        (column("b", "problem.begin", "{kind: date, pattern: yyyymmddmm}"), "columns.rule", 2),
        (column("b", "contact.date", "{kind: date, pattern: mm/yyyy}"), "columns.rule", 2),
        (column("b", "patient.sex", "{kind: table, values: {x: Geheim}}"), "columns.rule", 2),
        (column("b", "left_out"), "columns.reason", 2),
        (column("b", "text", more=", reason: Geheim"), "columns.reason", 2),
        (column("' b'"), "columns.column", 2),
        (column("b", "problem.label") + column("c", "problem.label"), "columns.target", 3),
        (column("b", more="").replace("reviewed}", "draft}"), "columns.status", 0),
    ],
)
def test_what_contradicts_itself_is_named_by_its_column(second, field, ordinal):
    error = refusal(HEAD + column() + second)
    assert [error.code, error.facts["field"], error.facts["column"]] == [
        "mapping_contradictory",
        field,
        ordinal,
    ]


def test_two_dates_of_one_transaction_are_a_contradiction():
    date = "{kind: date, pattern: yyyy-mm-dd}"
    error = refusal(HEAD + column("a", "contact.date", date) + column("b", "measurement.date", date))
    assert error.facts["field"] == "columns.target"


def test_a_review_has_its_day():
    assert refusal(HEAD.replace("reviewed: 2026-11-30\n", "") + column() * 2).facts["field"] == "reviewed"


def test_a_folder_is_read_whole(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.yaml").write_text(HEAD + column("a") + column("b"))
    (tmp_path / "note.txt").write_text("no mapping")
    (mapping,) = read_folder(tmp_path)
    assert mapping in Mappings.of_site(tmp_path).reviewed
    (tmp_path / "y.yaml").write_text((HEAD + column("a") + column("b")).replace("table: b", "table: c"))
    with pytest.raises(MappingError, match="mapping_header_twice"):
        _ = Mappings.of_site(tmp_path).reviewed
    (tmp_path / "y.yaml").write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(MappingError, match="mapping_too_large"):
        read_folder(tmp_path)
    with pytest.raises(MappingError, match="mapping_folder_missing"):
        read_folder(tmp_path / "none")


def test_those_of_reprise_are_reviewed():
    assert {mapping.table for mapping in shipped()} >= {"patients", "conditions", "observations"}
    assert all(mapping.is_reviewed for mapping in shipped())


def test_small_numbers_are_not_said():
    assert [said(n) for n in (0, 1, 4, 5)] == ["none", "fewer than five", "fewer than five", "5"]
    assert [share(n, 100) for n in (0, 1, 5, 95, 96, 100)] == [
        "none", "fewer than five", "5 %", "95 %", "all but fewer than five", "all",
    ]  # fmt: skip
    assert [share(n, 4) for n in (1, 2, 4)] == ["fewer than five", "fewer than five", "all"]


@pytest.mark.parametrize(
    "name", ["Naam", "date_naissance", "birthDate", "Nom du patient", "Code (ICPC2)", "N° patient"]
)
def test_names_of_known_words_are_said(name):
    assert is_sayable(name)


@pytest.mark.parametrize(
    "name", ["Peeters", "Naam Peeters", "naamPeeters", "Naam 85073003328", "", "12", "Datum 1985", "x" * 50]
)
def test_other_names_are_not(name):
    assert not is_sayable(name)
