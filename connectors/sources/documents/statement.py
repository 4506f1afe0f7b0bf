"""Whose a document is, and what it is: what its sidecars, the site's patterns and its path state, held together."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from connectors.base import SourceFile
from connectors.sources.documents.naming import UNPRINTED, kind_of, naming_of
from connectors.sources.documents.patterns import stated_by_path
from connectors.sources.documents.sidecars import Stated, entries_about
from schemas.document_kinds import DocumentKind
from schemas.persons import fold_name


def statement_of(file: SourceFile) -> Stated | None:
    """What is stated of a document; None if nobody is named, or if two statements contradict each other in the person."""
    path = unicodedata.normalize("NFC", UNPRINTED.sub("", file.name.reveal()))
    found = [*entries_about(file)]
    by_patterns = {
        stated for each in file.export.rules.document_paths if (stated := stated_by_path(path, each))
    }
    if len(by_patterns) > 1:
        return None
    found += by_patterns
    named = naming_of(file.name.reveal())
    if named is not None:
        kind = None if named.kind is DocumentKind.UNCLASSIFIED else named.kind
        found.append(Stated(named.inss, date=named.date or "", title=named.title, kind=kind))
    return _together(found)


def _together(found: Sequence[Stated]) -> Stated | None:
    same = (
        {each.number for each in found if each.number},
        {fold_name(each.family) for each in found if each.family},
        {fold_name(each.first) for each in found if each.first},
        {each.birth for each in found if each.birth},
        {each.sex for each in found if each.sex},
    )
    if any(len(values - {""}) > 1 for values in same):
        return None
    stated = Stated()
    for each in found:
        missing = {
            name: value for name, value in each._asdict().items() if value and not getattr(stated, name)
        }
        stated = stated._replace(**{**missing, "file": ""})
    if not stated.names_somebody:
        return None
    if stated.kind is None:
        stated = stated._replace(kind=kind_of(stated.title))
    return stated
