"""Prefect's stored results, which are never read here: one is a pickle, and whoever wrote it chooses what reading it runs."""

from __future__ import annotations

from typing import Any

from prefect import results

from schemas.errors import FlowRunRefusedError


def refuse_results() -> None:
    """Read no result and no storage that the API names: a result is a pickle, and whoever wrote it chooses what it runs."""

    def no_storage() -> None:
        return None

    async def no_storage_async() -> None:
        return None

    async def refuse(metadata: Any) -> Any:  # noqa: ARG001 - as Prefect calls it
        raise FlowRunRefusedError("result_refused")

    for name, instead in (
        ("_read_server_default_result_storage_block_id", no_storage),
        ("_aread_server_default_result_storage_block_id", no_storage_async),
    ):
        getattr(results, name)  # where Prefect has renamed it, nothing is run
        setattr(results, name, instead)
    results.ResultStore._from_metadata  # noqa: B018, SLF001 - as above
    results.ResultStore._from_metadata = staticmethod(refuse)  # noqa: SLF001
