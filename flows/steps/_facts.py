"""The relation `facts` that the contracts of a suite read (`schemas.contract_rules`), over one batch of a staged table.

Of an item, dates, codes and unit lie among the texts of its shape. Their places are looked up once a shape (`places_of`), and
duckdb takes the texts from there. Of the patient, what all rows of one folder state alike; where two differ, it is not stated.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors.targets.skeleton import skeleton_of
from connectors.targets.tree import Node
from schemas.contract_tables import sex_specific
from schemas.contracts import Suite, dates_read
from schemas.tables import TABLES

_BASE = ("unit", "file", "patient")
_OF_PERSON = ("birth", "death", "sex")
_DATED = ("date", "yearmonth", "year")
_MEASURED = ("CD-PARAMETER", "CD-LAB")
_CODED = {row.scheme: row.version for row in sex_specific()}
# Zeros state nothing, and what follows a date (a time, a zone) is not compared.
_MACROS = """
CREATE TEMP MACRO written(x) AS regexp_extract(trim(x), '^([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)([-T+Z ].*)?$', 1);
CREATE TEMP MACRO stated(x) AS nullif(regexp_replace(written(x), '^0000.*|-00.*', ''), '');
CREATE TEMP MACRO is_day(d) AS CASE length(d) WHEN 10 THEN try_cast(d AS DATE) IS NOT NULL
    WHEN 7 THEN substr(d, 6, 2) BETWEEN '01' AND '12' ELSE d IS NOT NULL END;
CREATE TEMP MACRO day_of(x) AS CASE WHEN is_day(stated(x)) THEN stated(x) END;
CREATE TEMP MACRO unreadable(x) AS coalesce(trim(x) <> '' AND (written(x) = '' OR NOT is_day(stated(x))) AND
    NOT (written(x) <> '' AND stated(x) IS NULL), false);
"""
_PEOPLE = """
CREATE OR REPLACE TEMP TABLE people AS SELECT patient,
    CASE WHEN count(DISTINCT birth) = 1 THEN any_value(birth) END AS birth,
    CASE WHEN count(DISTINCT death) = 1 THEN any_value(death) END AS death,
    CASE WHEN count(DISTINCT sex) = 1 THEN any_value(sex) END AS sex
FROM person_rows GROUP BY patient
"""
_ITEM = """, r.texts[p.begin] AS begin_date, r.texts[p.finish] AS end_date, r.texts[p.unit] AS unit_code,
    p.scheme || '|' || trim(r.texts[p.code]) AS quantity_code,
    list_transform(p.icpc, lambda place: r.texts[place]) AS icpc, list_transform(p.icd, lambda place: r.texts[place]) AS icd"""


class Places(NamedTuple):
    """Where the texts of a shape hold what contracts read, counted from 1; None: nowhere."""

    begin: int | None
    finish: int | None
    scheme: str | None  # of the code that says what is measured
    code: int | None
    unit: int | None
    icpc: tuple[int, ...]
    icd: tuple[int, ...]


@lru_cache(4096)
def places_of(shape: str) -> Places:
    """The places in an item's shape."""
    item = skeleton_of(shape).root
    contents = [child for child in item.children if child.name == "content"]
    codes = [child for holder in (item, *contents) for child in holder.children if child.name == "cd"]
    measured = [code for code in codes if code.attributes.get("S") in _MEASURED and code.hole >= 0]
    units = [code for content in contents for code in _below(content, "unit", "cd") if code.hole >= 0]
    first = measured[0] if len(measured) == 1 else None
    return Places(
        _moment(item, "beginmoment"),
        _moment(item, "endmoment"),
        first.attributes["S"] if first is not None else None,
        first.hole + 1 if first is not None else None,
        units[0].hole + 1 if len(units) == 1 else None,
        _of_scheme(codes, "ICPC"),
        _of_scheme(codes, "ICD"),
    )


def _moment(item: Node, name: str) -> int | None:
    found = [node for kind in _DATED for node in _below(item, name, kind) if node.hole >= 0]
    return found[0].hole + 1 if len(found) == 1 else None


def _below(node: Node, name: str, inner: str) -> Iterator[Node]:
    for child in node.children:
        if child.name == name:
            yield from (each for each in child.children if each.name == inner)


def _of_scheme(codes: list[Node], scheme: str) -> tuple[int, ...]:
    version = _CODED.get(scheme, "")
    return tuple(
        code.hole + 1
        for code in codes
        if code.attributes.get("S") == scheme
        and code.hole >= 0
        and code.attributes.get("SV", "").partition(".")[0].startswith(version)
    )


def prepare(connection: duckdb.DuckDBPyConnection, people: pa.Table, today: str) -> None:
    """Make the macros of dates and the table of people. `today`: the day of the run, yyyy-mm-dd."""
    for statement in _MACROS.split(";")[:-1]:
        connection.execute(statement)
    connection.register("person_rows", people)
    connection.execute(_PEOPLE)
    connection.execute("CREATE OR REPLACE TEMP TABLE run AS SELECT $1::VARCHAR AS today", [today])


def columns_of(suite: Suite) -> list[str]:
    """The columns of the staged table that the suite's facts are made of."""
    known = TABLES[suite.staged].names
    wanted = {*_BASE, *(column for column in suite.reads if column in known)}
    if suite.kind is not None:
        wanted.add("kind")
    if suite.table == "item":
        wanted |= {"name", "shape", "texts"}
    return sorted(wanted)


def register_facts(connection: duckdb.DuckDBPyConnection, suite: Suite, batch: pa.RecordBatch) -> None:
    """Make the relation `facts` of one batch."""
    if suite.kind is not None:
        batch = batch.filter(pc.equal(batch["kind"], suite.kind))
    taken, joined = "", ""
    if suite.table == "item":
        batch = _with_shape_number(connection, batch)
        taken, joined = _ITEM, " JOIN places p ON p.shape_number = r.shape_number"
    connection.register("rows", pa.Table.from_batches([batch]))
    persons = [name for name in _OF_PERSON if name in suite.reads and name not in batch.schema.names]
    if persons:
        taken += "".join(f", w.{name}" for name in persons)
        joined += " LEFT JOIN people w ON w.patient = r.patient"
    dates = "".join(
        f", day_of({name}) AS {name}_day, unreadable({name}) AS {name}_unreadable"
        for name in dates_read(suite)
    )
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW facts AS"  # noqa: S608 - our own names
        f" SELECT *{dates} FROM (SELECT r.*{taken}, run.today FROM rows r{joined} CROSS JOIN run)"
    )


def _with_shape_number(connection: duckdb.DuckDBPyConnection, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Put the number of each row's shape in place of the shape, and register the places of the shapes."""
    shapes = batch["shape"]
    used = pc.unique(shapes.indices).to_pylist()
    known = shapes.dictionary.to_pylist()
    found = [places_of(known[number]) for number in used]
    columns = {
        name: pa.array([getattr(places, name) for places in found], kind) for name, kind in _TYPES.items()
    }
    connection.register("places", pa.table({"shape_number": pa.array(used, pa.int32()), **columns}))
    kept = [name for name in batch.schema.names if name != "shape"]
    return pa.record_batch([*(batch[name] for name in kept), shapes.indices], names=[*kept, "shape_number"])


_PLACE = pa.int32()
_TYPES = {
    "begin": _PLACE, "finish": _PLACE, "scheme": pa.string(), "code": _PLACE, "unit": _PLACE,
    "icpc": pa.list_(_PLACE), "icd": pa.list_(_PLACE),
}  # fmt: skip
