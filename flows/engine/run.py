"""The run engine: from an order to a certificate, and every way a run can end.

Called by the command line and by the Prefect flows alike. It never holds the run key or a patient's datum.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from flows.engine._authorise import Authorised, authorise
from flows.engine._contracts import ContractJudge
from flows.engine._lease import begin, make_ready, take_lease
from flows.engine._supervise import Carried, carry, judging
from flows.lifecycle.copies import announce, end_withdrawn
from flows.lifecycle.ending import Ending, end_run
from flows.lifecycle.intakes import close_due
from flows.lifecycle.run_views import run_of_order
from flows.session.control import Control
from flows.session.observer import NoWatch, Watch
from flows.session.orders import Order, drop_order, load_order
from flows.session.results import RunResult
from flows.steps.order import ARROWS
from schemas.errors import (
    AuthorisationError,
    BusyError,
    IntakeError,
    KeyDestroyedError,
    KeyUnavailableError,
    RefusedError,
    RepriseError,
    RunEndedError,
    ScopeError,
    SourceError,
)
from schemas.outcome import Cause, Outcome
from vault.authorisation.check import Authorisation, check_withdrawal, hold_use, is_withdrawn, reopen
from vault.authorisation.check import withdraw as record_withdrawal
from vault.destruction.destroy import key_of
from vault.destruction.due import is_restored
from vault.keys.provider import KeyState
from vault.keys.registry import provider
from vault.ledger.entries import EntryType
from vault.runs.journal import Journal
from vault.runs.lease import Lease, Sight, find_lease, refuse_elsewhere, sight
from vault.runs.lease import list_runs as leases_of
from vault.runs.run_lock import hold_run
from vault.site import Site
from vault.system.clock import Clock

INTAKE_KEY_GONE = "intake_key_gone"
END_WAIT_SECONDS = 30  # for a control process whose data process was just ended to let go of the doctor

CAUSES = {"migration": Cause.PUBLISHED, "rehearsal": Cause.REHEARSAL, "inventory": Cause.INVENTORY}
"""Why a run of each use ends when all its steps are behind it."""

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
    authorise(Control.open(home, order.operator), order)


def start_order(home: Path, order_id: str, watch: Watch) -> RunResult:
    """Run a sealed order (from Prefect). Asked again, go on with its run; of one that has ended, give how it ended.

    Raises HomeError home_not_found, UnreadableSourceError no_such_order, and what `start` and `resume` raise.
    """
    Site.load(home)
    seen = _watchers.get(order_id)
    watch = _Both(watch, seen) if seen else watch
    begun = run_of_order(home, order_id)
    if begun is not None and begun["state"] == "certified":
        return RunResult(begun["run"], begun["state"], outcome=begun["outcome"], cause=begun["cause"])
    order = load_order(home, order_id)
    if begun is not None:
        return resume(home, begun["run"], order.operator, watch)
    try:
        return start(home, order, watch, order_id)
    except RefusedError:
        if not any(lease.order_id == order_id for lease in leases_of(home)):
            drop_order(home, order_id)  # it will not be asked again; a run's own goes with the run
        raise


def start(
    home: Path, order: Order, watch: Watch, order_id: str | None = None, clock: Clock | None = None
) -> RunResult:
    """Carry an order from its authorisation to its certificate.

    Raises the refusal, or the error that made the run red; then nothing was published and the run waits for
    resume, abandonment or its deadline.
    """
    control = Control.open(home, order.operator, clock)
    with judging(order.use) as judge:
        authorised = authorise(control, order)
        watch.arrow("authorise", announce(authorised.authorisation.instruction, order.use))
        with _sole_run(control, authorised.authorisation):
            authorised = _check_again(control, order, authorised)
            lease = take_lease(control, authorised, order, order_id)
            watch.arrow("lease", {})
            return _work(control, lease, order, watch, judge)


@contextmanager
def _sole_run(control: Control, authorisation: Authorisation) -> Iterator[None]:
    """Hold the locks of the instruction and of everybody it concerns. Being busy is a refusal: it is in the ledger."""
    try:
        lock = hold_run(control.home, (authorisation.id, *authorisation.persons))
    except BusyError as busy:
        control.record_refused(busy)
        raise
    with lock:
        yield


def _check_again(control: Control, order: Order, before: Authorised) -> Authorised:
    """Under the locks: who was erased, whose mandate ended since the first check. Raises what that does, and BusyError."""
    authorised = authorise(control, order)
    if set(authorised.authorisation.persons) - set(before.authorisation.persons):
        busy = BusyError("doctor_busy")  # somebody was enrolled meanwhile, whose lock is not held
        control.record_refused(busy)
        raise busy
    return authorised


def _work(
    control: Control, lease: Lease, order: Order, watch: Watch, judge: ContractJudge | None
) -> RunResult:
    journal = Journal(control.home, lease.run_id)
    if journal.last() != ARROWS[order.use][-1]:
        _carry(control, lease, order, journal, watch, judge)
    carried = Carried.from_journal(journal)
    control.record_delivered(lease, carried.counts)
    return _end(control, lease, carried, CAUSES[order.use], watch)


def _carry(
    control: Control, lease: Lease, order: Order, journal: Journal, watch: Watch, judge: ContractJudge | None
) -> None:
    orders = {
        "source": order.source,
        "destination": order.destination or lease.staging,
        "use": order.use,
        "intake": order.intake,
        "limits": control.site.limits,
    }
    try:
        carry(control.home, lease, orders, journal, watch, control.clock, judge)
        return
    except RepriseError as error:
        red = error
        red.name_run(lease.run_id)
    if control.ended(lease) or control.half_destroyed(lease):
        raise red  # the sweep was faster: its story stands
    if journal.last() == ARROWS[order.use][-1]:
        return  # all was done and told before: its end goes on as it would have
    control.record_red(lease, red)
    cause = _cause_to_end(control, lease, red)
    if cause is not None:
        control.record_abandoned(lease, cause)
        _end(control, lease, Carried.from_journal(journal), cause, watch)
    elif journal.last() is None and _is_refused_for_good(control, lease, red):
        # nothing was sealed that could go on
        _end(control, lease, Carried(), _cause_of_refusal(red), watch)
    raise red


def _is_refused_for_good(control: Control, lease: Lease, red: RepriseError) -> bool:
    """Whether no resume could do better. A source that no intake opens waits: the right file may still take its place."""
    if isinstance(red, IntakeError):
        return red.code == INTAKE_KEY_GONE and lease.reload(control.home).intake_id is not None
    return isinstance(red, RefusedError | SourceError) and red.exit_code != 19


def _cause_of_refusal(refusal: RepriseError) -> Cause:
    """Why a run ends of which nothing was staged."""
    if refusal.code == INTAKE_KEY_GONE:
        return Cause.KEY_LOST
    if isinstance(refusal, ScopeError):
        return Cause.REFUSED_AFTER_HEADER
    return Cause.REFUSED_SOURCE if isinstance(refusal, SourceError) else Cause.REFUSED


def _cause_to_end(control: Control, lease: Lease, red: RepriseError) -> Cause | None:
    """Why a run that stopped may not wait for a resume."""
    if red.code == "withdrawn":
        return Cause.WITHDRAWN
    return Cause.DEADLINE if lease.seconds_left(control.clock) <= 0 else None


def _end(control: Control, lease: Lease, carried: Carried, cause: Cause, watch: Watch) -> RunResult:
    return end_run(control, Ending(lease.reload(control.home), cause, carried.counts, carried.opened), watch)


def resume(home: Path, run: str, operator: str, watch: Watch, clock: Clock | None = None) -> RunResult:
    """Go on from the last arrow. With a lost key the staging is dead: the run starts again from the source.

    Raises KeyUnavailableError (run_of_another_program) for a run that another release, or a changed source, has staged.
    """
    control = Control.open(home, operator, clock)
    lease = find_lease(control.home, run)
    if control.ended(lease):
        raise RunEndedError("run_has_ended", run=run)
    if is_restored(home, lease.run_id):
        raise KeyDestroyedError("run_of_a_restored_home")
    with hold_run(home, lease.locks):
        lease = control.take_over(lease)
        journal = Journal(home, lease.run_id)
        if control.half_destroyed(lease):
            return _end(control, lease, Carried.from_journal(journal), control.cause(lease), watch)
        order = control.order_of(lease)
        if control.given_up(lease):
            return end_unpublished(control, lease, control.cause(lease))
        if is_withdrawn(home, lease.authorisation_id):
            end_unpublished(control, lease, Cause.WITHDRAWN)
            raise AuthorisationError("withdrawn")
        if not control.began(lease):
            begin(control, lease, authorise(control, order, lease.run_id))
        if lease.seconds_left(control.clock) <= 0 and journal.last() != ARROWS[order.use][-1]:
            control.record_abandoned(lease, Cause.DEADLINE)
            return _end(control, lease, Carried.from_journal(journal), Cause.DEADLINE, watch)
        if journal.last() != ARROWS[order.use][-1]:
            if _key_is_lost(lease):
                lease = control.start_over(lease, journal)
            elif not journal.is_of_this_program():
                raise KeyUnavailableError("run_of_another_program", run=run)
        authorisation = reopen(home, lease.authorisation_id, lease.use)
        _hold_use(control, lease, authorisation, journal)
        watch.arrow("authorise", announce(authorisation.instruction, lease.use))
        control.record_resumed(lease)
        if journal.last() != ARROWS[order.use][-1]:
            make_ready(control, lease)
        with judging(lease.use, journal) as judge:
            return _work(control, lease, order, watch, judge)


def _hold_use(control: Control, lease: Lease, authorisation: Authorisation, journal: Journal) -> None:
    """A run that has something left to do still holds its use. Raises UseError; the refusal is in the ledger."""
    if journal.last() == ARROWS[lease.use][-1]:
        return
    try:
        hold_use(control.home, authorisation, lease.run_id)
    except RefusedError as refusal:
        control.record_refused(refusal)
        raise


def _key_is_lost(lease: Lease) -> bool:
    ref = key_of(lease)
    return ref is None or provider(lease.provider).state(ref) is not KeyState.PRESENT


def abandon(home: Path, run: str, operator: str, cause: Cause = Cause.ABANDONED) -> RunResult:
    """End a run without publishing: destroy, check, certify.

    Raises RunEndedError, KeyUnavailableError (run_of_another_host), BusyError while it is being carried.
    """
    control = Control.open(home, operator)
    lease = find_lease(control.home, run)
    if control.ended(lease):
        raise RunEndedError("run_has_ended", run=run)
    refuse_elsewhere(lease)
    with hold_run(home, lease.locks):
        return end_unpublished(control, lease, cause)


def end_unpublished(control: Control, lease: Lease, cause: Cause) -> RunResult:
    """Destroy, check, certify, without publishing; a run that never began is forgotten. The run's locks are held."""
    if not control.began(lease):
        control.forget(lease)
        return RunResult(run=lease.run_id, state="forgotten", outcome=Outcome.FORGOTTEN)
    journal = Journal(control.home, lease.run_id)
    if lease.use == "migration" and journal.last() == ARROWS[lease.use][-1]:
        cause = Cause.PUBLISHED  # too late to stop it: its end goes on as it would have
    elif not control.half_destroyed(lease):  # else its end has begun, and only goes on
        control.record_abandoned(lease, cause)
    cause = control.cause(lease)
    return _end(control, lease, Carried.from_journal(journal), cause, NoWatch())


def withdraw(
    home: Path, authorisation_id: str, operator: str, signed: tuple[bytes, bytes] | None = None
) -> int:
    """Record a withdrawal, the controller's own (document and signature) or the operator's word for it, and end its runs.

    A run that is being carried ends itself within seconds; one that nobody carries is destroyed here. Gives the number
    of runs that were ended. Raises AuthorisationError, TrustError, BusyError when a run did not end in time.
    """
    control = Control.open(home, operator)
    evidence: dict[str, bytes] = {}
    if signed is not None:
        check_withdrawal(home, control.site, authorisation_id, *signed, control.clock)
        evidence = {"withdrawal.json": signed[0], "withdrawal.json.p7s": signed[1]}
    ours = [lease for lease in leases_of(home) if lease.authorisation_id == authorisation_id]
    # Of one that nobody here can see its own host makes an end, or else the sweep at its deadline.
    running = [r for r in ours if not control.ended(r) and sight(r) is not Sight.ELSEWHERE]
    record_withdrawal(home, authorisation_id, evidence)
    code = "recorded_by_operator" if signed is None else "signed_by_controller"
    control.record(EntryType.AUTHORISATION_WITHDRAWN, None, code)
    with suppress(OSError):
        control.memory.note_gone("withdrawn", authorisation_id)  # an older copy of the home does not know it
    # The export first: a run that does not end in time must not keep it.
    end_withdrawn(control, authorisation_id)
    try:
        for lease in running:
            with hold_run(home, lease.locks, wait_seconds=END_WAIT_SECONDS):
                if not control.ended(lease) and (home / "runs" / lease.run_id).is_dir():
                    end_unpublished(control, lease.reload(home), Cause.WITHDRAWN)
    finally:
        close_due(control)
    return len(running)


def abandon_order(home: Path, order_id: str, cause: Cause) -> None:
    """Abandon the run of an order, if it began (Prefect's cancellation)."""
    for lease in leases_of(home):
        if lease.order_id == order_id:
            abandon(home, lease.run_id, load_order(home, order_id).operator, cause)
