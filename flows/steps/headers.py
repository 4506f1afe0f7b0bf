"""The headers of all messages: each is compared with the instruction before a unit of its file is staged.

The reader reads them all first; the counter reads them again with its own code while it counts. A message that the instruction
does not cover refuses the whole export: this doctor cannot authorise moving another party's export. A message without a header
has no known owner: its patients are `unscoped`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from hashlib import sha256

from connectors.base import MessageHeader, Nested, SourceConnector, SourceFile, Unheaded
from connectors.registry import choose
from flows.steps.context import DataContext
from flows.steps.software import software_of
from schemas.errors import SourceError, UnexplainedUnitError, UnknownFormatError, UnsafeSourceError
from vault.authorisation.check import Authorisation, check_header


def check_headers(context: DataContext) -> dict[int, tuple[str, bytes | None]]:
    """Read only the headers of every file; compare each with what was authorised.

    Returns, for each known file, its connector's name and a digest of its headers' statements (None: damaged). Raises ScopeError
    for another system or controller, and UnknownFormatError if no file is known.
    """
    found: dict[int, tuple[str, bytes | None]] = {}
    for file in context.files:
        connector = choose(file)
        if connector is not None:
            stated = Stated(context.authorisation)
            whole = _read_all(context, connector, file, stated)
            found[file.ordinal] = (connector.name, stated.digest() if whole else None)
    if not found and not context.drafting:
        raise UnknownFormatError("no_known_file", count=len(context.files))
    return found


def _read_all(context: DataContext, connector: SourceConnector, file: SourceFile, stated: Stated) -> bool:
    try:
        for each in connector.headers(file, context.limits):
            stated.take(each)
            if isinstance(each, MessageHeader):
                context.software[software_of(each, context.authorisation.instruction.source_system)] += 1
    except UnsafeSourceError:
        raise
    except SourceError:
        return False  # the inventory counts it as a whole
    return True


class Stated:
    """The statements in the headers of one file, checked one by one and kept as a digest."""

    def __init__(self, authorisation: Authorisation) -> None:
        self.unheaded: list[str] = []  # paths of messages without a header
        self._authorisation = authorisation
        self._digest = sha256()

    def take(self, found: MessageHeader | Unheaded | Nested) -> None:
        """Check a header; note a message without one. Raises ScopeError.

        A header inside a record is only checked: reader and counter treat it as part of that record.
        """
        if isinstance(found, Nested):
            self._check(found.header)
            return
        if isinstance(found, Unheaded):
            self.unheaded.append(found.unit)
            self._add([found.unit])
            return
        nihii, inss = self._check(found)
        self._add(
            [found.unit, _folded(found.system or ""), *_sorted_folded(nihii), "", *_sorted_folded(inss)]
        )

    def _check(self, header: MessageHeader) -> tuple[tuple[str, ...], tuple[str, ...]]:
        nihii, inss = header.sender_nihii.reveal(), header.sender_inss.reveal()
        check_header(self._authorisation, system=header.system, nihii=nihii, inss=inss)
        return nihii, inss

    def digest(self) -> bytes:
        """Return the digest of all headers so far, in order."""
        return self._digest.digest()

    def compare(self, digest: bytes | None, file: SourceFile) -> None:
        """Raise UnexplainedUnitError unless the other side's digest, if it could read the file, is the same."""
        if digest not in (None, self.digest()):
            raise UnexplainedUnitError("headers_differ", file=file.ordinal)

    def _add(self, parts: Iterable[str]) -> None:
        for part in parts:
            encoded = part.encode("utf-8", "surrogatepass")
            self._digest.update(len(encoded).to_bytes(8, "big") + encoded)


def _sorted_folded(numbers: Iterable[str]) -> Iterator[str]:
    return (_folded(number) for number in sorted(numbers))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
