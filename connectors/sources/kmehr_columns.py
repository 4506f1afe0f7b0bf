"""Which elements fit a column exactly: the column alone can rebuild them to the letter.

Each function gives the column's value, or None when anything of the element would be lost: an attribute,
a child, a text of its own, a second value. Such an element travels whole, as a fragment.
"""

from __future__ import annotations

from typing import Any

from connectors.sources.kmehr_tree import Element

Row = tuple[Any, ...]
CODE_ATTRIBUTES = ("S", "SV", "SL", "DN", "L", "nullFlavor")
SINGLE_VALUES = frozenset({"decimal", "unsignedInt", "boolean", "year", "yearmonth"})
PRODUCTS = frozenset({"medicinalproduct", "substanceproduct"})


def as_code(element: Element, slot: int) -> Row | None:
    """A `cd` as `schemas.tables.CODE`."""
    if not element.is_leaf or not element.attributes.keys() <= set(CODE_ATTRIBUTES):
        return None
    get = element.attributes.get
    return (slot, get("S"), get("SV"), get("SL"), element.own_text, get("DN"), get("L"), get("nullFlavor"))


def as_identifier(element: Element) -> Row | None:
    """An `id` as `schemas.tables.IDENTIFIER`."""
    if not element.is_leaf or not element.attributes.keys() <= {"S", "SV", "SL"}:
        return None
    get = element.attributes.get
    return (get("S"), get("SV"), get("SL"), element.own_text)


def as_text(element: Element, slot: int) -> Row | None:
    """A `text` as `schemas.tables.TEXT`; no `L` stays no language."""
    if not element.is_leaf or not element.attributes.keys() <= {"L"}:
        return None
    return (slot, element.attributes.get("L"), element.own_text)


def as_plain(element: Element) -> str | None:
    """An element that is nothing but its text."""
    return element.own_text if element.is_leaf and not element.attributes else None


def as_only_code(element: Element) -> Row | None:
    """An element that holds one `cd` and nothing else: lifecycle, severity, certainty, temporality."""
    if not element.is_plain or len(element.children) != 1 or element.detached:
        return None
    return as_code(element.children[0], 0) if element.children[0].name == "cd" else None


def as_only_text(element: Element) -> Row | None:
    """A posology that is one `text`: (language, value)."""
    if not element.is_plain or len(element.children) != 1 or element.detached:
        return None
    found = as_text(element.children[0], 0) if element.children[0].name == "text" else None
    return None if found is None else found[1:]


def as_moment(element: Element) -> Row | None:
    """A point in time: (as it came, precision, language of a text). A date and a time are joined by `T`."""
    if not element.is_plain or element.detached:
        return None
    names = [child.name for child in element.children]
    if names == ["text"]:
        found = as_text(element.children[0], 0)
        return None if found is None else (found[2], "text", found[1])
    values = [as_plain(child) for child in element.children]
    if None in values:
        return None
    if len(names) == 1 and names[0] in ("year", "yearmonth", "date"):
        return (values[0], names[0], None)
    if names == ["date", "time"] and "T" not in str(values[0]):
        return (f"{values[0]}T{values[1]}", "datetime", None)
    return None


def as_texts(content: Element, slot: int) -> list[Row] | None:
    """The content of `text` and nothing else."""
    return _all_as(content, "text", slot)


def as_codes(content: Element, slot: int) -> list[Row] | None:
    """The content of `cd` and nothing else."""
    return _all_as(content, "cd", slot)


def _all_as(content: Element, name: str, slot: int) -> list[Row] | None:
    if not content.children or not content.is_plain or content.detached:
        return None
    fit = as_text if name == "text" else as_code
    rows = [fit(child, slot) if child.name == name else None for child in content.children]
    return [row for row in rows if row is not None] if None not in rows else None


def as_measures(content: Element, slot: int) -> list[Row] | None:
    """The content of one value with at most a unit, a minimum and a maximum."""
    if not content.is_plain or content.detached:
        return None
    children = {child.name: child for child in content.children}
    if len(children) != len(content.children):
        return None
    unit = _unit(children.pop("unit", None))
    bounds = [_bound(children.pop(role, None), role, slot) for role in ("minref", "maxref")]
    values = _values(children, slot, unit)
    if unit is None or values is None or None in bounds:
        return None
    return values + [row for rows in bounds for row in rows or []]


def _values(children: dict[str, Element], slot: int, unit: Row | None) -> list[Row] | None:
    names = list(children)
    single = len(names) == 1 and (names[0] in SINGLE_VALUES or names[0] == "date")
    if unit is None or not (single or set(names) == {"date", "time"}):
        return None
    texts = [as_plain(children[name]) for name in sorted(names)]
    if None in texts:
        return None
    # The unit stands with the first row of a value; a time never has one of its own.
    units = [unit, (None, None, None)]
    return [
        (slot, "value", name, text, *units[at])
        for at, (name, text) in enumerate(zip(sorted(names), texts, strict=True))
    ]


def _unit(element: Element | None) -> Row | None:
    """(scheme, version, unit) of a unit of one plain `cd`; three Nones where there is no unit; else None."""
    if element is None:
        return (None, None, None)
    found = as_only_code(element)
    if found is None or not element.children[0].attributes.keys() <= {"S", "SV"}:
        return None
    return (found[1], found[2], found[4])


def _bound(element: Element | None, role: str, slot: int) -> list[Row] | None:
    """The row of a `minref` or `maxref` of one plain decimal; no row where there is none; else None."""
    if element is None:
        return []
    if not element.is_plain or len(element.children) != 1 or element.children[0].name != "decimal":
        return None
    value = as_plain(element.children[0])
    return None if value is None else [(slot, role, "decimal", value, None, None, None)]


def as_product(content: Element, slot: int) -> Row | None:
    """The content of one product with at most one code and one name."""
    if not content.is_plain or len(content.children) != 1 or content.detached:
        return None
    product = content.children[0]
    if product.name not in PRODUCTS or not product.is_plain or not product.children:
        return None
    code = name = None
    for child in product.children:
        if child.name in ("intendedcd", "deliveredcd") and code is None:
            code = child
        elif child.name in ("intendedname", "deliveredname") and name is None:
            name = child
        else:
            return None
    if (code and not _is_product_code(code)) or (name and as_plain(name) is None):
        return None
    labels = code.attributes if code else {}
    version, told = labels.get("SV"), code.own_text if code else None
    return (
        slot, product.name, code.name if code else "none", labels.get("S"), version, told,
        name.name if name else "none", name.own_text if name else None,
    )  # fmt: skip


def _is_product_code(code: Element) -> bool:
    return code.is_leaf and code.attributes.keys() <= {"S", "SV"}
