"""publish: seal the report, bring everything to the destination, the manifest last. A failed run never gets here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256

from connectors.destinations.base import MANIFEST, bring
from connectors.targets.findings import Finding, contradictory, doubtful, kept_back
from connectors.targets.manifest import beside_in, build_manifest, parts_in
from connectors.targets.medinect import chart_name
from connectors.targets.reports import render_reconciliation, render_work_list
from flows.package import desk, readme
from flows.steps._quarantine import STAGE as CHECKED
from flows.steps._quarantine import KeptBack, Quarantined
from flows.steps.context import DataContext
from flows.steps.deliver import STAGE as DELIVERED
from flows.steps.extract import STAGE as EXTRACTED
from flows.steps.match import load_charts, load_notices, load_review
from flows.steps.parts import SealedZip, sealed_zip
from flows.steps.values import Published, Reconciliation, SealedPart
from schemas.digests import Digest
from schemas.disposition import Disposition, Reason
from schemas.errors import TargetRefusedError
from vault.staging.segments import StagingReader
from vault.system.files import write_durably

REPORT = "report.zip.age"
_BESIDE = (readme.NAME, desk.NAME)
"""Files beside the sealed parts: what a practice reads first, and the page with which it opens the package."""


def publish(context: DataContext, reconciliation: Reconciliation) -> Published:
    """Bring everything to the destination, read it back, and with permission publish it in one act, the manifest last.

    The manifest's digests are those of the sealed bytes; what the destination returns is compared with them. A crash after
    publication leaves a complete package, which is compared again. Raises TargetError.
    """
    if context.destination.published():
        return _published_before(context, reconciliation)
    for name in (REPORT, *_BESIDE, MANIFEST):
        (context.parts / name).unlink(missing_ok=True)  # left by an interrupted attempt
    findings, digest = _seal_report(context, reconciliation)
    parts = (*reconciliation.delivery.parts, _sealed(REPORT, digest))
    beside = _write_beside(context)
    _write_manifest(context, reconciliation, parts, beside)
    files = (*parts, *beside)
    for done, part in enumerate(files):
        context.report("publish", done, len(files) + 1)
        bring(context.destination, context.parts / part.name, part.name, Digest(part.sha256, part.size))
    context.leave()
    context.destination.publish(context.parts / MANIFEST, frozenset(part.name for part in files))
    return Published(reconciliation, parts, context.package, findings)


def _published_before(context: DataContext, reconciliation: Reconciliation) -> Published:
    """Check a package that an earlier attempt published, by the manifest in staging, which lists what was sealed.

    The manifest was written after the last part and before publication.
    """
    try:
        manifest = (context.parts / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise TargetRefusedError("package_exists", run=context.run_id) from None
    parts = tuple(SealedPart(*part) for part in parts_in(manifest))
    listed = (*parts, *(SealedPart(*file) for file in beside_in(manifest)))
    expected = {part.name: Digest(part.sha256, part.size) for part in listed}
    expected[MANIFEST] = Digest(sha256(manifest).hexdigest(), len(manifest))
    altered = any(_found(context, name, digest.size) != digest for name, digest in expected.items())
    if altered or parts[:-1] != reconciliation.delivery.parts:
        raise TargetRefusedError("package_altered", run=context.run_id)
    context.destination.tidy()
    context.leave()
    return Published(reconciliation, parts, context.package, _count_findings(list(_findings(context))))


def _found(context: DataContext, name: str, most: int) -> Digest:
    digest = context.destination.digest(name, most)
    if digest is None:
        raise TargetRefusedError("package_incomplete", run=context.run_id)
    return digest


def _sealed(name: str, digest: Digest) -> SealedPart:
    return SealedPart(name, digest.size, digest.sha256)


def _write_beside(context: DataContext) -> tuple[SealedPart, ...]:
    """Write the files that are not sealed beside the parts. They hold no patient data."""
    instruction = context.authorisation.instruction
    text = readme.readme(context.run_id, instruction.processor, instruction.language)
    written = []
    for name, data in ((readme.NAME, text), (desk.NAME, desk.desk_page())):
        write_durably(context.parts / name, data)
        written.append(SealedPart(name, len(data), sha256(data).hexdigest()))
    return tuple(written)


def _count_findings(findings: list[Finding]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.rank_name] = counts.get(finding.rank_name, 0) + 1
    return counts


def _seal_report(context: DataContext, reconciliation: Reconciliation) -> tuple[dict[str, int], Digest]:
    findings = list(_findings(context))
    language = context.authorisation.language
    with sealed_zip(context.parts / REPORT, context.authorisation.recipients) as archive:
        _put(archive, "work-list.html", render_work_list(findings, language))
        _put(
            archive, "reconciliation.html", render_reconciliation(_summary(context, reconciliation), language)
        )
        for name, document in _originals(context):
            with archive.member(name) as emit:
                emit(document)
        for name, write in _quarantine(context):
            with archive.member(name) as emit:
                write(emit)
    return _count_findings(findings), archive.digest()


def _put(archive: SealedZip, name: str, text: str) -> None:
    with archive.member(name) as emit:
        emit(text.encode("utf-8"))


def _originals(context: DataContext) -> Iterator[tuple[str, bytes]]:
    """Yield, for each chart, the elements that it contains as prose: `originals/` and the name of the chart's file."""
    for batch in context.reader(DELIVERED).batches("original"):
        for chart, document in zip(batch["chart"].to_pylist(), batch["document"].to_pylist(), strict=True):
            name = chart_name(context.run_id, chart).rpartition("/")[2]
            yield f"originals/{name}", document


def _findings(context: DataContext) -> list[Finding]:
    found = []
    for batch in context.reader(DELIVERED).batches("finding"):
        for chart, text in zip(batch["chart"].to_pylist(), batch["finding"].to_pylist(), strict=True):
            found.append(Finding.from_json(text, chart_name(context.run_id, chart)))
    return [*_kept_back(context), *_doubles(context), *found]


def _doubles(context: DataContext) -> Iterator[Finding]:
    """Yield charts that may belong to one patient, in pairs; then charts that contradict themselves about their patient."""
    charts = load_charts(context)
    name_of = {
        patient: chart_name(context.run_id, chart)
        for chart, patients in charts.items()
        for patient in patients
    }
    review, notices = list(load_review(context)), list(load_notices(context))
    described = _describe(context, {*(p for pair in review for p in pair[:2]), *(p for p, _ in notices)})
    for patient, other, why in review:
        people = " | ".join(described[each][1] for each in (patient, other))
        yield doubtful(name_of[patient], name_of[other], why, people)
    for patient, why in notices:
        yield contradictory(name_of[patient], described[patient][0], why, described[patient][1])


def _describe(context: DataContext, patients: set[int]) -> dict[int, tuple[str, str]]:
    """Return, for each of these patients, the unit that states them and who they are, for the sealed report."""
    described: dict[int, tuple[str, str]] = {}
    for batch in context.reader(EXTRACTED).batches("patient") if patients else ():
        columns = ("patient", "unit", "family_name", "first_names", "birth", "inss")
        for patient, unit, family, first, *others in zip(
            *(batch[name].to_pylist() for name in columns), strict=True
        ):
            if patient in patients:
                text = ", ".join(part for part in (family, *(first or ()), *others) if part)
                described[patient] = (
                    unit,
                    f"{described[patient][1]} / {text}" if patient in described else text,
                )
    return described


def _kept_back(context: DataContext) -> Iterator[Finding]:
    """Yield what was kept out of the charts, each with the member of the report that holds it."""
    names = _file_names(context)
    for stage, ending in ((EXTRACTED, "bin"), (CHECKED, "jsonl")):
        for batch in context.reader(stage).batches("outcome"):
            columns = (batch[name].to_pylist() for name in ("unit", "kind", "disposition", "reason"))
            for unit, kind, disposition, reason in zip(*columns, strict=True):
                if disposition == Disposition.QUARANTINED:
                    yield kept_back(unit, kind, reason, _member(unit, reason, ending), names.get(unit, ""))


def _file_names(context: DataContext) -> dict[str, str]:
    """Return the names in the export of files that were handed over whole, and where their XML breaks."""
    names: dict[str, str] = {}
    for batch in context.reader(EXTRACTED).batches("file_name"):
        for row in batch.to_pylist():
            place = f" ({row['line']}:{row['column']})" if row["line"] else ""
            names[row["unit"]] = row["name"] + place
    return names


def _summary(context: DataContext, reconciliation: Reconciliation) -> dict[str, object]:
    delivery = reconciliation.delivery
    inventory = delivery.plan.drafts.matched.checked.staged.inventory
    return {
        "run": context.run_id,
        "profile": delivery.plan.profile,
        "files": len(inventory.files),
        "patients": inventory.patients,
        "charts": delivery.plan.drafts.matched.charts,
        "bytes": inventory.bytes_total,
        "unit_bytes": inventory.unit_bytes,
        "structural_bytes": inventory.structural_bytes,
        "ignored_bytes": inventory.ignored_bytes,
        "repaired": inventory.repaired,
        "dispositions": reconciliation.dispositions,
        "by_kind": reconciliation.by_kind,
        "filled": delivery.filled,
        "derived": delivery.derived,
        "review": delivery.plan.drafts.matched.review,
        "joined": delivery.plan.drafts.matched.joined,
    }


def _quarantine(context: DataContext) -> list[tuple[str, Callable[[Callable[[bytes], None]], None]]]:
    """Return one member per quarantined unit, verbatim, named by its path with underscores for slashes."""
    reader = context.reader(EXTRACTED)  # one reader for all, because it caches segments
    members = _contract_quarantine(context, reader)
    for batch in reader.batches("outcome"):
        for unit, patient, disposition, reason in zip(
            *(batch[c].to_pylist() for c in ("unit", "patient", "disposition", "reason")), strict=True
        ):
            if disposition == Disposition.QUARANTINED:
                members.append((_member(unit, reason, "bin"), _copy(reader, unit, patient)))
    return members


def _contract_quarantine(
    context: DataContext, reader: StagingReader
) -> list[tuple[str, Callable[[Callable[[bytes], None]], None]]]:
    """Return what a contract kept back: the rows of the unit, and its attachments."""
    members = []
    units = Quarantined.load(context.reader(CHECKED))
    rows, documents = KeptBack(reader, units), KeptBack(reader, units, ("document",))
    for unit, patient in sorted(units.units.items(), key=lambda each: each[1]):
        members.append((_member(unit, Reason.CONTRACT, "jsonl"), _row_writer(rows, unit)))
        members += [
            (_member(document, Reason.CONTRACT, "bin"), _copy(reader, document, patient))
            for document in documents.paths(unit)
        ]
    return members


def _member(unit: str, reason: str, ending: str) -> str:
    return f"quarantine/{unit.replace('/', '_')}-{reason}.{ending}"


def _row_writer(kept_back: KeptBack, unit: str) -> Callable[[Callable[[bytes], None]], None]:
    def write(emit: Callable[[bytes], None]) -> None:
        for line in kept_back.rows(unit):
            emit(line)

    return write


def _copy(reader: StagingReader, unit: str, patient: int) -> Callable[[Callable[[bytes], None]], None]:
    def write(emit: Callable[[bytes], None]) -> None:
        for batch in reader.content_of(unit, patient):
            for piece in batch["content"]:
                emit(piece.as_py())

    return write


def _write_manifest(
    context: DataContext,
    reconciliation: Reconciliation,
    parts: tuple[SealedPart, ...],
    beside: tuple[SealedPart, ...],
) -> None:
    plan = reconciliation.delivery.plan
    counts = {"charts": plan.drafts.matched.charts, **reconciliation.dispositions}
    sealed, clear = ([(p.name, p.size, p.sha256) for p in files] for files in (parts, beside))
    data = build_manifest(plan.profile, counts, sealed, context.run_id, clear)
    write_durably(context.parts / MANIFEST, data)
