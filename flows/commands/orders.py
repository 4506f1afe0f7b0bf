"""Commands about orders that wait: list them, cancel one. `order` itself makes one (`flows.commands.runs`)."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    guarded,
    home_path,
    operator_name,
    show,
)
from flows.session.control import Control
from flows.session.orders import cancel_order, list_orders


@guarded
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the orders that wait to be triggered, and those whose run goes on."""
    found = list_orders(home_path(home))
    lines = [
        f"{order['order']}  {order['made']}  {order['use']:<10} {order['run'] or 'waits'}\n"
        f"                  {order['source']} -> {order['destination'] or 'nothing is delivered'}"
        for order in found
    ]
    show(found, as_json=as_json, text="\n".join(lines) or "No order waits.")


@guarded
def cancel(
    order: Annotated[str, typer.Argument(help="The order's id.", show_default=False)],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget an order that nobody triggered. One whose run has begun is ended with `abandon`."""
    path = home_path(home)
    Control.open(path, operator_name(operator))
    cancel_order(path, order)
    show(
        {"cancelled": order}, as_json=as_json, text=f"Order {order} is cancelled. Triggered, it does nothing."
    )
