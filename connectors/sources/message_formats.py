"""The flat message formats by name: how a file is divided into messages, and how a message is parsed.

To add a format: its rule in `sniffing`, a row here, and its counter in `connectors/inventory/message_formats.py`.
"""

from __future__ import annotations

from connectors.sources.fhir import messages as fhir
from connectors.sources.flat.connector import FlatConnector, MessageFormat
from connectors.sources.flat.lines import cut_lines
from connectors.sources.flat.message import Message
from connectors.sources.healthone import messages as healthone
from connectors.sources.hl7 import messages as hl7
from connectors.sources.medar import messages as medar
from connectors.sources.medidoc import messages as medidoc
from connectors.sources.payloads import payloads

FORMATS: tuple[MessageFormat, ...] = tuple(
    MessageFormat(each.NAME, each.begins_message, each.group_lines, each.parse_message)
    for each in (healthone, medidoc, medar, hl7, fhir)
)
MESSAGE_FORMATS = frozenset(each.name for each in FORMATS)
"""Their names: files in these formats hold messages, and no folders of patients."""
_BY_NAME = {each.name: each for each in FORMATS}


def flat_connectors() -> tuple[FlatConnector, ...]:
    """The readers of all flat formats."""
    return tuple(map(FlatConnector, FORMATS))


def parse_messages(format_name: str, data: bytes) -> list[Message]:
    """Every message of a file or an attachment in this format."""
    found = _BY_NAME[format_name]
    return [found.parse(piece) for piece in found.group(cut_lines(data))]


def held_messages(content: bytes) -> list[Message]:
    """Every message in a text or an attachment, also in base64, a mail or an archive in it."""
    return [each for name, data in payloads(content) for each in parse_messages(name, data)]


def parse_message(format_name: str, data: bytes) -> Message:
    """Parse one message in this format."""
    return _BY_NAME[format_name].parse(data)
