"""The steps of the data process, inventory to publish, in this process: for cases that need no ledger and no key store."""

from __future__ import annotations

import os
import uuid
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from connectors.base import Limits
from connectors.opening import open_source
from flows.engine._authorise import authorise
from flows.session.control import Control
from flows.session.orders import Order
from flows.steps.check import check
from flows.steps.context import DataContext
from flows.steps.deliver import deliver
from flows.steps.extract import extract
from flows.steps.headers import check_headers
from flows.steps.inventory import count_source
from flows.steps.match import match
from flows.steps.plan import plan
from flows.steps.publish import publish
from flows.steps.reconcile import reconcile
from flows.steps.transform import transform
from flows.transport.destination import open_destination
from schemas.errors import RepriseError
from trial.home import make_trial, party_of
from vault.age.sealing import open_stream
from vault.home_folder import Home

SIGNED = "2026-01-01T00:00:00Z"
_STEPS = (extract, check, match, transform, plan, deliver, reconcile, publish)


@dataclass
class Package:
    """What a practice gets: the charts and the report by member name; or the error that stopped the steps."""

    charts: dict[str, bytes] = field(default_factory=dict)
    report: dict[str, bytes] = field(default_factory=dict)
    error: RepriseError | None = None
    published: Any = None

    @property
    def exit_code(self) -> int:
        """What the command would end with."""
        return 0 if self.error is None else self.error.exit_code


class Practices:
    """Trial homes below `folder`, one for each exporting party: made once, for signing takes longer than a case."""

    def __init__(self, folder: Path, **terms: Any) -> None:
        """`terms` replace fields of the instruction."""
        self._folder, self._terms = folder, terms
        self._made: dict[object, dict[str, str]] = {}

    def carry(self, source: Path) -> Package:
        """Take `source` through all steps under a trial's instruction, and open what was published.

        A RepriseError of a step is a result; any other exception is a crash.
        """
        party = party_of(source)
        if party not in self._made:
            folder = self._folder / f"practice-{len(self._made)}"
            self._made[party] = make_trial(folder, source, **{"valid_from": SIGNED, **self._terms})
        made = {**self._made[party], "source": str(source)}
        return _carry(Path(made["home"]).parent, made)


def _carry(folder: Path, made: dict[str, str]) -> Package:
    package = Package()
    try:
        context = _context(folder, made)
        value: Any = count_source(context, check_headers(context))
        for step in _STEPS:
            value = step(context, value)
        package.published = value
    except RepriseError as error:
        package.error = error
        return package
    for part in sorted(Path(made["destination"]).glob(f"*{context.run_id}/*.zip.age")):
        into = package.report if part.name.startswith("report") else package.charts
        into.update(_opened(folder, part))
    return package


def _context(folder: Path, made: dict[str, str]) -> DataContext:
    home, run_id = Path(made["home"]), str(uuid.uuid4())
    order = Order(
        source=made["source"], authorisation=made["authorisation"], use="migration",
        destination=made["destination"], keys="memory", operator="trial",
    )  # fmt: skip
    staging = folder / "staging" / run_id
    staging.mkdir(parents=True)
    Path(made["destination"]).mkdir(exist_ok=True)
    return DataContext(
        run_id=run_id,
        begun_at="2026-05-04T10:11:12Z",
        authorisation=authorise(Control.open(Home(home), "trial"), order).authorisation,
        files=open_source(Path(made["source"]), Limits()),
        limits=Limits(),
        staging=staging,
        parts=staging / "parts",
        destination=open_destination(Home(home), made["destination"], run_id),
        package=made["destination"],
        run_key=os.urandom(32),
        report=lambda _step, _done, _total: None,
        leave=lambda: None,
    )


def _opened(folder: Path, part: Path) -> dict[str, bytes]:
    lines = (folder / "identity.age").read_text().splitlines()
    (identity,) = [line for line in lines if not line.startswith("#")]
    with open_stream(part, identity) as plain, zipfile.ZipFile(BytesIO(plain.read())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
