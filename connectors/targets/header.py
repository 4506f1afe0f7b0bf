"""The header of a chart: the format, the run, who exported, and Reprise as the program that wrote it."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from connectors.targets.conform import arrange, is_valid
from connectors.targets.tree import Node, leaf, parse_fragment, wrap


def header_node(run_id: str, exported: str, people: list[Node]) -> Node:
    """The header. `exported`: RFC 3339, UTC; `people`: who exported."""
    date, _, time = exported.rstrip("Z").partition("T")
    serial = int(sha256(run_id.encode()).hexdigest()[:13], 16)
    return wrap(
        "header",
        _standard(),
        leaf("id", f"{_number(people)}.{serial}", S="ID-KMEHR", SV="1.0"),
        leaf("date", date),
        leaf("time", time),
        wrap("sender", *people, program()),
        wrap("recipient", wrap("hcparty", *_application("gp-software-migration"))),
    )


def _standard() -> Node:
    return wrap(
        "standard",
        leaf("cd", "20131001", S="CD-STANDARD", SV="1.7"),
        wrap(
            "specialisation",
            leaf("cd", "gpsoftwaremigration", S="CD-MESSAGE", SV="1.0"),
            leaf("version", "2.0"),
        ),
    )


def _number(people: list[Node]) -> str:
    """The first number of a care provider."""
    numbers = (
        child.text
        for party in people
        for child in party.children
        if child.name == "id" and child.attributes.get("S") == "ID-HCPARTY" and child.text.strip()
    )
    return next(numbers, "reprise")


def program() -> Node:
    """Reprise as a sender."""
    return wrap(
        "hcparty", leaf("id", "reprise-1", S="LOCAL", SV="1.0", SL="reprise"), *_application("reprise")
    )


def _application(name: str) -> tuple[Node, Node]:
    return leaf("cd", "application", S="CD-HCPARTY", SV="1.0"), leaf("name", name)


@lru_cache(1)
def exporters(senders: tuple[str, ...]) -> list[Node]:
    """Of the parties (XML) that the source's header names, the persons, else the organisations; those that are valid."""
    parties = [parse_fragment(xml) for xml in senders]
    people = [party for party in parties if _role(party).startswith("pers")]
    found = people or [party for party in parties if _role(party) != "application"]
    for party in found:
        arrange(party, "hcpartyType")
    return [party for party in found if is_valid(party, "hcpartyType")]


def _role(party: Node) -> str:
    return next(
        (c.text for c in party.children if c.name == "cd" and c.attributes.get("S") == "CD-HCPARTY"), ""
    )
