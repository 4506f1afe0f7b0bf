"""The header of a KMEHR message: who exported, with what, when."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.base import MessageHeader
from connectors.sources.kmehr_tree import Element
from connectors.sources.record_kinds import first_code
from schemas.sensitive import Sensitive


def message_header(header: Element) -> MessageHeader:
    """The header as a value. Parties are told apart by CD-HCPARTY, never by position."""
    parties = [party for _, party in sender_parties(header, "")]
    system, version = _application(parties)
    standard = header.child("standard") or Element("standard", {}, 0)
    special = standard.child("specialisation") or Element("specialisation", {}, 0)
    moment = [text for text in (header.text_of("date"), header.text_of("time")) if text]
    return MessageHeader(
        system=system,
        system_version=version,
        standard=first_code(standard, "CD-STANDARD"),
        message=first_code(special, "CD-MESSAGE"),
        sender_nihii=Sensitive(_ids(parties, "ID-HCPARTY")),
        sender_inss=Sensitive(_ids(parties, "INSS")),
        exported="T".join(moment) or None,
    )


def empty_header() -> MessageHeader:
    """What is known of a message without header: nothing."""
    return MessageHeader(None, None, None, None, Sensitive(()), Sensitive(()), None)


def sender_parties(header: Element, path: str) -> Iterator[tuple[str, Element]]:
    """The parties of the header's senders, each with its unit path."""
    for sender in header.all("sender"):
        for party in sender.all("hcparty"):
            yield f"{path}.{sender.ordinal}.{party.ordinal}", party


def _application(parties: list[Element]) -> tuple[str | None, str | None]:
    for party in parties:
        if first_code(party, "CD-HCPARTY") == "application":
            local = next((each for each in party.all("id") if each.attributes.get("S") == "LOCAL"), None)
            labels = local.attributes if local else {}
            return party.text_of("name") or labels.get("SL"), labels.get("SV")
    return None, None


def _ids(parties: list[Element], scheme: str) -> tuple[str, ...]:
    return tuple(
        each.own_text
        for party in parties
        for each in party.all("id")
        if each.attributes.get("S") == scheme and each.own_text.strip()
    )
