"""Keeps Prefect from reading stored results. A result is a pickle, and reading a pickle executes what its author chose."""

from __future__ import annotations

from typing import Any

from prefect import results

from schemas.errors import FlowRunRefusedError


def refuse_results() -> None:
    """Make Prefect ignore the results and the storage that the API names."""

    def no_storage() -> None:
        return None

    async def no_storage_async() -> None:
        return None

    async def refuse(metadata: Any) -> Any:  # noqa: ARG001 - Prefect's parameter
        raise FlowRunRefusedError("result_refused")

    for name, instead in (
        ("_read_server_default_result_storage_block_id", no_storage),
        ("_aread_server_default_result_storage_block_id", no_storage_async),
    ):
        getattr(results, name)  # if Prefect has renamed it, this raises before anything runs
        setattr(results, name, instead)
    results.ResultStore._from_metadata  # noqa: B018, SLF001 - as above
    results.ResultStore._from_metadata = staticmethod(refuse)  # noqa: SLF001
