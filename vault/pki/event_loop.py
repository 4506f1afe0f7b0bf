"""Runs pyHanko's coroutines, each in a new event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def complete(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and return its result. Raises what the coroutine raises.

    The loop's task does not return the result. When asyncio restores the interrupt handler, Python formats the task and its
    result for a message that nobody sees, and to format an ASN.1 object encodes all of the object, which took most of the time.
    """
    results: list[T] = []

    async def keep() -> None:
        results.append(await coroutine)

    asyncio.run(keep())
    return results[0]
