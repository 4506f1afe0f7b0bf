"""The one place that opens duckdb: in memory, over Arrow, unable to write, read or fetch anything.

duckdb spills to disk in clear unless told otherwise, so it may not spill at all; work is partitioned to fit.
The settings are read back: a version that ignores one is refused.
"""

from __future__ import annotations

import duckdb

from schemas.errors import HostError

MEMORY_LIMIT = "256MB"
_EXPECTED = {"temp_directory": "", "enable_external_access": "false", "lock_configuration": "true"}


def connect() -> duckdb.DuckDBPyConnection:
    """Open a locked-down in-memory database. Raises HostError when a setting did not take."""
    connection = duckdb.connect(
        config={
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": MEMORY_LIMIT,
            "threads": "1",
        }
    )
    connection.execute("SET enable_external_access=false")
    connection.execute("SET lock_configuration=true")
    names = ", ".join(f"'{name}'" for name in _EXPECTED)
    found = connection.execute(
        f"SELECT name, value FROM duckdb_settings() WHERE name IN ({names})"  # noqa: S608 - our own names
    ).fetchall()
    if {name: str(value).lower() for name, value in found} != _EXPECTED:
        connection.close()
        raise HostError("duckdb_settings_refused")
    return connection
