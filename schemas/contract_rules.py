"""The rules of data contracts as SQL conditions over one row (duckdb), from which its outcome follows.

A date column `x` stands in the relation three times: as it came, as `x_day` (year, month and day as far as it states them; null
if it states none), and as `x_unreadable` (it states something that is no date). Dates are compared by the parts that both state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from schemas.contract_tables import code_quantities, sex_specific, unit_quantities
from schemas.errors import ContractError

DATES = frozenset({"birth", "death", "date", "begin_date", "end_date", "today"})


class Conditions(NamedTuple):
    """When a row cannot be judged, when the contract is about it, and when it breaks the contract; as SQL."""

    error: str
    applies: str
    fails: str


def conditions(raw: Mapping[str, Any]) -> Conditions:
    """The conditions of a contract's rule, limited to some kinds of items if it says so. Raises ContractError (unknown_rule)."""
    rule = str(raw["rule"])
    if rule not in _RULES:
        raise ContractError("unknown_rule", case=rule)
    found = _RULES[rule](raw)
    about = _about(raw)
    return Conditions(f"{about} AND ({found.error})", f"{about} AND ({found.applies})", found.fails)


def columns_of(raw: Mapping[str, Any]) -> frozenset[str]:
    """The columns that the rule reads."""
    named = {str(raw[key]) for key in ("column", "other") if key in raw}
    extra = {"unit_possible": {"unit_code"}, "sex_possible": {"icd", "sex"}}
    return frozenset(named | extra.get(str(raw["rule"]), set()))


def outcome(found: Conditions) -> str:
    """The expression that gives the outcome of a row."""
    return (
        f"CASE WHEN ({found.error}) IS TRUE THEN 'error' WHEN ({found.applies}) IS NOT TRUE THEN 'not_applicable'"
        f" WHEN ({found.fails}) IS TRUE THEN 'failed' ELSE 'passed' END"
    )


def _about(raw: Mapping[str, Any]) -> str:
    if "kinds" in raw:
        return f"coalesce(name, '') IN ({_listed(raw['kinds'])})"
    if "except_kinds" in raw:
        return f"coalesce(name, '') NOT IN ({_listed(raw['except_kinds'])})"
    return "true"


def _always(fails: Callable[[str], str]) -> Callable[[Mapping[str, Any]], Conditions]:
    return lambda raw: Conditions("false", "true", fails(str(raw["column"])))


def _where_stated(
    fails: Callable[[str, Mapping[str, Any]], str],
) -> Callable[[Mapping[str, Any]], Conditions]:
    def compiled(raw: Mapping[str, Any]) -> Conditions:
        column = str(raw["column"])
        return Conditions("false", f"{column} IS NOT NULL", fails(column, raw))

    return compiled


def _not_after(raw: Mapping[str, Any]) -> Conditions:
    one, other = str(raw["column"]), str(raw["other"])
    if not {one, other} <= DATES:
        raise ContractError("unknown_rule", case=f"not_after_{one}_{other}")
    both = f"least(length({one}_day), length({other}_day))"
    return Conditions(
        f"({one}_unreadable AND ({other}_unreadable OR {other}_day IS NOT NULL))"
        f" OR ({other}_unreadable AND {one}_day IS NOT NULL)",
        f"{one}_day IS NOT NULL AND {other}_day IS NOT NULL",
        f"left({one}_day, {both}) > left({other}_day, {both})",
    )


def _unit_possible(raw: Mapping[str, Any]) -> Conditions:
    codes = {f"{row.scheme}|{row.code}": row.quantity for row in code_quantities()}
    units = {row.unit: row.quantity for row in unit_quantities()}
    of_code = _looked_up(str(raw["column"]), codes)
    of_unit = _looked_up("lower(replace(unit_code, ' ', ''))", units)
    return Conditions("false", f"{of_code} IS NOT NULL AND {of_unit} IS NOT NULL", f"{of_code} <> {of_unit}")


def _sex_possible(_raw: Mapping[str, Any]) -> Conditions:
    """`icpc`, `icd`: the item's codes of each scheme, as lists."""
    of_sex = {sex: " OR ".join(_any_code(sex)) for sex in ("male", "female")}
    coded = f"({of_sex['male']} OR {of_sex['female']})"
    stated = "lower(trim(sex))"
    return Conditions(
        f"{coded} AND length(trim(sex)) > 0 AND {stated} NOT IN ('male', 'female', 'unknown', 'undefined', 'changed')",
        f"{coded} AND {stated} IN ('male', 'female')",
        f"CASE {stated} WHEN 'male' THEN {of_sex['female']} ELSE {of_sex['male']} END",
    )


def _any_code(sex: str) -> list[str]:
    return [
        f"len(list_filter({row.scheme.lower()}, lambda code: regexp_full_match(trim(code), '[A-Z][0-9]{{2}}.*')"
        f" AND left(trim(code), 3) BETWEEN {_quoted(row.first)} AND {_quoted(row.last)})) > 0"
        for row in sex_specific()
        if row.sex == sex
    ]


def _looked_up(key: str, table: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN {_quoted(name)} THEN {_quoted(value)}" for name, value in table.items())
    return f"(CASE {key} {cases} END)"


def _listed(values: object) -> str:
    return ", ".join(_quoted(value) for value in values) if isinstance(values, list) and values else "NULL"


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


_RULES: dict[str, Callable[[Mapping[str, Any]], Conditions]] = {
    "not_null": _always(lambda column: f"{column} IS NULL"),
    "not_blank": _always(lambda column: f"{column} IS NULL OR trim({column}) = ''"),
    "unique": _always(lambda _: "repeated"),
    "positive": _always(lambda column: f"{column} IS NULL OR {column} <= 0"),
    "matches": _where_stated(
        lambda column, raw: f"NOT regexp_full_match({column}, {_quoted(raw['pattern'])})"
    ),
    "in_set": lambda raw: Conditions(
        "false", "true", f"{raw['column']} IS NULL OR {raw['column']} NOT IN ({_listed(raw['values'])})"
    ),
    "not_in_set": _where_stated(lambda column, raw: f"{column} IN ({_listed(raw['values'])})"),
    "not_after": _not_after,
    "unit_possible": _unit_possible,
    "sex_possible": _sex_possible,
}
