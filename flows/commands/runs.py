"""Commands about runs: probe, rehearse, migrate, order, runs, status, resume, abandon, sweep."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group

from flows import interrupts
from flows.commands.apps import HOST, RUNS, app
from flows.commands.bars import BarWatch
from flows.commands.shared import (
    ActingName,
    Examined,
    Looking,
    Shown,
    absolute,
    command,
    errors_console,
    file_or_id,
)
from flows.commands.wording import (
    describe_drafts,
    describe_interrupted,
    describe_result,
    describe_run_of_error,
    describe_runs,
    describe_status,
    describe_sweep,
)
from flows.engine import run as engine
from flows.lifecycle.copies import confirm_clock
from flows.lifecycle.mapping_drafts import drafted_files, prepare_folder
from flows.lifecycle.run_views import list_runs, run_of_order, run_of_this_process, seen_runs, source_of
from flows.lifecycle.run_views import status as run_status
from flows.notices.after_sweep import sweep_and_tell
from flows.session.control import Control
from flows.session.orders import Order, drop_order, save_order
from flows.session.results import RunResult
from flows.transport.destination import channel_of
from flows.views.status import alarm, home_state, one_line
from schemas.errors import HostError, RepriseError, VerificationFailedError
from vault.home_folder import Home

SourceArgument = Annotated[
    Path,
    typer.Argument(
        help="A file, a folder or an archive; or one sealed to an intake.", show_default=False, readable=False
    ),
]
AuthorisationOption = Annotated[
    str,
    typer.Option(
        "--authorisation",
        help="The signed instruction (FILE.pdf, or FILE with FILE.p7s beside it) or its ID.",
    ),
]
KeysOption = Annotated[str, typer.Option("--keys", help="Where the run's key lives: keyring or memory.")]
IntakeOption = Annotated[
    str | None, typer.Option("--intake", help="The intake that SOURCE is sealed to; else found by trying.")
]
PrefectOption = Annotated[
    bool | None,
    typer.Option(
        "--prefect/--direct",
        help="As a flow run of the Prefect server at PREFECT_API_URL, or without; else with, where that is set.",
        show_default=False,
    ),
]
RunArgument = Annotated[str, typer.Argument(help="The run's id.", show_default=False)]


def _carry(home: Home, order: Order, *, prefect: bool | None) -> Shown:
    server = bool(os.environ.get("PREFECT_API_URL"))
    if prefect and not server:
        raise HostError("prefect_api_not_given")
    with saying_what_waits(home):
        result = _direct(home, order) if not server or prefect is False else _through_prefect(home, order)
    return Shown(result, describe_result(result))


@contextmanager
def saying_what_waits(home: Home, run: str | None = None) -> Iterator[None]:
    """Make an interrupt describe this process's run, and make an error about a run also show that run's state or end.

    `run` is the run that the command names, by its id or the beginning of it.
    """
    with interrupts.described_by(lambda: describe_interrupted(run_of_this_process(home))):
        try:
            yield
        except RepriseError as error:
            _show_run_of(home, error, run)
            raise


def _show_run_of(home: Home, error: RepriseError, named: str | None) -> None:
    with suppress(RepriseError, OSError):  # a failure here must not hide the error
        carried = run_of_this_process(home)
        for run in list_runs(home):
            if run.run_id == error.facts.get("run"):
                ours = (carried is not None and run.run_id == carried.run_id) or (
                    named is not None and run.run_id.startswith(Path(named).name)
                )
                errors_console.print(describe_run_of_error(run, ours=ours), markup=False)


def _direct(home: Home, order: Order) -> RunResult:
    with BarWatch(source=lambda: order.source) as observer:
        return engine.start(home, order, observer)


def _through_prefect(home: Home, order: Order) -> RunResult:
    """Run the Prefect flow in this process. Refusals come before Prefect's slow start-up.

    Raises HostError: prefect_silent, prefect_open.
    """
    from flows.worker.prefect_settings import settle_prefect
    from vault.diagnostics.prefect_api import Answer, ask

    answer = ask(os.environ["PREFECT_API_URL"])
    if answer is Answer.OPEN:
        raise HostError("prefect_open")
    if answer is Answer.SILENT:
        raise HostError("prefect_silent")
    engine.precheck(home, order)
    settle_prefect(home)
    from flows.migrate import run_here

    order_id = save_order(home, order)
    try:
        with BarWatch(source=lambda: order.source) as observer, engine.observing(order_id, observer):
            return run_here(home, order.use, order_id)
    finally:
        if run_of_order(home, order_id) is None:
            drop_order(home, order_id)


def _place(to: str) -> str:
    """Return a folder's full path; a place at a registered server unchanged."""
    return str(absolute(Path(to)).resolve()) if channel_of(to) == "folder" else to


def _order(
    source: Path, authorisation: str, use: str, to: str | None, keys: str, operator: str, intake: str | None
) -> Order:
    """Return the order, with absolute paths."""
    place = None if to is None else _place(to)
    return Order(str(source.resolve()), file_or_id(authorisation), use, place, keys, operator, intake)


@command(app, panel=RUNS)
def probe(
    source: SourceArgument,
    authorisation: AuthorisationOption,
    home: Examined,
    operator: ActingName,
    keys: KeysOption = "keyring",
    intake: IntakeOption = None,
    draft_mapping: Annotated[
        Path | None,
        typer.Option(
            "--draft-mapping",
            help="An empty or new folder: draft a mapping for each table that Reprise cannot read yet, without its values.",
            readable=False,
        ),
    ] = None,
    prefect: PrefectOption = None,
) -> Shown:
    """Count what a source holds (the use `inventory`), destroy and certify."""
    order = _order(source, authorisation, "inventory", None, keys, operator, intake)
    if draft_mapping is None:
        return _carry(home, order, prefect=prefect)
    folder = absolute(draft_mapping)
    prepare_folder(folder)
    shown = _carry(home, order.changed(draft=str(folder)), prefect=prefect)
    drafts = drafted_files(folder)
    return replace(shown, text=Group(shown.text, describe_drafts(drafts)))


@command(app, panel=RUNS)
def rehearse(
    source: SourceArgument,
    authorisation: AuthorisationOption,
    home: Examined,
    operator: ActingName,
    keys: KeysOption = "keyring",
    intake: IntakeOption = None,
    prefect: PrefectOption = None,
) -> Shown:
    """Do everything but deliver: show what a migration would deliver whole, as text or not; destroy and certify."""
    order = _order(source, authorisation, "rehearsal", None, keys, operator, intake)
    return _carry(home, order, prefect=prefect)


@command(app, panel=RUNS)
def migrate(
    source: SourceArgument,
    authorisation: AuthorisationOption,
    to: Annotated[str, typer.Option("--to", help="The destination the instruction names.")],
    home: Examined,
    operator: ActingName,
    keys: KeysOption = "keyring",
    intake: IntakeOption = None,
    prefect: PrefectOption = None,
) -> Shown:
    """Migrate one doctor's records, destroy the staging, certify."""
    order = _order(source, authorisation, "migration", to, keys, operator, intake)
    return _carry(home, order, prefect=prefect)


@command(app, "order", panel=RUNS)
def seal_order(
    source: SourceArgument,
    authorisation: AuthorisationOption,
    home: Examined,
    operator: ActingName,
    to: Annotated[str | None, typer.Option("--to", help="The destination; none: a rehearsal.")] = None,
    keys: KeysOption = "keyring",
    intake: IntakeOption = None,
) -> Shown:
    """Seal an order for a run that Prefect triggers later; prints its opaque id."""
    use = "rehearsal" if to is None else "migration"
    order = _order(source, authorisation, use, to, keys, operator, intake)
    engine.precheck(home, order)
    order_id = save_order(home, order)
    return Shown({"order": order_id}, order_id)


@command(app, panel=RUNS)
def runs(control: Looking) -> Shown:
    """List the runs: when each began, and where it stands or how it ended."""
    found = seen_runs(control)
    return Shown(found, describe_runs(found))


@command(app, panel=RUNS)
def status(
    home: Examined,
    run: Annotated[
        str | None, typer.Argument(help="The run's id; none: the home.", show_default=False)
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Fail (80-83; 90 after a rollback) when something is late, overdue or incomplete.",
        ),
    ] = False,
) -> Shown:
    """Show a run: its end or where it stands, its counts, its steps; without RUN, the home in one line for monitoring."""
    if run is not None and strict:
        raise typer.BadParameter("--strict looks at the home: give no RUN")
    if run is not None:
        found = run_status(home, run)
        return Shown(found, describe_status(found))
    state = home_state(home)
    return Shown(state.to_json(), one_line(state), alarm(state) if strict else None)


@command(app, panel=RUNS)
def resume(run: RunArgument, home: Examined, operator: ActingName) -> Shown:
    """Go on with an interrupted or failed run from its last step. The same use, the same deadline."""
    with saying_what_waits(home, run), BarWatch(source=lambda: source_of(home, run)) as observer:
        result = engine.resume(home, run, operator, observer)
    return Shown(result, describe_result(result))


@command(app, panel=RUNS)
def abandon(
    run: RunArgument,
    home: Examined,
    operator: ActingName,
    yes: Annotated[bool, typer.Option("--yes", help="Really destroy this run's staging.")] = False,
) -> Shown:
    """End a run without delivering: destroy its staging, check, certify."""
    if not yes:
        errors_console.print("Nothing done: add --yes to destroy this run's staging.")
        raise typer.Exit(2)
    with saying_what_waits(home, run):
        result = engine.abandon(home, run, operator)
    return Shown(result, describe_result(result))


@command(app, panel=HOST)
def sweep(
    home: Examined,
    operator: ActingName,
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="An operator's word for a wall clock that jumped.")
    ] = False,
) -> Shown:
    """Destroy what is overdue, orphaned without a key, or half-destroyed. Fails (80) when something could not be destroyed.

    Needs no Prefect, and a network only for what lies at a server.
    """
    if clock_is_right:
        confirm_clock(Control.open(home, operator))
    found = sweep_and_tell(home)
    count = found.incomplete + found.copies_incomplete
    failure = VerificationFailedError("destruction_incomplete", count=count) if count else None
    return Shown(found.to_json(), describe_sweep(found), failure)
