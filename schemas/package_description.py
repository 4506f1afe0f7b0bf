"""`describe.json`: what a package holds and how, for whoever imports it. It names nobody and follows from the writer's tables.

docs/formats/describe.md says how it is read.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from schemas.record import Record

VERSION = 1
Least = Annotated[int, Meta(ge=0)]
Most = Annotated[int, Meta(ge=1, description="null: any number")] | None
Place = Literal["patient", "clinicalsummary", "transaction", "heading"]


class Format(Record, frozen=True):
    """The format of a chart, and the releases in both of which it is valid."""

    standard: str
    releases: list[str]
    namespace: str
    message: str
    version: str


class FileOf(Record, frozen=True):
    """Files of the opened package; `*` stands for a part of a name."""

    path: str
    holds: str


class Child(Record, frozen=True):
    """An element that may stand in elements of a type."""

    element: str
    type: Annotated[str, Meta(description="a type below, or one of XML Schema (`xsd:...`)")]
    least: Least
    most: Most


class Attribute(Record, frozen=True):
    """An attribute; `values`: the only ones, or any if there are none."""

    name: str
    required: bool
    values: list[str]


class ElementType(Record, frozen=True):
    """A type of KMEHR by its name there. `text`: the type of its text; null: it has none."""

    name: str
    text: str | None
    anything: Annotated[bool, Meta(description="its content is free: text and elements of any name")]
    values: Annotated[list[str], Meta(description="the only texts, or any if there are none")]
    children: list[Child]
    attributes: list[Attribute]


class Written(Record, frozen=True):
    """What Reprise itself writes in a system, whatever the source states."""

    version: str
    codes: Annotated[list[str], Meta(description="empty: the value varies")]


class CodeSystem(Record, frozen=True):
    """A value of S. The version (SV) of a code that comes from the source is the one stated there."""

    system: str
    types: list[str]
    closed: Annotated[bool, Meta(description="only the values of its types, which both releases admit")]
    written: list[Written]


class Kinds(Record, frozen=True):
    """Closed lists: of transactions (CD-TRANSACTION), of items (CD-ITEM), of links (CD-LNK), of what a link holds."""

    transactions: list[str]
    items: list[str]
    links: list[str]
    media_types: list[str]


class Units(Record, frozen=True):
    """Codes of units that Reprise writes in results that it made, and the systems in which units of the source come."""

    written: list[str]
    systems: list[str]


class MarkOf(Record, frozen=True):
    """An id or a code that Reprise writes to say what it did: by its SL. Its SV is the token of the run."""

    label: str
    element: Literal["id", "cd"]


class Filler(Record, frozen=True):
    """A value that the format forces and the source lacks; null: who exported (author), or the mark alone (id)."""

    at: Place
    element: str
    value: str | None


class Derived(Record, frozen=True):
    """Items made from results of flat messages: the formats, and the elements that such an item may have."""

    formats: list[str]
    elements: list[str]


class PackageDescription(Record, frozen=True):
    """`describe.json`."""

    version: Literal[1]
    profile: str
    format: Format
    files: list[FileOf]
    kinds: Kinds
    root: str
    types: list[ElementType]
    code_systems: list[CodeSystem]
    units: Units
    marks: list[MarkOf]
    filled: list[Filler]
    derived: Derived
    reasons: Annotated[
        list[str], Meta(description="why something is not there as structure, or needs a look")
    ]
    left_out: Annotated[list[str], Meta(description="rules by which bytes of the source are not delivered")]
    checks: list[str]
