"""Names of doctors on a page: opened one by one, for those who may read them, and each in the access log once a page."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.visit import Visit
from flows.session.control import Control
from flows.views.names import name_of


def names_of(visit: Visit, control: Control, persons: Iterable[str]) -> dict[str, str]:
    """Returns the names of these persons by their ids; empty for whoever may not read them.

    A doctor's look at their own name is no entry: the entry of the page says as much.
    """
    if not visit.sees_names:
        return {}
    found = {person: name_of(control, person) for person in sorted(set(persons))}
    shown = {person: name for person, name in found.items() if name is not None}
    for person in shown:
        if person != visit.only_about:
            visit.log("view", "name", person)
    return shown
