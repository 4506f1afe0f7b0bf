"""Source folders counted by arithmetic and recipes: rows for the books, patients, the account of their bytes."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from connectors.base import Limits
from connectors.inventory.facts.batches import rows_batch, units_batch
from connectors.inventory.facts.kinds import day
from connectors.inventory.facts.national_number import patient_inss
from connectors.inventory.facts.normal_form import KeyedDigest, Node, fact_digest, stated_forms
from connectors.inventory.facts.units import CountedRow
from connectors.inventory.kmehr.byte_scan import UnknownForm, Why
from connectors.inventory.kmehr.byte_texts import text_of
from connectors.inventory.kmehr.embedded import (
    EmbeddedMessage,
    EmbeddedMessages,
    Waiting,
    in_patient,
    read_messages,
)
from connectors.inventory.kmehr.folder_count import (
    FIELD,
    ITEM,
    NAMES,
    TRANSACTION,
    FolderCount,
    HeadRecipe,
    Work,
)
from connectors.inventory.kmehr.recipes import Recipe
from connectors.inventory.payloads import is_encoded, is_mail

_BEGINNING = 80
"""Bytes within which a message with backslashes is recognised, even if its first signs are written as references."""
_LOOKED_AT = 32 << 10  # a sign may be written as a reference of several bytes
_CONTROL_LINES = re.compile(rb"#A|/FROM|MSH|FHS|BHS|resourceType|&#")


class Place(NamedTuple):
    """The place of a chunk of folders."""

    file: int
    message: str  # path of their message
    depth: int  # elements around them
    children: int  # children of that message before them
    patient: int  # number of the first one


@dataclass(frozen=True)
class CountedFolders:
    """The result for a chunk of folders."""

    rows: pa.RecordBatch
    patients: list[tuple[int, str, str | None, str | None]]  # patient, path, national number, last seen
    units: Counter[str]
    unit_bytes: int
    head_bytes: int
    years: set[int]


class SourceFolders(FolderCount[HeadRecipe]):
    """Counts chunks of folders of one file."""

    def __init__(self, key: bytes, limits: Limits) -> None:
        super().__init__(HeadRecipe)
        self._key = key
        self._digest = KeyedDigest(key)
        self._limits = limits
        self._days: dict[bytes, str | None] = {}
        self._begin()

    def _begin(self) -> None:
        self._seen: dict[int, str] = {}  # latest day by folder
        self._years: set[int] = set()
        self._numbers: defaultdict[int, list[Node]] = defaultdict(list)  # ids of the patient, by folder
        self._messages: list[tuple[int, list[EmbeddedMessage]]] = []  # with the unit that holds them
        self._stated: defaultdict[int, set[bytes]] = defaultdict(
            set
        )  # facts of items made from messages, by transaction

    def count(self, chunk: bytes, place: Place, begin: int) -> CountedFolders:
        """Count whole folders that begin at this offset of the file. Raises UnknownForm; then nothing is counted."""
        if len(chunk) > self._limits.max_unit_bytes:
            raise UnknownForm(Why.LARGE)
        self._begin()
        work = Work(chunk, self._limits.max_depth - place.depth)
        digests = list(map(self._digest, self.forms(work)))
        folders = [
            f"{place.message}.{place.children + n}" for n in range(1, len(work.elements.levels[0]) + 1)
        ]
        paths = _paths(work, folders)
        rows = self._rows(work, place, paths, digests, begin)
        return CountedFolders(
            rows=rows,
            patients=[
                (place.patient + n, path, patient_inss(self._numbers[n]), self._seen.get(n))
                for n, path in enumerate(folders)
            ],
            units=Counter(rows["kind"].to_pylist()),
            unit_bytes=int((work.texts.end - work.texts.begin).sum()),
            head_bytes=work.head_bytes,
            years=self._years,
        )

    # --- notes on each unit ---

    def on_head(
        self,
        work: Work,
        at: int,
        recipe: HeadRecipe,
        raw: list[bytes],
        written: list[bytes],  # noqa: ARG002
    ) -> None:
        """Note the day of a transaction, and items that an earlier package made from messages."""
        if work.kinds[at] == TRANSACTION:
            self._see(work.folders[at], recipe, raw)
        elif work.kinds[at] == ITEM and recipe.was_derived:
            forms = stated_forms(recipe.skeleton.filled(raw).children)
            self._stated[_transaction(work, at)].update(fact_digest(self._key, form) for form in forms)

    def _see(self, folder: int, recipe: HeadRecipe, raw: list[bytes]) -> None:
        for slot in recipe.dates:
            text = raw[slot]
            if text not in self._days:
                self._days[text] = day([Node("date", {}, [text_of(text)])])
            found = self._days[text]
            if found is not None:
                self._years.add(int(found[:4]))
                self._seen[folder] = max(found, self._seen.get(folder, ""))
                return

    def on_field(self, work: Work, at: int, recipe: Recipe, raw: list[bytes]) -> None:
        """Note the numbers of a patient."""
        root = recipe.skeleton.root
        if root.name == "id" and raw and not root.children:
            self._numbers[work.folders[at]].append(Node("id", root.attributes, [text_of(raw[0])]))

    def on_text(self, work: Work, at: int, raw: list[bytes]) -> None:
        """Read the laboratory messages in a text."""
        beginning = raw[0][:_BEGINNING]
        plain = b"\\" in beginning or b"&" in beginning or _CONTROL_LINES.search(raw[0][:_LOOKED_AT])
        if plain or is_encoded(raw[0]) or is_mail(raw[0]):
            self._examine(work, at, text_of(raw[0]).encode("utf-8", "surrogatepass"))

    def on_attachment(self, work: Work, at: int, content: bytes) -> None:
        """Read the laboratory messages in an attachment."""
        self._examine(work, at, content)

    def _examine(self, work: Work, at: int, content: bytes) -> None:
        found = read_messages(content, self._key) if work.told[at] is not None else []
        if found:  # and it is in a transaction
            self._messages.append((at, found))

    # --- rows ---

    def _rows(
        self, work: Work, place: Place, paths: list[str], digests: list[bytes], begin: int
    ) -> pa.RecordBatch:
        owner = np.asarray(work.folders)
        batch = units_batch(
            place.file,
            paths,
            owner + place.patient,
            [NAMES[kind] for kind in work.kinds],
            work.told,
            digests,
            (work.texts.owner, work.texts.begin + begin, work.texts.end + begin),
        )
        derived = self._derived(work, place, paths)
        if not derived:
            return batch
        # The facts of a folder's messages follow its units.
        folders = np.concatenate((owner, [row.patient - place.patient for row in derived]))
        both = pa.Table.from_batches([batch, rows_batch(place.file, derived)])
        (together,) = both.take(pa.array(np.argsort(folders, kind="stable"))).combine_chunks().to_batches()
        return together

    def _derived(self, work: Work, place: Place, paths: list[str]) -> list[CountedRow]:
        folders: dict[int, EmbeddedMessages] = {}
        around = {}  # transactions, with the result lines that their items state
        for at, found in self._messages:
            folder, top = work.folders[at], _transaction(work, at)
            told = work.told[top]
            if told is None:
                continue
            if top not in around:
                around[top] = replace(told, stated=frozenset(self._stated[top]))
            waiting = folders.setdefault(folder, EmbeddedMessages()).waiting
            in_item = work.kinds[work.parents[at]] == ITEM
            waiting += [Waiting(paths[at], around[top], in_item, message) for message in found]
        rows: list[CountedRow] = []
        for folder, embedded in sorted(folders.items()):
            embedded.people.append(in_patient(self._fields(work, folder)))
            rows += embedded.rows(place.patient + folder)
        return rows

    def _fields(self, work: Work, folder: int) -> list[Node]:
        """The fields of a folder's patient."""
        fields = []
        for at in np.flatnonzero((work.units.folder == folder) & (work.units.kind == FIELD)).tolist():
            tags, raw, _ = work.texts.own(at)
            fields.append(self.fields[tags].skeleton.filled(raw))
        return fields


def _transaction(work: Work, at: int) -> int:
    """The transaction around a unit, or -1."""
    while at >= 0 and work.kinds[at] != TRANSACTION:
        at = work.parents[at]
    return at


def _paths(work: Work, folders: list[str]) -> list[str]:
    """The path of each unit."""
    known = dict(zip(work.elements.levels[0].tolist(), folders, strict=True))
    units = work.units.element
    parents, ordinals = work.elements.parent[units].tolist(), work.elements.ordinal[units].tolist()
    paths = []
    for element, parent, ordinal in zip(units.tolist(), parents, ordinals, strict=True):
        around = known.get(parent) or _path(work, parent, known)
        path = known[element] = f"{around}.{ordinal}"
        paths.append(path)
    return paths


def _path(work: Work, element: int, known: dict[int, str]) -> str:
    """The path of an element that is not a unit."""
    parent, ordinal = int(work.elements.parent[element]), int(work.elements.ordinal[element])
    around = known.get(parent) or _path(work, parent, known)
    path = known[element] = f"{around}.{ordinal}"
    return path
