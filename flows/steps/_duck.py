"""The only module that opens duckdb: in memory, over Arrow, unable to write, read or fetch anything.

By default duckdb spills to disk in clear, so spilling is disabled and work is partitioned to fit. The settings are read back: a
version that ignores one is refused.
"""

from __future__ import annotations

import duckdb

from schemas.errors import HostError

MEMORY_LIMIT = "256MB"
_EXPECTED = {"temp_directory": "", "enable_external_access": "false", "lock_configuration": "true"}


def connect() -> duckdb.DuckDBPyConnection:
    """Open a locked-down in-memory database. Raises HostError if a setting did not take effect."""
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
