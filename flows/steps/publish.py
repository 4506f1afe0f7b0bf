"""The step `publish`: seal the report, transfer all files, and publish the manifest last. A failed run never reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from connectors.destinations.base import MANIFEST, bring
from connectors.targets.manifest import beside_in, build_manifest, parts_in
from connectors.targets.medinect import chart_name
from flows.package import description, desk, readme
from flows.steps._papers import Papers, count_points
from flows.steps._set_aside import HandedOver
from flows.steps.context import DataContext
from flows.steps.deliver import STAGE as DELIVERED
from flows.steps.parts import sealed_zip
from flows.steps.values import Published, Reconciliation, SealedPart
from schemas.digests import Digest
from schemas.errors import TargetRefusedError
from vault.instruction import acceptance
from vault.system.files import write_durably

REPORT = "report.zip.age"
_BESIDE = (readme.NAME, desk.NAME, acceptance.NAME, description.PAGE, description.DATA)
"""The unsealed files: the readme, the page that opens the parts, the acceptance to sign, and the description for importers."""


def publish(context: DataContext, reconciliation: Reconciliation) -> Published:
    """Transfer all files and compare them. Once the control process permits it, publish them in one operation, the manifest last.

    The manifest's digests are those of the sealed bytes; what the destination returns is compared with them. After a crash that
    follows publication, the next attempt only compares the published package. Raises TargetError.
    """
    if context.destination.published():
        return _published_before(context, reconciliation)
    for name in (REPORT, *_BESIDE, MANIFEST):
        (context.parts / name).unlink(missing_ok=True)  # left by an interrupted attempt
    digest = _seal_report(context, reconciliation)
    parts = (*reconciliation.delivery.parts, _sealed(REPORT, digest))
    beside = _write_beside(context, reconciliation, parts)
    _write_manifest(context, reconciliation, parts, beside)
    files = (*parts, *beside)
    for done, part in enumerate(files):
        context.report("publish", done, len(files) + 1)
        bring(context.destination, context.parts / part.name, part.name, Digest(part.sha256, part.size))
    context.leave()
    context.destination.publish(context.parts / MANIFEST, frozenset(part.name for part in files))
    return Published(reconciliation, parts, context.package, count_points(context))


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
    return Published(reconciliation, parts, context.package, count_points(context))


def _found(context: DataContext, name: str, most: int) -> Digest:
    digest = context.destination.digest(name, most)
    if digest is None:
        raise TargetRefusedError("package_incomplete", run=context.run_id)
    return digest


def _sealed(name: str, digest: Digest) -> SealedPart:
    return SealedPart(name, digest.size, digest.sha256)


def _write_beside(
    context: DataContext, reconciliation: Reconciliation, parts: tuple[SealedPart, ...]
) -> tuple[SealedPart, ...]:
    """Write the files that are not sealed beside the parts. They hold no patient data, and name no doctor."""
    instruction = context.authorisation.instruction
    accepted = acceptance.accepted_on_page(
        context.run_id,
        [(part.name, part.size, part.sha256) for part in parts],
        processor=instruction.processor,
        language=instruction.language,
    )
    profile = reconciliation.delivery.plan.profile
    files = {
        readme.NAME: readme.readme(context.run_id, instruction.processor, instruction.language),
        desk.NAME: desk.desk_page(),
        acceptance.NAME: acceptance.render_acceptance(accepted),
        **description.description_files(profile, instruction.language, _counts(reconciliation)),
    }
    for name, data in files.items():
        write_durably(context.parts / name, data)
    return tuple(SealedPart(name, len(data), sha256(data).hexdigest()) for name, data in files.items())


def _counts(reconciliation: Reconciliation) -> dict[str, int]:
    return {"charts": reconciliation.delivery.plan.drafts.matched.charts, **reconciliation.dispositions}


def _seal_report(context: DataContext, reconciliation: Reconciliation) -> Digest:
    handed = HandedOver(context)
    with sealed_zip(context.parts / REPORT, context.authorisation.recipients) as archive:
        Papers(context, reconciliation, handed).seal(archive)
        for name, document in _originals(context):
            with archive.member(name) as emit:
                emit(document)
        for name, write in handed.members():
            with archive.member(name) as emit:
                write(emit)
    return archive.digest()


def _originals(context: DataContext) -> Iterator[tuple[str, bytes]]:
    """Yield, for each chart, the name `originals/<chart file>` and a document with the elements that the chart holds as prose."""
    for batch in context.reader(DELIVERED).batches("original"):
        for chart, document in zip(batch["chart"].to_pylist(), batch["document"].to_pylist(), strict=True):
            name = chart_name(context.run_id, chart).rpartition("/")[2]
            yield f"originals/{name}", document


def _write_manifest(
    context: DataContext,
    reconciliation: Reconciliation,
    parts: tuple[SealedPart, ...],
    beside: tuple[SealedPart, ...],
) -> None:
    plan = reconciliation.delivery.plan
    sealed, clear = ([(p.name, p.size, p.sha256) for p in files] for files in (parts, beside))
    data = build_manifest(plan.profile, _counts(reconciliation), sealed, context.run_id, clear)
    write_durably(context.parts / MANIFEST, data)
