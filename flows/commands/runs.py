"""Commands that carry runs: probe, rehearse, migrate, order, runs, status, resume, abandon, sweep."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from flows import interrupts
from flows.admin.status import home_state, one_line, raise_alarm
from flows.commands.bars import BarWatch
from flows.commands.shared import (
    HomeOption,
    JsonOption,
    OperatorOption,
    absolute,
    errors_console,
    file_or_id,
    guarded,
    home_path,
    operator_name,
    show,
)
from flows.commands.wording import (
    describe_interrupted,
    describe_result,
    describe_run_of_error,
    describe_runs,
    describe_status,
    describe_sweep,
)
from flows.engine import run as engine
from flows.lifecycle.copies import confirm_clock
from flows.lifecycle.run_views import list_runs, run_of_order, run_of_this_process, source_of
from flows.lifecycle.run_views import status as run_status
from flows.retention.round import sweep_round
from flows.session.control import Control
from flows.session.orders import Order, drop_order, save_order
from flows.transport.destination import channel_of
from schemas.errors import HostError, RepriseError, VerificationFailedError
from vault.diagnostics.prefect_api import Answer, ask

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


def _carry(home: Path, order: Order, *, prefect: bool | None, as_json: bool) -> None:
    server = bool(os.environ.get("PREFECT_API_URL"))
    if prefect and not server:
        raise HostError("prefect_api_not_given")
    with saying_what_waits(home):
        result = _direct(home, order) if not server or prefect is False else _through_prefect(home, order)
    show(result, as_json=as_json, text=describe_result(result))


@contextmanager
def saying_what_waits(home: Path, run: str | None = None) -> Iterator[None]:
    """Let an interrupt say what can be done with this process's run; and an error about a run, how that run stands or ended.

    `run` is the one that the command names.
    """
    with interrupts.described_by(lambda: describe_interrupted(run_of_this_process(home))):
        try:
            yield
        except RepriseError as error:
            _show_run_of(home, error, run)
            raise


def _show_run_of(home: Path, error: RepriseError, own: str | None) -> None:
    with suppress(RepriseError, OSError):  # what is said beside an error may not hide it
        results = run_of_this_process(home)
        for run in list_runs(home):
            if run["run"] == error.facts.get("run"):
                ours = run["run"] in (own, results and results["run"])
                errors_console.print(describe_run_of_error(run, ours=ours), markup=False)


def _direct(home: Path, order: Order) -> dict[str, Any]:
    with BarWatch(source=order.source) as observer:
        return engine.start(home, order, observer).to_json()


def _through_prefect(home: Path, order: Order) -> dict[str, Any]:
    """Run the Prefect flow in this process. What is refused is refused before Prefect's start-up is paid.

    Raises HostError: prefect_silent, prefect_open.
    """
    from flows.worker.prefect_settings import settle_prefect

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
        with BarWatch(source=order.source) as observer, engine.observing(order_id, observer):
            return run_here(home, order.use, order_id)
    finally:
        if run_of_order(home, order_id) is None:
            drop_order(home, order_id)


def _place(to: str) -> str:
    """A folder by its full path; a place at a registered server as it is written."""
    return str(absolute(Path(to)).resolve()) if channel_of(to) == "folder" else to


@guarded
def migrate(
    source: SourceArgument,
    authorisation: AuthorisationOption,
    to: Annotated[str, typer.Option("--to", help="The destination the instruction names.")],
    home: HomeOption = None,
    operator: OperatorOption = None,
    keys: KeysOption = "keyring",
    intake: IntakeOption = None,
    prefect: PrefectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Migrate one doctor's records, destroy the staging, certify."""
    order = Order(
        str(source.resolve()),
        file_or_id(authorisation),
        "migration",
        _place(to),
        keys,
        operator_name(operator),
        intake,
    )
    _carry(home_path(home), order, prefect=prefect, as_json=as_json)


@guarded
def rehearse(
    source: SourceArgument,
    authorisation: AuthorisationOption,
    home: HomeOption = None,
    operator: OperatorOption = None,
    keys: KeysOption = "keyring",
    intake: IntakeOption = None,
    prefect: PrefectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Do everything but deliver: show what a migration would deliver whole, as text or not; destroy and certify."""
    order = Order(
        str(source.resolve()),
        file_or_id(authorisation),
        "rehearsal",
        None,
        keys,
        operator_name(operator),
        intake,
    )
    _carry(home_path(home), order, prefect=prefect, as_json=as_json)


@guarded
def probe(
    source: SourceArgument,
    authorisation: AuthorisationOption,
    home: HomeOption = None,
    operator: OperatorOption = None,
    keys: KeysOption = "keyring",
    intake: IntakeOption = None,
    prefect: PrefectOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count what a source holds (the use `inventory`), destroy and certify."""
    order = Order(
        str(source.resolve()),
        file_or_id(authorisation),
        "inventory",
        None,
        keys,
        operator_name(operator),
        intake,
    )
    _carry(home_path(home), order, prefect=prefect, as_json=as_json)


@guarded
def order(
    source: SourceArgument,
    authorisation: AuthorisationOption,
    to: Annotated[str | None, typer.Option("--to", help="The destination; none: a rehearsal.")] = None,
    home: HomeOption = None,
    operator: OperatorOption = None,
    keys: KeysOption = "keyring",
    intake: IntakeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Seal an order for a run that Prefect triggers later; prints its opaque id."""
    use = "rehearsal" if to is None else "migration"
    destination = None if to is None else _place(to)
    made = Order(
        str(source.resolve()),
        file_or_id(authorisation),
        use,
        destination,
        keys,
        operator_name(operator),
        intake,
    )
    path = home_path(home)
    engine.precheck(path, made)
    order_id = save_order(path, made)
    show({"order": order_id}, as_json=as_json, text=order_id)


@guarded
def runs(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the runs: when each began, and where it stands or how it ended."""
    found = list_runs(home_path(home))
    show(found, as_json=as_json, text=describe_runs(found))


@guarded
def status(
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
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a run: its end or where it stands, its counts, its steps; without RUN, the home in one line for monitoring."""
    if run is not None and strict:
        raise typer.BadParameter("--strict looks at the home: give no RUN")
    if run is not None:
        found = run_status(home_path(home), run)
        show(found, as_json=as_json, text=describe_status(found))
        return
    state = home_state(home_path(home))
    show(state.to_json(), as_json=as_json, text=one_line(state))
    if strict:
        raise_alarm(state)


@guarded
def resume(
    run: Annotated[str, typer.Argument(help="The run's id.", show_default=False)],
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Go on with an interrupted or failed run from its last step. The same use, the same deadline."""
    path = home_path(home)
    with saying_what_waits(path, run), BarWatch(source=source_of(path, run)) as observer:
        result = engine.resume(path, run, operator_name(operator), observer).to_json()
    show(result, as_json=as_json, text=describe_result(result))


@guarded
def abandon(
    run: Annotated[str, typer.Argument(help="The run's id.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Really destroy this run's staging.")] = False,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a run without delivering: destroy its staging, check, certify."""
    if not yes:
        errors_console.print("Nothing done: add --yes to destroy this run's staging.")
        raise typer.Exit(2)
    path = home_path(home)
    with saying_what_waits(path, run):
        result = engine.abandon(path, run, operator_name(operator)).to_json()
    show(result, as_json=as_json, text=describe_result(result))


@guarded
def sweep(
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="An operator's word for a wall clock that jumped.")
    ] = False,
    home: HomeOption = None,
    operator: OperatorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Destroy what is overdue, orphaned without a key, or half-destroyed. Fails (80) when something could not be destroyed.

    Needs no Prefect, and a network only for what lies at a server.
    """
    path = home_path(home)
    if clock_is_right:
        confirm_clock(Control.open(path, operator_name(operator)))
    found = sweep_round(path)
    show(found.to_json(), as_json=as_json, text=describe_sweep(found.to_json()))
    if found.incomplete or found.copies_incomplete:
        count = found.incomplete + found.copies_incomplete
        raise VerificationFailedError("destruction_incomplete", count=count)
