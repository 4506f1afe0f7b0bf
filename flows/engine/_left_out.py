"""Modules that a library would load and that Reprise does not use: hidden from processes that load the library."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from types import ModuleType


class _NotFound(MetaPathFinder):
    """Reports these modules as not installed."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, _path: object, _target: object = None) -> None:
        if fullname in self._names:
            raise ImportError(fullname)


def hide_modules(*names: str) -> None:
    """Make these modules missing in this process, for libraries that work without them."""
    sys.meta_path.insert(0, _NotFound(frozenset(names)))


def empty_modules(*names: str) -> None:
    """Make these modules empty in this process, for libraries that import them but use them only in code not called here."""
    for name in names:
        sys.modules.setdefault(name, ModuleType(name))
        around, _, inner = name.rpartition(".")
        if around:
            setattr(sys.modules[around], inner, sys.modules[name])
