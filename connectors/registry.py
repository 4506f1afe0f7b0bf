"""The source formats that Reprise knows. To add one: a row here or in `sources.message_formats`, a reader and a counter."""

from __future__ import annotations

from connectors.base import SourceConnector, SourceFile
from connectors.sources.delimited.connector import DelimitedConnector
from connectors.sources.documents.connector import DocumentConnector
from connectors.sources.documents.sidecar_connector import SidecarConnector
from connectors.sources.kmehr.connector import KmehrConnector
from connectors.sources.message_formats import MESSAGE_FORMATS, flat_connectors
from schemas.errors import UnknownFormatError

SOURCES: tuple[SourceConnector, ...] = (
    KmehrConnector(),
    *flat_connectors(),
    DelimitedConnector(),
    SidecarConnector(),
    DocumentConnector(),
)
SINGLE_RECORDS = MESSAGE_FORMATS | {DocumentConnector.name, SidecarConnector.name}
"""Formats of which each record states its patient anew, so that many of one person are normal."""


def choose(file: SourceFile) -> SourceConnector | None:
    """Returns the connector that knows the file: the first that is certain, otherwise the first that may be right."""
    matches = [(connector, connector.probe(file)) for connector in SOURCES]
    for connector, match in matches:
        if match is not None and match.certain:
            return connector
    return next((connector for connector, match in matches if match is not None), None)


def by_name(name: str) -> SourceConnector:
    """Returns the connector of this name. Raises UnknownFormatError."""
    for connector in SOURCES:
        if connector.name == name:
            return connector
    raise UnknownFormatError("no_reader")
