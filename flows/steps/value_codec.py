"""Values of the steps to JSON and back: plain frozen dataclasses of counts, ordinals and references."""

from __future__ import annotations

import dataclasses
import json
import types
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

V = TypeVar("V")


def dump_value(value: object) -> str:
    """The value, with all it was made from, as JSON."""
    return json.dumps(dataclasses.asdict(value), sort_keys=True)  # type: ignore[call-overload]


def load_value(kind: type[V], text: str) -> V:
    """Rebuild a value of the given class."""
    loaded: V = _build(kind, json.loads(text))
    return loaded


def _build(kind: Any, raw: Any) -> Any:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{name: _build(hints[name], raw[name]) for name in raw})
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return tuple(_build(arguments[0], one) for one in raw)
    if origin is dict:
        return {key: _build(arguments[1], one) for key, one in raw.items()}
    if origin == types.UnionType:
        return raw
    return raw
