"""The run engine: from an order to a certificate, and every way in which a run can end.

The command line and the Prefect flows call it. It never holds the run key or patient data.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flows.engine._authorise import Authorised, authorise
from flows.engine._contracts import ContractJudge
from flows.engine._events import StartOrder
from flows.engine._lease import begin, make_ready, take_lease
from flows.engine._supervise import StepResults, judging, supervise
from flows.lifecycle.copies import announce, destroy_withdrawn
from flows.lifecycle.ending import Ending, end_run
from flows.lifecycle.intakes import close_due
from flows.lifecycle.run_views import run_of_order
from flows.session import acts
from flows.session.control import Control
from flows.session.observer import NoObserver, Observer
from flows.session.orders import Order, drop_order, load_order
from flows.session.results import RunResult
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
from schemas.steps import DONE
from vault.authorisation.check import Authorisation, check_withdrawal, hold_use, is_withdrawn, reopen
from vault.authorisation.check import withdraw as record_withdrawal
from vault.destruction.destroy import key_of
from vault.destruction.due import is_restored
from vault.home_folder import Home
from vault.keys.linux_keyring import KernelKeyring
from vault.keys.provider import KeyState
from vault.keys.registry import provider
from vault.ledger.entries import EntryType
from vault.pki.signed_document import Signed
from vault.runs.journal import Journal
from vault.runs.lease import Lease, Locality, find_lease, locality, refuse_elsewhere
from vault.runs.lease import list_runs as leases_of
from vault.runs.run import Run
from vault.runs.run_lock import lock_run
from vault.runs.state import Act, Move, RunState, next_move
from vault.site import Site
from vault.system.clock import Clock

INTAKE_KEY_GONE = "intake_key_gone"
END_WAIT_SECONDS = 30  # time for a control process to release the doctor's lock after its data process ended

_observers: dict[str, Observer] = {}


@contextmanager
def observing(order_id: str, observer: Observer) -> Iterator[None]:
    """Let `observer` follow the run of this order, whichever caller starts it in this process."""
    _observers[order_id] = observer
    try:
        yield
    finally:
        _observers.pop(order_id, None)


class _ObserverPair:
    """Two observers as one."""

    def __init__(self, one: Observer, other: Observer) -> None:
        self._all = (one, other)

    def progress(self, step: str, done: int, total: int) -> None:
        for observer in self._all:
            observer.progress(step, done, total)

    def step(self, step: str, counts: dict[str, Any]) -> None:
        for observer in self._all:
            observer.step(step, counts)


def precheck(home: Home, order: Order) -> None:
    """Refuse now what would be refused later; spends no use. A refusal is a ledger entry."""
    authorise(Control.open(home, order.operator), order)


def start_order(home: Home, order_id: str, observer: Observer) -> RunResult:
    """Run a sealed order (from Prefect). A second call resumes its run, or returns the result of a run that has ended.

    Raises HomeError home_not_found, UnreadableSourceError no_such_order, and what `start` and `resume` raise.
    """
    _ = home.site  # fails here on a home that cannot be read
    seen = _observers.get(order_id)
    observer = _ObserverPair(observer, seen) if seen else observer
    begun = run_of_order(home, order_id)
    if begun is not None and begun.state is RunState.CERTIFIED:
        return RunResult(begun.run_id, begun.state, outcome=begun.outcome, cause=begun.cause)
    order = load_order(home, order_id)
    if begun is not None:
        return resume(home, begun.run_id, order.operator, observer)
    try:
        return start(home, order, observer, order_id)
    except RefusedError:
        if not any(lease.order_id == order_id for lease in leases_of(home)):
            drop_order(home, order_id)  # not requested again; the order of a run is dropped with that run
        raise


def start(
    home: Home, order: Order, observer: Observer, order_id: str | None = None, clock: Clock | None = None
) -> RunResult:
    """Run an order from its authorisation to its certificate.

    Raises the refusal, or the error that failed the run; then nothing was published, and the run waits for resume, abandonment
    or its deadline.
    """
    control = Control.open(home, order.operator, clock)
    with judging(order.use) as judge:
        authorised = authorise(control, order)
        observer.step("authorise", announce(authorised.authorisation.instruction, order.use))
        with _sole_run(control, authorised.authorisation):
            authorised = _check_again(control, order, authorised)
            lease = take_lease(control, authorised, order, order_id)
            observer.step("lease", {})
            return _work(control, lease, order, observer, judge)


@contextmanager
def _sole_run(control: Control, authorisation: Authorisation) -> Iterator[None]:
    """Hold the locks of the instruction and of all persons it concerns. A lock that is taken is a refusal and a ledger entry."""
    with acts.recording_refusal(control):
        lock = lock_run(control.home, (authorisation.id, *authorisation.persons))
    with lock:
        yield


def _check_again(control: Control, order: Order, before: Authorised) -> Authorised:
    """Check again under the locks: a person may be erased by now, or a mandate ended. Raises the refusal, and BusyError."""
    authorised = authorise(control, order)
    if set(authorised.authorisation.persons) - set(before.authorisation.persons):
        with acts.recording_refusal(control):
            raise BusyError("doctor_busy")  # a newly enrolled person's lock is not held
    return authorised


def _work(
    control: Control, lease: Lease, order: Order, observer: Observer, judge: ContractJudge | None
) -> RunResult:
    run = control.run(lease)
    if not run.all_steps_done:
        _do_steps(control, lease, order, run.journal, observer, judge)
    results = StepResults.from_journal(run.journal)
    control.record_delivered(lease, results.counts)
    return _end(control, lease, results, DONE[order.use], observer)


def _do_steps(
    control: Control,
    lease: Lease,
    order: Order,
    journal: Journal,
    observer: Observer,
    judge: ContractJudge | None,
) -> None:
    start = StartOrder(
        home=str(control.home.path),
        run=lease.run_id,
        use=order.use,
        source=order.source,
        destination=order.destination or lease.staging,
        intake=order.intake,
        limits=control.site.limits,
        document_paths=control.site.document_paths,
        after=journal.last(),
        workers=_count_workers(control.site, lease.provider),
        draft=order.draft if order.use == "inventory" else None,
    )
    try:
        supervise(control.home, lease, start, journal, observer, control.clock, judge)
        return
    except RepriseError as error:
        failure = error
        failure.name_run(lease.run_id)
    run = control.run(lease)
    if run.ended or run.destruction_began:
        raise failure  # another process began to end this run; its outcome stands
    if run.all_steps_done:
        return  # the error came after the last step: the run ends normally
    control.record_failed(lease, failure)
    cause = _cause_to_end(control, lease, failure)
    if cause is not None:
        control.record_abandoned(lease, cause)
        _end(control, lease, StepResults.from_journal(journal), cause, observer)
    elif journal.last() is None and _is_refused_for_good(control, lease, failure):
        # nothing was sealed that a resume could continue from
        _end(control, lease, StepResults(), _cause_of_refusal(failure), observer)
    raise failure


def _count_workers(site: Site, provider_name: str) -> int:
    """Return how many processes may share a step. A key in the memory of one process is out of reach of others."""
    if provider_name != KernelKeyring.name:
        return 1
    return site.workers or min(2, len(os.sched_getaffinity(0)))


def _is_refused_for_good(control: Control, lease: Lease, failure: RepriseError) -> bool:
    """Return whether a resume would fail too. A source that no intake opens waits: the right file may still replace it."""
    if isinstance(failure, IntakeError):
        return failure.code == INTAKE_KEY_GONE and lease.reload(control.home).intake_id is not None
    return isinstance(failure, RefusedError | SourceError) and failure.exit_code != 19


def _cause_of_refusal(refusal: RepriseError) -> Cause:
    """Return the cause of the end of a run that staged nothing."""
    if refusal.code == INTAKE_KEY_GONE:
        return Cause.KEY_LOST
    if isinstance(refusal, ScopeError):
        return Cause.REFUSED_AFTER_HEADER
    return Cause.REFUSED_SOURCE if isinstance(refusal, SourceError) else Cause.REFUSED


def _cause_to_end(control: Control, lease: Lease, failure: RepriseError) -> Cause | None:
    """Return why a stopped run must end now; None if it may wait for a resume."""
    if failure.code == "withdrawn":
        return Cause.WITHDRAWN
    return Cause.DEADLINE if lease.seconds_left(control.clock) <= 0 else None


def _end(control: Control, lease: Lease, results: StepResults, cause: Cause, observer: Observer) -> RunResult:
    return end_run(
        control, Ending(lease.reload(control.home), cause, results.counts, results.opened), observer
    )


def resume(home: Home, run: str, operator: str, observer: Observer, clock: Clock | None = None) -> RunResult:
    """Resume after the last completed step. With a lost key the staging is unreadable: the run starts again from the source.

    A run whose end is decided is ended; so is one that is overdue or whose authorisation was withdrawn. Raises RunEndedError,
    KeyDestroyedError (run_of_a_restored_home), BusyError, AuthorisationError (withdrawn), and KeyUnavailableError
    (run_of_another_program) for a run that another release, or a program with changed source code, has staged.
    """
    control = Control.open(home, operator, clock)
    lease = find_lease(control.home, run)
    if next_move(control.run(lease).state, Act.RESUME) is Move.REFUSE:
        raise RunEndedError("run_has_ended", run=lease.run_id)
    if is_restored(home, lease.run_id):
        raise KeyDestroyedError("run_of_a_restored_home")
    with lock_run(home, lease.locks):
        found = control.run(control.take_over(lease))
        act, cause = _act_of_resume(control, found)
        move = next_move(found.state, act)
        if move is Move.FINISH:
            return _finish(control, found, observer)
        if act is not Act.RESUME:
            result = _end_by(control, found, act, cause, observer)
            if act is Act.WITHDRAW:
                raise AuthorisationError("withdrawn")
            return result
        order = control.order_of(found.lease)
        if move is Move.START:
            begin(control, found.lease, authorise(control, order, found.run_id))
        return _continue(control, found, order, observer)


def _act_of_resume(control: Control, run: Run) -> tuple[Act, Cause]:
    """Return the act that a resume leads to: a withdrawn or overdue run is ended, with this cause."""
    if is_withdrawn(control.home, run.lease.authorisation_id):
        return Act.WITHDRAW, Cause.WITHDRAWN
    if run.lease.seconds_left(control.clock) <= 0 and not run.all_steps_done:
        return Act.SWEEP, Cause.DEADLINE
    return Act.RESUME, Cause.ABANDONED


def _continue(control: Control, run: Run, order: Order, observer: Observer) -> RunResult:
    """Do the remaining steps of a run that began. The caller holds the run's locks."""
    lease, journal, done = run.lease, run.journal, run.all_steps_done
    if not done and _key_is_lost(lease):
        lease = control.start_over(lease, journal)
    elif not done and not journal.is_of_this_program():
        raise KeyUnavailableError("run_of_another_program", run=run.run_id)
    authorisation = reopen(control.home, lease.authorisation_id, lease.use)
    if not done:
        _hold_use(control, lease, authorisation)
    observer.step("authorise", announce(authorisation.instruction, lease.use))
    control.record_resumed(lease)
    if not done:
        make_ready(control, lease)
    with judging(lease.use, journal) as judge:
        return _work(control, lease, order, observer, judge)


def _hold_use(control: Control, lease: Lease, authorisation: Authorisation) -> None:
    """Check that a run with remaining steps still holds its use. Raises UseError; the refusal is a ledger entry."""
    with acts.recording_refusal(control):
        hold_use(control.home, authorisation, lease.run_id)


def _key_is_lost(lease: Lease) -> bool:
    ref = key_of(lease)
    return ref is None or provider(lease.provider).state(ref) is not KeyState.PRESENT


def abandon(home: Home, run: str, operator: str, cause: Cause = Cause.ABANDONED) -> RunResult:
    """End a run without publishing: destroy, check, certify.

    Raises RunEndedError, KeyUnavailableError (run_of_another_host), BusyError while the run is in progress.
    """
    control = Control.open(home, operator)
    lease = find_lease(control.home, run)
    if next_move(control.run(lease).state, Act.ABANDON) is Move.REFUSE:
        raise RunEndedError("run_has_ended", run=lease.run_id)
    refuse_elsewhere(lease)
    with lock_run(home, lease.locks):
        return end_unpublished(control, lease, cause)


def end_unpublished(control: Control, lease: Lease, cause: Cause, act: Act = Act.ABANDON) -> RunResult:
    """Destroy, check, certify, without publishing; a run that never began is dropped. The caller holds the run's locks.

    If the run was published, or its end was decided earlier, that end is completed with its own cause.
    """
    return _end_by(control, control.run(lease), act, cause, NoObserver())


def _end_by(control: Control, run: Run, act: Act, cause: Cause, observer: Observer) -> RunResult:
    match next_move(run.state, act):
        case Move.FORGET:
            control.forget(run.lease)
            return RunResult(run=run.run_id, state="forgotten", outcome=Outcome.FORGOTTEN)
        case Move.END:
            control.record_abandoned(run.lease, cause)
    return _finish(control, run, observer)


def _finish(control: Control, run: Run, observer: Observer) -> RunResult:
    """Complete an end that is already decided: the run was published or given up, or its destruction began."""
    results = StepResults.from_journal(run.journal)
    match run.state:
        case RunState.DELIVERED:
            control.record_delivered(run.lease, results.counts)
        case RunState.GIVEN_UP:
            control.record_abandoned(run.lease, run.cause)
    return _end(control, run.lease, results, run.cause, observer)


def withdraw(control: Control, authorisation_id: str, signed: Signed | None = None) -> int:
    """Record a withdrawal, signed by the controller or reported by the operator, and end the instruction's runs.

    A run in progress ends itself within seconds; any other run is destroyed here. Returns the number of runs that were ended.
    Raises AuthorisationError, TrustError, BusyError if a run did not end in time.
    """
    home = control.home
    ours = [lease for lease in leases_of(home) if lease.authorisation_id == authorisation_id]
    # Runs of another host are ended there, or by the sweep at their deadline.
    running = [r for r in ours if not control.run(r).ended and locality(r) is not Locality.FOREIGN_HOST]
    _record_withdrawal(control, authorisation_id, signed)
    with suppress(OSError):
        control.memory.note_gone(
            "withdrawn", authorisation_id
        )  # an older copy of the home lacks the withdrawal
    # End the export first: a run that does not end in time must not keep it.
    destroy_withdrawn(control, authorisation_id)
    try:
        for lease in running:
            with lock_run(home, lease.locks, wait_seconds=END_WAIT_SECONDS):
                if not control.run(lease).ended and (home.run(lease.run_id)).is_dir():
                    end_unpublished(control, lease.reload(home), Cause.WITHDRAWN, Act.WITHDRAW)
    finally:
        close_due(control)
    return len(running)


def _record_withdrawal(control: Control, authorisation_id: str, signed: Signed | None) -> None:
    code = "recorded_by_operator" if signed is None else "signed_by_controller"
    with acts.act(control, EntryType.AUTHORISATION_WITHDRAWN, code):
        evidence = {} if signed is None else _checked_withdrawal(control, authorisation_id, signed)
        record_withdrawal(control.home, authorisation_id, evidence)


def _checked_withdrawal(control: Control, authorisation_id: str, signed: Signed) -> dict[str, bytes]:
    if not signed.signatures:
        raise AuthorisationError("signature_missing")
    document, p7s = signed.document, signed.signatures[0].cms
    check_withdrawal(control.home, authorisation_id, document, p7s, control.clock)
    return {"withdrawal.json": document, "withdrawal.json.p7s": p7s}


def abandon_order(home: Home, order_id: str, cause: Cause) -> None:
    """Abandon the run of an order, if it began (Prefect's cancellation)."""
    for lease in leases_of(home):
        if lease.order_id == order_id:
            abandon(home, lease.run_id, load_order(home, order_id).operator, cause)
