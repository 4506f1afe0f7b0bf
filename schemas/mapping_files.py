"""Mapping files on disk: YAML, read strictly, and the mappings that a run may use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec
import yaml

from schemas.errors import MappingError
from schemas.mapping import Mapping, faults
from schemas.regular_file import open_regular

SHIPPED = Path(__file__).parent / "mappings"
LARGEST = 1 << 20
"""Bytes of a mapping file. A longer one is refused."""
_PATH = re.compile(r"at `\$\.?([A-Za-z0-9_.\[\]]*)")
_ELEMENT = re.compile(r"\[[^\]]*\]")


class _Strict(yaml.SafeLoader):  # type: ignore[misc]  # the library has no types
    """YAML without references and without a name twice, both of which a reviewer overlooks; every value is a text.

    So the `1` and the `no` of a table of codes are what stands in the cells.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuse references to other places of the file."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse a name that stands twice."""
        made: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        if len(made) != len(node.value):
            raise yaml.YAMLError
        return made


_Strict.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_mapping(data: bytes, file: int = 0) -> Mapping:
    """Parse one mapping file. Raises MappingError (mapping_malformed) with the field, and the ordinal of file and column.

    The error never quotes the file.
    """
    field_name = ""
    try:
        raw = yaml.load(data, _Strict)  # noqa: S506 - a SafeLoader
        if isinstance(raw, dict) and raw.get("version") == "1":
            raw["version"] = 1
        return _checked(msgspec.convert(raw, Mapping), file)
    except msgspec.ValidationError as error:
        found = _PATH.search(str(error))
        field_name = _ELEMENT.sub("", found[1]).strip(".") if found else ""
    except (yaml.YAMLError, ValueError, RecursionError):
        pass
    facts: dict[str, int | str] = {"field": field_name} if field_name else {}
    raise MappingError("mapping_malformed", file=file, **facts)


def _checked(mapping: Mapping, file: int) -> Mapping:
    found = faults(mapping)
    if found:
        name, ordinal = found[0]
        raise MappingError("mapping_contradictory", file=file, field=name, column=ordinal)
    return mapping


def read_folder(folder: Path) -> tuple[Mapping, ...]:
    """Read every `*.yaml` below a folder, sorted by path; files are numbered from 1 in that order.

    Raises MappingError (mapping_folder_missing, mapping_too_large, mapping_malformed, mapping_contradictory).
    """
    if not folder.is_dir():
        raise MappingError("mapping_folder_missing")
    return tuple(parse_mapping(_read(path, n), n) for n, path in enumerate(sorted(folder.rglob("*.yaml")), 1))


def _read(path: Path, file: int) -> bytes:
    with open_regular(path, follow=True) as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise MappingError("mapping_too_large", file=file, limit=LARGEST)
    return data


@cache
def shipped() -> tuple[Mapping, ...]:
    """Returns the mappings that Reprise brings."""
    return read_folder(SHIPPED)


@dataclass(frozen=True)
class Mappings:
    """The mappings of a site, read when the first table is met: those that Reprise brings, and those in the site's folder."""

    load: Callable[[], Iterable[Mapping]] = field(default=shipped, repr=False)

    @classmethod
    def of_site(cls, folder: Path | None) -> Mappings:
        """Returns the mappings of a site whose settings name this folder; None: it has none of its own."""
        return cls() if folder is None else cls(lambda: (*read_folder(folder), *shipped()))

    @cached_property
    def _all(self) -> tuple[Mapping, ...]:
        found = tuple(self.load())
        reviewed = [(mapping.file.delimiter, mapping.header) for mapping in found if mapping.is_reviewed]
        if len(reviewed) != len(set(reviewed)):
            raise MappingError("mapping_header_twice")
        return found

    @property
    def reviewed(self) -> tuple[Mapping, ...]:
        """Returns those that a run may use. Raises MappingError, also if two of them name the same header."""
        return tuple(mapping for mapping in self._all if mapping.is_reviewed)

    @property
    def drafts(self) -> tuple[Mapping, ...]:
        """Returns those that nobody has reviewed."""
        return tuple(mapping for mapping in self._all if not mapping.is_reviewed)


SHIPPED_ONLY = Mappings()
