"""The counts of a run in plain words: the source; what is delivered whole, as text, or not; of which kinds and why."""

from __future__ import annotations

from collections.abc import Iterator

from flows.steps.software import NOT_IN_INSTRUCTION, NOT_STATED, OTHER_FORM
from schemas.steps import Counts
from schemas.texts import section

_SOFTWARE = {
    NOT_STATED: "software not stated in the export",
    NOT_IN_INSTRUCTION: "software not named by the instruction",
    OTHER_FORM: "software not stated in a known form",
}
_TITLES = {
    "degraded": "as text",
    "quarantined": "set aside",
    "out_of_scope": "out of scope",
    "unscoped": "unscoped",
}
_NAMES_SHOWN = 12
_EXPORT_AGAIN = "have it exported again"
_ACTIONS = {
    "not_well_formed": _EXPORT_AGAIN,
    "cut_short": _EXPORT_AGAIN,
    "unreadable_file": _EXPORT_AGAIN,
    "encrypted_folder": "have it exported without encryption",
    "folder_in_folder": "a record inside another one: whose it is must be looked at",
    "unit_too_large": "docs/limits.md says how to raise the limit",
    "attachment_too_large": "docs/limits.md says how to raise the limit",
    "too_deep": "docs/limits.md says how to raise the limit",
    "base64_invalid": "see whether it opens in the old software, and have it exported again",
    "archive_unopened": "unpack it, and have the export made again without a password",
    "unknown_format": "see what it is; take it out if it is no export",
    "no_record": "handed over sealed, counted against no ceiling",
    "document_beside": "handed over sealed; see whether it belongs in a chart",
    "describes_document": "what it says of a document is in the record; the row is handed over sealed",
    "same_file_twice": "taken over once; the second is handed over sealed",
    "contract": "the doctor gets it sealed, to look at",
    "conflicting_identity": "the doctor is asked which is right",
    "not_in_target": "readable in the record, named on the work list",
    "dangling_link": "named on the work list",
    "second_summary": "named on the work list",
    "patient_unknown": "whose it is cannot be told: left out where certain patients are named, else sealed for the doctor",
    "row_ragged": "handed over sealed; compare the row with the header of its table",
    "value_missing": "handed over sealed; see whether the mapping must require this value",
    "value_invalid": "handed over sealed; see whether the mapping must admit this value",
    "no_header": "whose it is, nothing says: have it exported again",
    "kind_out_of_scope": "as the instruction says",
    "patient_out_of_scope": "as the instruction says",
    "responsible_out_of_scope": "as the instruction says",
}
"""What a person can do about a reason, or what happens without action."""


def count_lines(counts: dict[str, Counts]) -> list[str]:
    """Return lines for a terminal, for the steps that the run completed; none for a run that has not counted."""
    came = counts.get("inventory")
    if not came:
        return []
    balanced = counts.get("reconcile", counts.get("rehearse"))
    lines = [*_came(came)]
    lines += _new_names(came.get("dialect", {}))
    if balanced is None:
        return [*lines, *_reasons(came.get("reasons", {}))]
    tally = balanced["dispositions"]
    verb = "delivered" if "publish" in counts else "would be "
    lines += [
        f"  {verb}  {tally.get('delivered', 0):,} units whole, {tally.get('degraded', 0):,} as text",
        (
            f"  not        {tally.get('out_of_scope', 0):,} out of scope, {tally.get('unscoped', 0):,} unscoped,"
            f" {tally.get('quarantined', 0):,} set aside"
        ),
        *_reasons(balanced.get("reasons", {})),
        *_contracts(counts.get("check", {}).get("outcomes", {})),
        *_coverage(counts.get("transform", {}).get("coverage", {})),
    ]
    findings = sum(counts.get("publish", {}).get("findings", {}).values())
    if findings:
        lines.append(f"  look at    {findings:,} point(s) on the work list (sealed in report.zip.age)")
    return lines


def _came(came: Counts) -> Iterator[str]:
    units = came.get("units", {})
    yield (
        f"  came       {came['files']:,} file(s), {came['bytes']:,} bytes, {came['patients']:,} patient(s),"
        f" {sum(units.values()):,} units"
    )
    if units:
        most = sorted(units.items(), key=lambda pair: (-pair[1], pair[0]))
        yield "             " + ", ".join(f"{count:,} {_kind(kind)}" for kind, count in most)
    facts = []
    if came.get("software"):
        named = sorted(came["software"], key=lambda name: (-came["software"][name], name))
        facts.append("from " + ", ".join(_SOFTWARE.get(name, name) for name in named))
    if came.get("years"):
        first, last = came["years"]
        facts.append(f"records of {first}" + (f" to {last}" if last != first else ""))
    if facts:
        yield "             " + "; ".join(facts)


def _reasons(reasons: dict[str, dict[str, dict[str, int]]]) -> Iterator[str]:
    """Yield a line for each reason of each incomplete disposition: how many of which kinds, why, and what to do."""
    words = section("en", "report.reason")
    for disposition, title in _TITLES.items():
        for reason, found in sorted(reasons.get(disposition, {}).items()):
            kinds = [f"{count:,} {_kind(kind)}" for kind, count in sorted(found.items())]
            what = ", ".join(kinds) if len(kinds) > 1 else _kind(next(iter(found)))
            why = words.get(reason, reason.replace("_", " "))
            action = f" ({_ACTIONS[reason]})" if reason in _ACTIONS else ""
            yield f"  {title:<12} {sum(found.values()):,} ({what}): {why}{action}"


def _contracts(outcomes: dict[str, dict[str, int]]) -> Iterator[str]:
    """Yield a line for each data contract that rows break, or that could not be judged of some (docs/contracts.md)."""
    for contract, rows in outcomes.items():
        broken = [f"{rows[outcome]:,} {outcome}" for outcome in ("failed", "error") if rows.get(outcome)]
        if broken:
            yield f"  contract     {contract}: {', '.join(broken)} of {sum(rows.values()):,} rows"


def _coverage(coverage: dict[str, dict[str, int]]) -> Iterator[str]:
    """Yield how far codes are understood, by distinct codes and by records (docs/codes.md)."""
    for of, found in coverage.items():
        total = sum(found.values())
        if total:
            said = ", ".join(f"{count:,} {status}" for status, count in found.items() if count)
            yield f"  codes        of {total:,} {'distinct codes' if of == 'codes' else 'coded records'}: {said}"


def _new_names(dialect: Counts) -> Iterator[str]:
    """Yield a line for each kind of names that the last export of this software did not use (docs/dialects.md)."""
    for kind, names in dialect.get("new", {}).items():
        shown = ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")
        yield f"  new          {len(names):,} {kind.replace('_', ' ')} since {dialect['since']}: {shown}"


def _kind(kind: str) -> str:
    """Return a kind of unit without its explanation."""
    return section("en", "report.kind").get(kind, kind).partition(" (")[0]
