"""Canonical rows back to the child elements they were made from."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from connectors.targets.tree import Node, leaf, wrap

Row = dict[str, Any]


def code(row: Row) -> Node:
    """A `cd`."""
    return leaf(
        "cd",
        row["value"],
        S=row["scheme"],
        SV=row["version"],
        SL=row["local_scheme"],
        DN=row["display"],
        L=row["language"],
        nullFlavor=row["null_flavor"],
    )


def identifier(row: Row) -> Node:
    """An `id`."""
    return leaf("id", row["value"], S=row["scheme"], SV=row["version"], SL=row["local_scheme"])


def text_node(value: str | None, language: str | None) -> Node:
    """A `text`; without a language it says so (`und`: the standard's own code for undetermined)."""
    return leaf("text", value, L=language or "und")


def moment(name: str, row: Row, column: str) -> Node:
    """A beginmoment or endmoment with the precision it came with."""
    value, precision = row[column], row[f"{column}_precision"]
    if precision == "datetime":
        date, _, time = value.partition("T")
        return wrap(name, leaf("date", date), leaf("time", time))
    if precision == "text":
        return wrap(name, text_node(value, row[f"{column}_language"]))
    return wrap(name, leaf(precision, value))


def _measure(row: Row) -> list[Node]:
    value = leaf(row["form"], row["value"])
    if row["role"] != "value":
        return [wrap(row["role"], value)]
    if row["unit"] is None:
        return [value]
    return [value, wrap("unit", leaf("cd", row["unit"], S=row["unit_scheme"], SV=row["unit_version"]))]


def _product(row: Row) -> Node:
    node = Node(row["form"])
    if row["code_role"] != "none":
        node.children.append(leaf(row["code_role"], row["code"], S=row["scheme"], SV=row["version"]))
    if row["name_role"] != "none":
        node.children.append(leaf(row["name_role"], row["name"]))
    return node


def item_children(row: Row) -> list[Node]:
    """The child elements of an item that its columns hold; contents carry their slot as position."""
    found = [identifier(each) for each in row["identifiers"] or []]
    slots: dict[int, list[Node]] = defaultdict(list)
    for each in row["codes"] or []:
        (found if each["slot"] == 0 else slots[each["slot"]]).append(code(each))
    for each in row["texts"] or []:
        (found if each["slot"] == 0 else slots[each["slot"]]).append(
            text_node(each["value"], each["language"])
        )
    for each in row["measures"] or []:
        slots[each["slot"]] += _measure(each)
    for each in row["products"] or []:
        slots[each["slot"]].append(_product(each))
    for slot, inside in sorted(slots.items()):
        content = wrap("content", *inside)
        content.position = slot
        found.append(content)
    return found + _item_scalars(row)


def _item_scalars(row: Row) -> list[Node]:
    found = [
        moment(name, row, column)
        for name, column in (("beginmoment", "begin"), ("endmoment", "end"))
        if row[column] is not None
    ]
    found += [
        wrap(name, code(row[name]))
        for name in ("lifecycle", "severity", "certainty", "temporality")
        if row[name] is not None
    ]
    if row["posology"] is not None:
        found.append(wrap("posology", text_node(row["posology"], row["posology_language"])))
    plain = (("isrelevant", "is_relevant"), ("batch", "batch"), ("recorddatetime", "recorded"))
    return found + [leaf(name, row[column]) for name, column in plain if row[column] is not None]


def contact_children(row: Row) -> list[Node]:
    """The child elements of a transaction's head that its columns hold."""
    found = [identifier(each) for each in row["identifiers"] or []] + [
        code(each) for each in row["codes"] or []
    ]
    columns = (
        ("date", "date"),
        ("time", "time"),
        ("iscomplete", "is_complete"),
        ("isvalidated", "is_validated"),
        ("recorddatetime", "recorded"),
    )
    return found + [leaf(name, row[column]) for name, column in columns if row[column] is not None]


def section_children(row: Row) -> list[Node]:
    """The child elements of a heading's head."""
    return [identifier(each) for each in row["identifiers"] or []] + [
        code(each) for each in row["codes"] or []
    ]
