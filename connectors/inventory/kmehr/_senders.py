"""The exporter of each message as the counter reads it: system and numbers of the header's sender."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.base import MessageHeader, Unheaded
from connectors.inventory.facts.normal_form import Node
from schemas.sensitive import Sensitive

MESSAGE = "kmehrmessage"


class Messages:
    """The open messages, innermost last, and the headers found, which the caller takes."""

    def __init__(self) -> None:
        self.found: list[MessageHeader | Unheaded] = []
        self._open: list[tuple[str, set[str]]] = []  # path, and which of `header` and `folder` it holds

    def begin(self, path: str) -> None:
        """Begin a message."""
        self._open.append((path, set()))

    @property
    def is_open(self) -> bool:
        """Whether a message is open."""
        return bool(self._open)

    def meet(self, name: str) -> None:
        """Record a header or folder found outside of folders."""
        if self._open:
            self._open[-1][1].add(name)

    def end(self) -> None:
        """End a message."""
        path, held = self._open.pop()
        if held == {"folder"}:
            self.found.append(Unheaded(path))

    def header(self, path: str, children: Iterable[Node]) -> None:
        """End a header; `children` are its senders."""
        parties = [
            party
            for sender in children
            if sender.name == "sender"
            for party in sender.children
            if party.name == "hcparty"
        ]
        system = next((_name(party) for party in parties if _type(party) == "application"), None)
        nihii, inss = (Sensitive(_numbers(parties, scheme)) for scheme in ("ID-HCPARTY", "INSS"))
        self.found.append(MessageHeader(path, system, None, None, None, nihii, inss, None))


def _type(party: Node) -> str:
    codes = (cd for cd in party.children if cd.name == "cd" and cd.get("S") == "CD-HCPARTY")
    return next((cd.value() for cd in codes), "")


def _name(party: Node) -> str | None:
    """The party's name or, if it has none, the scheme of its first local id."""
    stated = next((child.value() for child in party.children if child.name == "name"), "")
    local = (one for one in party.children if one.name == "id" and one.get("S") == "LOCAL")
    return stated or next((one.get("SL") for one in local), None)


def _numbers(parties: Iterable[Node], scheme: str) -> tuple[str, ...]:
    ids = (one for party in parties for one in party.children if one.name == "id" and one.get("S") == scheme)
    return tuple(number for one in ids if (number := one.value()))
