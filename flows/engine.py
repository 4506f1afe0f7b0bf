"""The run engine: from an order to a certificate, and every way a run can end.

Called by the command line and by the Prefect flows alike. It never holds the run key or a patient's datum.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows.carry import Carried, carry
from flows.control import Control
from flows.ending import Ending, end_run
from flows.orders import Order, drop_order, load_order
from flows.results import RunResult, SweepReport
from flows.steps.authorise import authorise
from flows.steps.lease import take_lease
from flows.watch import NoWatch, Watch
from schemas.errors import BusyError, DestructionError, RefusedError, RepriseError, UnreadableSourceError
from vault.journal import Journal
from vault.keys import KeyState
from vault.lease import Lease, owner_alive
from vault.lease import list_runs as leases_of
from vault.locks import doctor_lock
from vault.provider import provider
from vault.sweep import find_due, find_unknown

_watchers: dict[str, Watch] = {}


@contextmanager
def watching(order_id: str, watch: Watch) -> Iterator[None]:
    """Let `watch` see the run of this order, whoever starts it in this process."""
    _watchers[order_id] = watch
    try:
        yield
    finally:
        _watchers.pop(order_id, None)


class _Both:
    """Two watchers as one."""

    def __init__(self, one: Watch, other: Watch) -> None:
        self._all = (one, other)

    def progress(self, arrow: str, done: int, total: int) -> None:
        for watch in self._all:
            watch.progress(arrow, done, total)

    def arrow(self, arrow: str, counts: dict[str, Any]) -> None:
        for watch in self._all:
            watch.arrow(arrow, counts)


def precheck(home: Path, order: Order) -> None:
    """Refuse now what would be refused later; spends no use. A refusal is in the ledger."""
    authorise(Control.open(home, order.operator), order, spend=False)


def start_order(home: Path, order_id: str, watch: Watch) -> RunResult:
    """Run a sealed order (from Prefect)."""
    order = load_order(home, order_id)
    seen = _watchers.get(order_id)
    result = start(home, order, _Both(watch, seen) if seen else watch, order_id)
    drop_order(home, order_id)
    return result


def start(home: Path, order: Order, watch: Watch, order_id: str | None = None) -> RunResult:
    """Carry an order from its authorisation to its certificate.

    Raises the refusal, or the error that made the run red; then nothing was published and the run waits for
    resume, abandonment or its deadline.
    """
    control = Control.open(home, order.operator)
    authorisation = authorise(control, order, spend=False)
    watch.arrow("authorise", {})
    with doctor_lock(home, authorisation.subject_id):
        _refuse_second_run(control, authorisation.subject_id)
        authorisation = authorise(control, order, spend=True)
        lease = take_lease(control, authorisation, order, order_id)
        watch.arrow("lease", {})
        return _work(control, lease, order, watch)


def _refuse_second_run(control: Control, subject_id: str) -> None:
    for lease in leases_of(control.home):
        if lease.subject_id == subject_id and not control.ended(lease) and owner_alive(lease):
            raise BusyError("doctor_busy", run=lease.run_id)


def _work(control: Control, lease: Lease, order: Order, watch: Watch) -> RunResult:
    journal = Journal(control.home, lease.run_id)
    orders = {"source": order.source, "destination": order.destination or lease.staging, "use": order.use}
    try:
        carried = carry(control.home, lease, orders, journal, watch)
    except RepriseError as error:
        control.record_red(lease, error)
        if _leaves_nothing(error, journal):
            _end(control, lease, Carried(), "refused_after_header", watch)
        raise
    control.record_delivered(lease, carried.counts)
    return _end(control, lease, carried, "published" if order.use == "migration" else order.use, watch)


def _leaves_nothing(error: RepriseError, journal: Journal) -> bool:
    """A source refused before anything was sealed leaves nothing to resume."""
    return (
        isinstance(error, RefusedError | UnreadableSourceError)
        and error.exit_code != 19
        and not journal.read()
    )


def _end(control: Control, lease: Lease, carried: Carried, cause: str, watch: Watch) -> RunResult:
    return end_run(control, Ending(lease.reload(control.home), cause, carried.counts, carried.opened), watch)


def resume(home: Path, run: str, operator: str, watch: Watch) -> RunResult:
    """Go on from the last arrow. With a lost key the staging is dead: the run starts again from the source."""
    control = Control.open(home, operator)
    lease = _lease(control, run)
    if control.half_destroyed(lease):
        return _end(control, lease, _counts(control, lease), control.cause(lease), watch)
    order = control.order_of(lease)
    with doctor_lock(home, lease.subject_id):
        lease = control.take_over(lease)
        journal = Journal(home, run)
        if lease.key_ref is None or provider(lease.provider).state(lease.key_ref) is not KeyState.PRESENT:
            lease = control.start_over(lease, journal)
        control.record_resumed(lease)
        return _work(control, lease, order, watch)


def abandon(home: Path, run: str, operator: str, cause: str = "abandoned") -> RunResult:
    """End a run without publishing: destroy, check, certify."""
    control = Control.open(home, operator)
    lease = _lease(control, run)
    with doctor_lock(home, lease.subject_id):
        control.record_abandoned(lease, cause)
        return _end(control, lease, _counts(control, lease), cause, NoWatch())


def abandon_order(home: Path, order_id: str, cause: str) -> None:
    """Abandon the run of an order, if it began (Prefect's cancellation)."""
    for lease in leases_of(home):
        if lease.order_id == order_id:
            abandon(home, lease.run_id, load_order(home, order_id).operator, cause)


def sweep_home(home: Path) -> SweepReport:
    """Destroy what is due. Each run that cannot be verified is counted, not hidden."""
    control = Control.open_for_sweep(home)
    report = SweepReport(unknown=len(find_unknown(home)))
    for due in find_due(home, control.clock):
        if due.reason == "resumable":
            report.resumable += 1
            continue
        try:
            control.record_abandoned(due.lease, due.reason)
            _end(control, due.lease, _counts(control, due.lease), due.reason, NoWatch())
            report.destroyed += 1
        except DestructionError:
            report.incomplete += 1
    return report


def _counts(control: Control, lease: Lease) -> Carried:
    carried = Carried()
    for entry in Journal(control.home, lease.run_id).read():
        carried.counts[entry.arrow] = entry.counts
    return carried


def _lease(control: Control, run: str) -> Lease:
    name = Path(run).name
    if not (control.home / "runs" / name / "lease.json").is_file():
        raise UnreadableSourceError("no_such_run")
    return Lease.load(control.home, name)


def list_runs(home: Path) -> list[dict[str, Any]]:
    """Every run of the home and where it stands."""
    control = Control.open_to_look(home)
    return [
        {"run": lease.run_id, "state": control.state(lease), "use": lease.use, "deadline": lease.deadline}
        for lease in leases_of(home)
    ]


def status(home: Path, run: str) -> dict[str, Any]:
    """One run, arrow by arrow."""
    control = Control.open_to_look(home)
    lease = _lease(control, run)
    journal = [{"arrow": e.arrow, "at": e.at, "counts": e.counts} for e in Journal(home, lease.run_id).read()]
    return {
        "run": lease.run_id,
        "state": control.state(lease),
        "use": lease.use,
        "deadline": lease.deadline,
        "keys": lease.provider,
        "journal": journal,
    }
