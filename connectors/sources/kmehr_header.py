"""The header of a KMEHR message: who exported, with what, when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from connectors.base import MessageHeader
from connectors.sources.kmehr_tree import SPACE, Element
from connectors.sources.record_kinds import first_code
from schemas.sensitive import Sensitive


class OpenMessage:
    """An open message: whether a header, whether a folder was met directly in it (not in one nested in it)."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.has_header = self.has_folder = False


class HeaderListener(NamedTuple):
    """Who is told of each header, with its path, and of each message with folders and none."""

    on_header: Callable[[Element, str], None]
    on_unheaded: Callable[[str], None] = lambda _path: None


def message_header(header: Element, path: str) -> MessageHeader:
    """The header as a value. Parties are told apart by CD-HCPARTY, never by position."""
    parties = [party for _, party in sender_parties(header, "")]
    system, version = _application(parties)
    standard = header.child("standard") or Element("standard", {}, 0)
    special = standard.child("specialisation") or Element("specialisation", {}, 0)
    moment = [text for text in (header.text_of("date"), header.text_of("time")) if text]
    return MessageHeader(
        unit=path,
        system=system,
        system_version=version,
        standard=first_code(standard, "CD-STANDARD"),
        message=first_code(special, "CD-MESSAGE"),
        sender_nihii=Sensitive(_ids(parties, "ID-HCPARTY")),
        sender_inss=Sensitive(_ids(parties, "INSS")),
        exported="T".join(moment) or None,
    )


def sender_parties(header: Element, path: str) -> Iterator[tuple[str, Element]]:
    """The parties of the header's senders, each with its unit path."""
    for sender in header.all("sender"):
        for party in sender.all("hcparty"):
            yield f"{path}.{sender.ordinal}.{party.ordinal}", party


def _application(parties: list[Element]) -> tuple[str | None, str | None]:
    for party in parties:
        if (first_code(party, "CD-HCPARTY") or "").strip(SPACE) == "application":
            local = next((each for each in party.all("id") if each.attributes.get("S") == "LOCAL"), None)
            labels = local.attributes if local else {}
            return (party.text_of("name") or "").strip(SPACE) or labels.get("SL"), labels.get("SV")
    return None, None


def _ids(parties: list[Element], scheme: str) -> tuple[str, ...]:
    return tuple(
        each.own_text
        for party in parties
        for each in party.all("id")
        if each.attributes.get("S") == scheme and each.own_text.strip()
    )
