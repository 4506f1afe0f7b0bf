"""Results in plain words, for people at a terminal."""

from __future__ import annotations

from typing import Any

_STATES = {
    "certified": "certified: staging destroyed and checked",
    "red": "red: nothing was published; resume or abandon it",
    "interrupted": "interrupted: resume or abandon it",
    "running": "running",
    "destroying": "destruction under way",
    "incomplete": "DESTRUCTION INCOMPLETE: call a person",
}


def describe_result(result: dict[str, Any]) -> str:
    """What came, what was delivered, what needs a look, what was destroyed, where the proof is."""
    counts = result["counts"]
    lines = [f"Run {result['run']}: {_STATES.get(result['state'], result['state'])}"]
    if result.get("authorisation"):
        lines.append(
            f"  authorised by the signed instruction {result['authorisation']}, checked before the export was opened"
        )
    came = counts.get("inventory", {})
    if came:
        lines.append(
            f"  came       {came.get('files', 0)} file(s), {came.get('bytes', 0):,} bytes,"
            f" {came.get('patients', 0)} patient(s), {sum(came.get('units', {}).values()):,} units"
        )
    tally = result["dispositions"]
    if tally:
        lines.append(
            f"  delivered  {tally.get('delivered', 0):,} units whole, {tally.get('degraded', 0):,} as text"
        )
        lines.append(
            f"  not        {tally.get('out_of_scope', 0):,} out of scope, {tally.get('unscoped', 0):,} unscoped,"
            f" {tally.get('quarantined', 0):,} quarantined"
        )
    findings = counts.get("publish", {}).get("findings", {})
    if findings:
        lines.append(
            f"  look at    {sum(findings.values()):,} point(s) on the work list (sealed in report.zip.age)"
        )
    destroyed = counts.get("destroy", {})
    if destroyed:
        lines.append(
            f"  destroyed  {destroyed.get('files', 0)} sealed file(s), {destroyed.get('bytes', 0):,} bytes;"
            " key gone, reading fails, files absent"
        )
    lines += [f"  package    {path}" for path in result["delivered"]]
    if result.get("proof"):
        lines.append(f"  proof      {result['proof']}")
        lines.append(
            "  not said   that no other copy exists: of the host's backups, the old or the new system"
        )
    return "\n".join(lines)


def describe_runs(found: list[dict[str, Any]]) -> str:
    """One line a run."""
    if not found:
        return "No runs."
    return "\n".join(
        f"{run['run']}  {run['use']:<10} {_STATES.get(run['state'], run['state'])}" for run in found
    )


def describe_status(found: dict[str, Any]) -> str:
    """A run, arrow by arrow."""
    lines = [
        f"Run {found['run']}: {_STATES.get(found['state'], found['state'])}",
        f"  deadline   {found['deadline']}",
        f"  key        {found['keys']}",
    ]
    lines += [f"  {entry['at']}  {entry['arrow']}" for entry in found["journal"]]
    return "\n".join(lines)


def describe_sweep(report: dict[str, Any]) -> str:
    """What a sweep did."""
    words = [
        f"{report['destroyed']} run(s) destroyed",
        f"{report['resumable']} left resumable",
        f"{report['incomplete']} incomplete",
        f"{report['unknown']} unknown folder(s)",
        f"{report['intakes_expired']} unused intake(s) closed",
    ]
    return "Sweep: " + ", ".join(words) + "."
