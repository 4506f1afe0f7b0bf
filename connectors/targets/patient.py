"""The patient element: one person from the fields of one folder, or of several joined ones."""

from __future__ import annotations

from connectors.targets.chart import Unit
from connectors.targets.conform import fit_children
from connectors.targets.fillers import fill_patient
from connectors.targets.messages import message_mark
from connectors.targets.tree import Node, serialise
from connectors.targets.units import snippet
from schemas.disposition import Reason


def patient_node(fields: list[Unit], made: list[Unit]) -> tuple[Node, list[str]]:
    """The element, and the names of what was filled. Equal fields of joined folders stand once.

    `made`: further fields, made from messages; the element names them.
    """
    seen: set[str] = set()
    children: list[Node] = []
    owner: dict[int, list[Unit]] = {}
    several = len({unit.patient for unit in fields}) > 1
    for unit in fields:
        node = unit.children[0]
        text = serialise(node)
        if several and text in seen:
            continue
        seen.add(text)
        children.append(node)
        owner.setdefault(id(node), []).append(unit)
    kept, misfits = fit_children(children, "personType")
    for node in misfits:
        for unit in owner[id(node)]:
            unit.degrade(Reason.CONFLICTING_IDENTITY if several else Reason.NOT_IN_TARGET)
    kept += [unit.children[0] for unit in made]
    if made:
        kept.append(message_mark(" ".join(unit.children[0].name for unit in made)))
    filled = fill_patient(kept)
    kept, _ = fit_children([*kept, *(snippet(m) for m in misfits)], "personType")
    return Node("patient", children=kept), filled
