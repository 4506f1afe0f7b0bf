"""Drafts of mapping files for unknown tables, written from their profiles: they hold no value of a cell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from schemas.errors import MappingError
from schemas.header_words import is_sayable
from schemas.mapping import DATES, REPEATED
from schemas.table_profile import ColumnProfile, TableProfile

_HEAD = """\
# A draft: nobody has reviewed it, and no run uses it. docs/formats/delimited.md says how to complete it.
# File {file} of the export (counted by path), {rows} rows, read as {encoding}. The counts are of the whole table; numbers
# below five are not said. Where a name is `?`, type it as the first line of the table has it.
version: 1
set: draft
table: table-{file}
owner: '?'
status: draft
file: {{delimiter: {delimiter}, quote: double, encoding: detect}}
columns:
"""


def prepare_folder(folder: Path) -> None:
    """Make the folder for drafts. Raises MappingError: draft_folder_used, draft_folder_unusable."""
    used = False
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        used = any(folder.iterdir())
    except OSError:
        used = True
    if used:
        raise MappingError("draft_folder_used")


def write_drafts(folder: Path, tables: Iterable[TableProfile]) -> None:
    """Write one file a table, named by the ordinal of its file in the export."""
    for table in tables:
        (folder / f"table-{table.file}.yaml").write_text(draft_of(table), encoding="utf-8")


def drafted_files(folder: Path) -> list[Path]:
    """Returns the drafts in a folder."""
    return sorted(folder.glob("table-*.yaml"))


def draft_of(table: TableProfile) -> str:
    """Returns the draft: a column is proposed for a target where words and values agree on it, else carried as text.

    Raises MappingError (draft_name_unsafe) if the name of a column holds a word that is not in the closed list.
    """
    head = _HEAD.format(file=table.file, rows=table.rows, encoding=table.encoding, delimiter=table.delimiter)
    taken: set[str] = set()
    return head + "".join(line for column in table.columns for line in _lines(column, taken))


def _lines(column: ColumnProfile, taken: set[str]) -> Iterator[str]:
    if column.name and not is_sayable(column.name):
        raise MappingError("draft_name_unsafe")
    shapes = ", ".join(f"{shape} {share}" for shape, share in column.shapes.items()) or "none"
    yield f"  # filled: {column.filled}; different values: {column.different}; kinds: {shapes}\n"
    target, rule = _proposal(column)
    if target in taken and target not in REPEATED:
        target, rule = "text", "{kind: as_is}"
    taken.add(target)
    if column.meaning and target == "text":
        yield f"  # likely {column.meaning}{_open_question(column)}\n"
    name = json.dumps(column.name or "?", ensure_ascii=False)
    yield (
        f"  - {{column: {name}, target: {target}, rule: {rule}, missing: leave_empty, invalid: as_text,"
        " owner: '?', status: draft}\n"
    )


def _open_question(column: ColumnProfile) -> str:
    if column.meaning.rpartition(".")[2] in DATES:
        return f"; patterns that fit every cell: {', '.join(column.patterns) or 'none'}"
    return "; what its values mean must be stated in a table"


def _proposal(column: ColumnProfile) -> tuple[str, str]:
    """The target and rule on which words and values agree; a text where a person must choose."""
    rule = _rule(column, column.meaning.rpartition(".")[2]) if column.meaning else ""
    return (column.meaning, rule) if rule else ("text", "{kind: as_is}")


def _rule(column: ColumnProfile, field: str) -> str:
    """The rule of a field; empty if only a person can state it."""
    if field in DATES:
        return f"{{kind: date, pattern: '{column.patterns[0]}'}}" if len(column.patterns) == 1 else ""
    if field == "code":
        return f"{{kind: code, system: {column.system}}}" if column.system else ""
    if field == "value" and column.decimal:
        return f"{{kind: number, decimal: {column.decimal}}}"
    own = {"national_number": "{kind: national_number}", "sex": ""}
    return own.get(field, "{kind: as_is}")
