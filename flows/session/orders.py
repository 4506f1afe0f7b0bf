"""Orders for runs, sealed under the home's site key, each with an opaque id.

The path of a source may name a doctor or a patient. So it is neither a parameter of Prefect nor stored in clear beside the lease.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from schemas.errors import BusyError, UnreadableSourceError
from schemas.record import Record
from vault.home_folder import Home
from vault.records.sealed_records import SealedRecords
from vault.runs.lease import readable_runs
from vault.system.clock import format_utc


class Order(Record, frozen=True):
    """Source, authorisation and destination of one run, and the operator who orders it."""

    source: str
    authorisation: str  # path of the instruction, or the id of a recorded one
    use: str  # migration | rehearsal | inventory
    destination: str | None
    keys: str  # keyring | memory
    operator: str
    draft: str | None = None  # the folder into which mappings of unknown tables are drafted (use `inventory`)
    intake: str | None = (
        None  # id of the intake to which the source must be sealed; None: all intakes are tried
    )


def save_order(home: Home, order: Order) -> str:
    """Seal the order in the home; return its id."""
    order_id = secrets.token_hex(8)
    _orders(home).add(order_id, order)
    return order_id


def load_order(home: Home, order_id: str) -> Order:
    """Open an order. Raises UnreadableSourceError if no order has this id."""
    if not order_id.isalnum() or order_id not in _orders(home):
        raise UnreadableSourceError("no_such_order")
    return _orders(home).read(order_id)


def list_orders(
    home: Home, runs_of: Callable[[list[str]], dict[str, str]] | None = None
) -> list[dict[str, Any]]:
    """List the orders of the home, oldest first, in clear: for the operator's terminal. `run` is the run that the order began.

    `runs_of` returns the runs of some orders; without it, every lease is read.
    """
    paths = sorted((home.orders).glob("*"), key=lambda p: (p.stat().st_mtime, p.name))
    if runs_of is None:
        runs = {str(lease.order_id): lease.run_id for lease in readable_runs(home)[0]}
    else:
        runs = runs_of([path.name for path in paths])
    orders = []
    for path in paths:
        made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        order = load_order(home, path.name).to_json()
        orders.append({"order": path.name, "made": format_utc(made), "run": runs.get(path.name), **order})
    return orders


def cancel_order(home: Home, order_id: str) -> None:
    """Delete a waiting order. Raises UnreadableSourceError (no_such_order), BusyError (order_has_a_run)."""
    load_order(home, order_id)
    for lease in readable_runs(home)[0]:
        if lease.order_id == order_id:
            raise BusyError("order_has_a_run", run=lease.run_id)
    drop_order(home, order_id)


def drop_stale_orders(home: Home, hours: int) -> None:
    """Delete orders that are older than so many hours and that no run needs."""
    leases, unreadable = readable_runs(home)
    if unreadable:
        return  # the orders that these runs need are not known
    wanted = {lease.order_id for lease in leases}
    for path in (home.orders).glob("*"):
        if path.is_file() and path.name not in wanted and time.time() - path.stat().st_mtime > hours * 3600:
            path.unlink(missing_ok=True)


def drop_order(home: Home, order_id: str) -> None:
    """Delete an order whose run has ended, or that no run will use."""
    _orders(home).drop(order_id)


def _orders(home: Home) -> SealedRecords[Order]:
    return SealedRecords[Order](home, home.orders, "order", Order)
