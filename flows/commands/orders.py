"""`reprise orders`: list waiting orders, cancel one. `reprise order` makes one (`flows.commands.runs`)."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands.apps import orders
from flows.commands.shared import Acting, Looking, Shown, command
from flows.session.orders import cancel_order, list_orders


@command(orders, "list")
def list_waiting(control: Looking) -> Shown:
    """List the orders that wait to be triggered, and those whose run goes on."""
    found = list_orders(control.home)
    lines = [
        f"{order['order']}  {order['made']}  {order['use']:<10} {order['run'] or 'waits'}\n"
        f"                  {order['source']} -> {order['destination'] or 'nothing is delivered'}"
        for order in found
    ]
    return Shown(found, "\n".join(lines) or "No order waits.")


@command(orders)
def cancel(
    order: Annotated[str, typer.Argument(help="The order's id.", show_default=False)], control: Acting
) -> Shown:
    """Forget an order that nobody triggered. One whose run has begun is ended with `abandon`."""
    cancel_order(control.home, order)
    return Shown({"cancelled": order}, f"Order {order} is cancelled. Triggered, it does nothing.")
