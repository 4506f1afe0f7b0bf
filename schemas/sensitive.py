"""A wrapper that keeps patient data out of logs, messages and pickles."""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")


class Sensitive(Generic[T]):
    """Holds a value that must not be shown. Only `reveal()` returns it, so every use can be found by a search."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """Returns the value. Never pass it to a logger, an error or an unsealed file."""
        return self._value

    def __repr__(self) -> str:
        return "<sensitive>"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return "<sensitive>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("sensitive values are not pickled")
