"""Coroutines of pyHanko, each in an event loop of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def complete(coroutine: Coroutine[Any, Any, T]) -> T:
    """Returns the result of a coroutine. Raises what it raises.

    The result does not become that of the loop's task: when asyncio puts the interrupt handler back, Python formats the task with
    its result for a message that nobody sees, and formatting an ASN.1 object encodes it whole, which took most of the time.
    """
    found: list[T] = []

    async def keep() -> None:
        found.append(await coroutine)

    asyncio.run(keep())
    return found[0]
