"""The header of a KMEHR message: who exported it, with which software, when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from connectors.base import MessageHeader
from connectors.sources.kmehr._names import MESSAGE, OF_A_FOLDER
from connectors.sources.kmehr._record_kinds import first_code
from connectors.sources.kmehr._stream import Events
from connectors.sources.kmehr.tree import SPACE, Element, local
from schemas.errors import LimitExceededError
from schemas.sensitive import Sensitive

OF_A_RECORD = OF_A_FOLDER | {"folder"}


class OpenMessage:
    """An open message, and whether it directly holds a header and a folder (not one nested in them)."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.has_header = self.has_folder = False


class HeaderListener(NamedTuple):
    """Called with each header and its path, and with each message that has folders but no header."""

    on_header: Callable[[Element, str], None]
    on_unheaded: Callable[[str], None] = lambda _path: None


class NestedHeaders:
    """Passes all events on, and finds the headers of messages where the counter does not look for them."""

    def __init__(self, events: Events, on_header: Callable[[Element], None], largest: int) -> None:
        """`largest`: characters of a header."""
        self._events, self._on_header, self._left = events, on_header, largest
        self._largest = largest
        self._names: list[str] = []
        self._open: list[Element] = []  # elements of a header

    def open_document(self, number: int) -> None:
        """Begin a document element."""
        self._names, self._open = [], []
        self._events.open_document(number)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        own = local(name)
        is_header = own == "header" and self._names[-1:] == [MESSAGE] and _is_in_record(self._names)
        if self._open or is_header:
            element = Element(own, dict(attributes), 0)
            if self._open:
                self._open[-1].append(element)
            else:
                self._left = self._largest
            self._open.append(element)
            self._weigh(len(own) + sum(map(len, attributes.values())))
        self._names.append(own)
        self._events.start(name, attributes)

    def end(self, name: str) -> None:
        """End an element."""
        self._names.pop()
        if self._open:
            element = self._open.pop()
            if not self._open:
                self._on_header(element)
        self._events.end(name)

    def text(self, data: str) -> None:
        """Text, in pieces."""
        if self._open:
            self._weigh(len(data))
            self._open[-1].parts.append(data)
        self._events.text(data)

    def comment(self, data: str) -> None:
        """A comment or an instruction, with its delimiters."""
        self._events.comment(data)

    def between(self, data: str) -> None:
        """Text between documents, in pieces."""
        self._events.between(data)

    def _weigh(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise LimitExceededError("unit_too_large", limit=self._largest)


def _is_in_record(names: list[str]) -> bool:
    """Whether a part of a record is open: a message inside it is not one of the file's messages."""
    return not OF_A_RECORD.isdisjoint(names)


def message_header(header: Element, path: str) -> MessageHeader:
    """The header as a value. Parties are distinguished by CD-HCPARTY, never by position."""
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
