"""Compares the parts of a proof: the run with the signed instruction, the statements with the ledger's entries.

The stand-alone verifier shows that nothing was altered after the log recorded it. The log's owner can still record false facts.
This module refuses those facts that another part of the folder contradicts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from vault.authorisation.register import PAGE
from vault.instruction.document import Custody, Instruction, parse
from vault.system.clock import parse_utc
from vault.verify import CHECK, DESTRUCTION, FOLDER, RUN, SIGNERS, Facts, Fault, Files, Report, canonical

SLACK = timedelta(days=1)
"""The tolerance in comparisons of times: for a wrong clock of the site, and the wait between a run's check and its start."""
NOTHING = "nothing_delivered"
_IMPORT_STATES = ("opened", "imported", "accepted")
"""The states of an import, in order. Each occurs at most once, and never before one that is listed earlier."""
WITHIN = "The run is within the instruction: its use, the days it was valid on, the deadline, who holds the copies."


def check_agreement(files: Files, report: Report) -> None:
    """Compare the parts of a folder with one another, and add the result to the report.

    Raises Fault: run_not_as_ordered, statements_disagree, signatures_not_of_their_kind.
    """
    agree = _statements_agree(files, report) if report.version > 1 else not report.bound
    _refuse(agree, "statements_disagree")  # a run that began under version 2 does not end under version 1
    if not report.signed:
        return
    if report.bound:
        _refuse(_of_their_kind(files, report), "signatures_not_of_their_kind")
    _refuse(_as_ordered(parse(files[f"{FOLDER}instruction.json"]), report), "run_not_as_ordered")
    report.checked.append(WITHIN)


def _refuse(holds: bool, code: str) -> None:
    if not holds:
        raise Fault(code)


def _entry(report: Report, kind: str) -> Facts:
    return next(entry for _, entry in report.entries if entry["type"] == kind)


def _statements_agree(files: Files, report: Report) -> bool:
    """Return whether the statements of run and destruction match the entries and the inventory."""
    started, ended = _entry(report, "run.started"), _entry(report, "destruction.completed")
    run, destruction = (report.statements[name][1] for name in (RUN, DESTRUCTION))
    listed = destruction["inventory"]
    extent = (listed["files"], listed["bytes"])
    deadline = int(parse_utc(run["deadline"]).timestamp())
    return (
        (run["use"], deadline) == (started["code"], started["n"]["deadline_s"])
        and destruction["cause"] == ended["code"]
        and extent
        == (ended["n"]["files"], ended["n"]["bytes"])
        == _extent(canonical(files["inventory.json"]))
        and _delivery_agrees(run, destruction["cause"], [entry for _, entry in report.entries])
        and _persons_agree(run)
    )


def _persons_agree(run: Facts) -> bool:
    """Return whether patients and charts on the certificate equal the counts of the steps. Earlier releases stated none."""
    persons = run["facts"].get("persons")
    if persons is None:
        return True
    inventoried, matched = run["counts"].get("inventory", {}), run["counts"].get("match", {})
    counted = {
        "source": inventoried.get("patients"),
        "charts": matched.get("charts"),
        "joined": matched.get("joined"),
    }
    return bool(persons == counted)


def _extent(inventory: Facts) -> tuple[int, int]:
    """Return the number of files in an inventory, and the sum of their bytes."""
    rows, rest = inventory["files"], inventory["left_out"] or {"files": 0, "bytes": 0}
    return len(rows) + rest["files"], sum(row["size"] for row in rows) + rest["bytes"]


def _delivery_agrees(run: Facts, cause: str, entries: list[Facts]) -> bool:
    """Return whether imports and uses match the deliveries, and the counts of each delivery equal those of the statement."""
    types, facts = {entry["type"] for entry in entries}, run["facts"]
    delivered = [e for e in entries if (e["type"], e["code"]) == ("run.delivered", "migration")]
    was_delivered = bool(delivered) or facts["import_state"] != NOTHING
    imports = [
        _IMPORT_STATES.index(entry["code"]) for entry in entries if entry["type"] == "import.confirmed"
    ]
    counted = [entry["n"] for entry in delivered if entry["n"]] if facts["dispositions"] else []
    return (
        facts["import_state"] in (NOTHING, "delivered_not_confirmed")
        and not (was_delivered and ("use.given_back" in types or run["use"] != "migration"))
        and (not imports or (facts["import_state"] != NOTHING and cause == "published"))
        and imports == sorted(set(imports))
        and all(counts == facts["dispositions"] for counts in counted)
    )


def _of_their_kind(files: Files, report: Report) -> bool:
    """Return whether the files of signatures match their recorded kind and number, and `signers.json` has a row for each."""
    check, signers_json = report.statements[CHECK][1], canonical(files[SIGNERS])
    rows: list[dict[str, Any]] = signers_json["signers"]
    names = [name.removeprefix(FOLDER) for name in files if name.startswith(FOLDER)]
    beside = sum(name.startswith("instruction.json") and name.endswith(".p7s") for name in names)
    present = (beside, PAGE in names, any(name.startswith("scan.") for name in names))
    count, by_hand = check["signatures"], report.kind == "handwritten"
    expected = (count if report.kind == "cades" else 0, report.kind == "pades", by_hand)
    capacities = [role for row in rows for role in row["capacities"]]
    numbers = {number for row in rows for number in row["numbers"]}
    controllers = parse(files[f"{FOLDER}instruction.json"]).controllers
    named, roles = {c.nihii[:8] for c in controllers}, {c.role for c in controllers}
    return (
        present == expected
        and count == len(rows) > 0
        and signers_json["signature"] == report.kind
        and sorted(capacities) == sorted(check["signedAs"])
        and set(capacities) <= roles
        and by_hand == bool(check.get("verifiedBy"))
        and (named <= numbers or not by_hand)
    )


def _as_ordered(instruction: Instruction, report: Report) -> bool:
    """Return whether the signed instruction allows the run: its use, time, deadline and scope, and the holders of the copies."""
    checked, started = _entry(report, "authorisation.checked"), _entry(report, "run.started")
    allowed, moment = instruction.uses.get(started["code"], 0), parse_utc(checked["at"])
    valid = instruction.valid_from - SLACK <= moment <= instruction.valid_until + SLACK
    if not (allowed and valid and started["n"].get("allowed", allowed) == allowed):
        return False
    if report.version == 1:
        return True
    run = report.statements[RUN][1]
    latest = parse_utc(started["at"]) + timedelta(hours=instruction.staging_deadline_hours) + SLACK
    custody = {"source": instruction.source_custody, "package": instruction.package_custody}
    return (
        parse_utc(run["deadline"]) <= latest
        and run["facts"]["language"] == instruction.language
        and run["facts"].get("scope", scope_of(instruction)) == scope_of(instruction)
        and all(_held(run["facts"]["fate"].get(name, {}), copy) for name, copy in custody.items())
    )


def scope_of(instruction: Instruction) -> Facts:
    """Return the scope of an instruction, as the certificate states it: kinds of records, and which patients."""
    rule = instruction.patients
    kept = {name: rule[name] for name in ("mode", "since") if name in rule}
    return {"kinds": sorted(instruction.kinds), "patients": kept}


def _held(fate: Facts, custody: Custody | None) -> bool:
    stated = (fate.get("holder"), fate.get("until"))
    return stated == ((custody.holder, custody.until) if custody else (None, None))
