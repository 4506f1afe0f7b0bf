"""Whose a document is, for the counter: what sidecars, patterns and path say, one after the other."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import combinations

from connectors.base import SourceFile
from connectors.inventory.documents.beside import Said, said_beside
from connectors.inventory.documents.paths import is_printed, kind_told, read_path
from connectors.inventory.documents.patterns import said_by_path
from connectors.inventory.facts.persons import letters
from schemas.document_kinds import TRANSACTIONS, DocumentKind


def whose(file: SourceFile) -> Said | None:
    """Everything that is said of a document; None if it names nobody, or somebody differently in two places."""
    name = file.name.reveal()
    path = unicodedata.normalize("NFC", "".join(filter(is_printed, name)))
    places = said_beside(file)
    by_site: list[Said] = []
    for pattern in file.export.rules.document_paths:
        said = said_by_path(path, pattern)
        if said is not None and said not in by_site:
            by_site.append(said)
    if len(by_site) > 1:
        return None
    places += by_site
    stated = read_path(name)
    if stated is not None:
        places.append(Said(number=stated.number, day=stated.day, title=stated.title, kind=stated.kind))
    if any(_differ(one, other) for one, other in combinations(places, 2)):
        return None
    whole = Said()
    for place in places:
        whole = replace(
            whole, **{key: value for key, value in vars(place).items() if value and not getattr(whole, key)}
        )
    named = whole.number or (whole.family and whole.first and whole.birth and whole.sex)
    return replace(whole, kind=whole.kind or kind_told(whole.title)) if named else None


def _differ(one: Said, other: Said) -> bool:
    pairs = [(one.number, other.number), (one.birth, other.birth), (one.sex, other.sex)]
    pairs += [(letters(one.family), letters(other.family)), (letters(one.first), letters(other.first))]
    return any(a and b and a != b for a, b in pairs)


def transaction_of(said: Said) -> str:
    """The value of CD-TRANSACTION for the kind of a document."""
    return TRANSACTIONS[DocumentKind(said.kind or DocumentKind.UNCLASSIFIED)]
