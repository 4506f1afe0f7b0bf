"""Results in plain words, for people at a terminal."""

from __future__ import annotations

from pathlib import Path

from msgspec import UNSET

from flows.commands.count_words import count_lines
from flows.lifecycle.copies import CopyView
from flows.lifecycle.run_views import RunStatus
from flows.session.results import RunResult, SweepReport
from schemas.advice import words_of
from schemas.public_formats import Fate
from vault.runs.outcome_words import RunView, run_in_words


def describe_result(result: RunResult) -> str:
    """Describe a result: the run's end, the source, the delivery, what needs attention, what was destroyed, the proof."""
    counts = result.counts
    lines = [f"Run {result.run}: {run_in_words(result.state, result.cause)}"]
    if result.authorisation:
        lines.append(
            f"  authorised by the signed instruction {result.authorisation}, checked before the export was opened"
        )
    lines += count_lines(counts)
    destroyed = counts.get("destroy", {})
    if destroyed:
        lines.append(
            f"  destroyed  {destroyed.get('files', 0)} sealed file(s), {destroyed.get('bytes', 0):,} bytes;"
            " key gone, reading fails, files absent"
        )
    lines += [f"  package    {path}" for path in result.delivered]
    lines += source_lines(result.source_fate, delivered=bool(result.delivered))
    lines += package_lines(result.package_fate) if result.delivered else []
    if result.proof:
        lines.append(f"  proof      {result.proof}")
        lines.append(
            "  not said   that no other copy exists: of the host's backups, the old or the new system"
        )
    return "\n".join(lines)


def source_lines(fate: Fate | None, *, delivered: bool) -> list[str]:
    """Describe what happened to the export, from the certificate (`fate.source`)."""
    if fate is None:
        return []
    end = fate.end or None
    if fate.evidence == "encrypted_always":
        said = "was sealed always; the only key to it was destroyed with the staging"
    elif end is not None and end.complete:
        files = f"{end.files:,} file(s), {end.bytes:,} bytes"
        said = f"destroyed as the instruction says, {_minute(end.at)} UTC: {files}, overwritten and deleted"
    elif end is not None:
        said = "NOT wholly destroyed: `reprise custody --paths` shows what is left, the sweep tries again"
    elif fate.holder != "operator":
        said = f"left where it lies: it stays with the {fate.holder}, as the instruction says"
    elif delivered:
        said = "held by the operator; its destruction is not recorded: `reprise custody`"
    else:
        said = f"left where it lies; the sweep destroys the operator's copy at its date ({_minute(str(fate.until))} UTC)"
    return [f"  export     {said}"]


def package_lines(fate: Fate | None) -> list[str]:
    """Describe what happened to the operator's copy of the package (`fate.package`); no lines if the operator holds none."""
    if fate is None or fate.holder != "operator":
        return []
    end = fate.end or None
    if end is None:
        until = _minute(str(fate.until))
        return [f"  copy       the operator holds the package until {until} UTC; then the sweep destroys it"]
    if not end.complete:
        return [
            "  copy       of the package NOT wholly destroyed: `reprise custody --paths` shows what is left"
        ]
    files = f"{end.files:,} file(s), {end.bytes:,} bytes"
    return [f"  copy       the operator's copy of the package was destroyed, {_minute(end.at)} UTC: {files}"]


def describe_interrupted(run: RunView | None) -> str:
    """Describe what an interrupt left: no run, a waiting run, or an ended one."""
    if run is None:
        return "No run was begun, and the export was not opened."
    if run.state == "certified":
        return f"Run {run.run_id} had ended: `reprise status {run.run_id}`."
    if run.state == "destroying":
        return f"The destruction of its staging had begun: `reprise resume {run.run_id}`, or the next sweep, ends it."
    return f"The run waits: `reprise resume {run.run_id}`, or `reprise abandon {run.run_id} --yes`."


def describe_run_of_error(run: RunView, *, ours: bool) -> str:
    """Describe the run that an error names: the run of this command, or an earlier one that blocks it."""
    words = run.words
    if ours:
        return f"Run {run.run_id}: {words}"
    return f"Nothing was begun now. An earlier run, {run.run_id} ({_minute(run.created)} UTC): {words}"


def describe_runs(found: list[RunView]) -> str:
    """Return one line per run."""
    if not found:
        return "No runs."
    return "\n".join(f"{run.run_id}  {_minute(run.created)}  {run.use:<10} {run.words}" for run in found)


def _minute(moment: str) -> str:
    return f"{moment[:10]} {moment[11:16]}"


def describe_status(found: RunStatus) -> str:
    """Describe a run: its state or end, its counts, and when each step was completed."""
    lines = [f"Run {found.run_id}: {found.words}"]
    lines += _failure_lines(found) if found.proof is None else []
    lines.append(f"  use        {found.use}, begun {_minute(found.created)} UTC")
    lines += count_lines(found.counts)
    if found.proof is None:
        lines += [f"  deadline   {found.deadline}", f"  key        {found.key_provider}"]
    if found.package is not None:
        gone = found.package_fate is not None and bool(found.package_fate.end)
        lines.append(f"  package    {found.package}{' (no longer there: see copy)' if gone else ''}")
        lines.append(
            f"  import     {found.import_state or 'not confirmed: `reprise confirm RUN opened|imported|accepted`'}"
        )
    lines += source_lines(found.source_fate, delivered=found.package is not None)
    lines += package_lines(found.package_fate) if found.package is not None else []
    if found.proof is not None:
        lines.append(f"  proof      {found.proof}")
    lines += [f"  {entry.at}  {entry.step}" for entry in found.journal if entry.step != "control"]
    lines += [f"  {found.ended}  destroy, certify"] if found.ended else []
    return "\n".join(lines)


def _failure_lines(found: RunStatus) -> list[str]:
    """Why a run stopped: the code, and its words where the code alone decides them."""
    failure = found.failure
    if failure is None:
        return []
    words = words_of("", failure.code)
    lines = [f"  failed     {failure.code} (exit {failure.exit})"]
    return lines + ([f"             {words[0]}", f"             {words[1]}"] if words else [])


_SWEPT = (
    ("destroyed", "run(s) destroyed"),
    ("resumable", "run(s) left resumable"),
    ("incomplete", "run(s) INCOMPLETE: call a person"),
    ("unreadable", "damaged lease(s) set aside: key and staging destroyed, not certified"),
    ("strays", "stray folder(s) destroyed"),
    ("elsewhere", "overdue run(s) of another host removed, not certified"),
    ("copies_destroyed", "source(s) or package(s) destroyed at their date"),
    ("copies_incomplete", "copy or copies INCOMPLETE: changed or not removable, look at them"),
    ("intakes_expired", "unused intake(s) closed"),
    ("access_lines", "line(s) of the access log past their retention"),
    ("unknown", "unknown folder(s) left: look at them"),
)


def describe_sweep(report: SweepReport) -> str:
    """Describe what a sweep did; zero counts are left out."""
    words = [f"{count} {what}" for name, what in _SWEPT if (count := getattr(report, name))]
    text = "Sweep: " + (", ".join(words) or "nothing was due") + "."
    if report.clock_distrusted:
        text += (
            "\n  The wall clock went further than the boot clock explains: no copy is destroyed by date until it is"
            " synchronised, or an operator says `reprise sweep --clock-is-right`."
        )
    return text


def describe_custody(found: list[CopyView]) -> str:
    """Describe every copy that the operator holds, one line each."""
    if not found:
        return "The operator holds no copy."
    lines = []
    for copy in found:
        size = "sealed" if copy.files is UNSET else f"{copy.files:,} file(s), {copy.bytes:,} bytes"
        run = f"run {copy.run_id}" if copy.run_id else f"authorisation {copy.authorisation_id}"
        until = f"{copy.until}{' or delivery' if copy.kind == 'source' else ''}"
        lines.append(f"{copy.kind:<8} until {until}  {copy.state:<12} {size}  {run}")
        lines += [f"         {copy.path}"] if copy.path is not UNSET else []
    return "\n".join(lines)


def describe_drafts(drafts: list[Path]) -> str:
    """Say which drafts of mappings were written."""
    if not drafts:
        return "No draft: the export holds no unknown table whose first line is a header beyond doubt."
    names = "\n".join(f"  {path}" for path in drafts)
    return f"Drafts of mappings, to be completed and reviewed (docs/formats/delimited.md):\n{names}"
