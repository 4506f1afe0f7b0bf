"""The patient element: one person, from the fields of one folder or of several joined ones."""

from __future__ import annotations

from functools import partial

from connectors.targets.chart import Unit
from connectors.targets.conform import fit_children, occurs_once, sort_children
from connectors.targets.fillers import fill_patient
from connectors.targets.ladder import stand_in
from connectors.targets.messages import message_mark
from connectors.targets.misfits import explain
from connectors.targets.originals import Originals
from connectors.targets.templates import learn_template, template_of
from connectors.targets.tree import Node, serialise
from schemas.disposition import Reason


def patient_node(fields: list[Unit], made: list[Unit], originals: Originals) -> tuple[Node, list[str]]:
    """The element, and the names of filled values. Equal fields of joined folders appear once.

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
    valid = {id(unit.children[0]) for unit in fields if template_of(unit) is not None}
    kept, misfits = fit_children(children, "personType", valid)
    for node in kept:
        if id(node) not in valid and id(node) in owner:
            learn_template(owner[id(node)][0], [node], "personType")
    for node in misfits:
        for unit in owner[id(node)]:
            unit.degrade(Reason.CONFLICTING_IDENTITY if several else Reason.NOT_IN_TARGET)
    kept += [unit.children[0] for unit in made]
    if made:
        kept.append(message_mark(" ".join(unit.children[0].name for unit in made)))
    filled = fill_patient(kept)
    for misfit in misfits:
        before = len(originals)
        repeated = occurs_once("personType", misfit.name) and any(c.name == misfit.name for c in kept)
        found = None if repeated else stand_in(misfit, "personType", originals)
        kept += [originals.text(misfit)] if found is None else found
        for unit in owner[id(misfit)]:
            unit.prose += originals.said_since(before)
            unit.misfits.append(partial(explain, misfit, "personType", repeated=repeated))
    sort_children(kept, "personType")
    return Node("patient", children=kept), filled
