"""Commands for trying Reprise: a synthetic practice with everything needed to migrate it, and the whole process at once."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from flows.commands.apps import DASHBOARD_PORT, TRY, app
from flows.commands.bars import BarWatch
from flows.commands.shared import Shown, command, errors_console
from flows.commands.wording import describe_result
from flows.engine import run as engine
from flows.session.orders import Order
from vault.home_folder import Home

DEFECTS_NEED = (
    "The export has defects: some records arrive as text or are set aside. The trial's instruction allows that (see ceilings)."
    "\nOne that you draft yourself (`reprise authorise draft`) needs ceilings as high; with lower ones a run may end with"
    "\ntoo_many_degraded or too_many_quarantined (exit 72), and nothing is delivered."
)


@command(app, panel=TRY)
def trial(
    folder: Annotated[Path, typer.Argument(help="A new folder.", show_default=False)],
    patients: Annotated[int, typer.Option(help="Size of the practice.")] = 20,
    shape: Annotated[str, typer.Option(help="ordinary, attachments or items.")] = "ordinary",
    seed: Annotated[int, typer.Option(help="The same seed gives the same practice.")] = 1,
    defects: Annotated[bool, typer.Option("--defects", help="With what real exports get wrong.")] = False,
    big_attachment: Annotated[int, typer.Option(help="Bytes of one large document.")] = 0,
    export: Annotated[Path | None, typer.Option(help="Authorise this export instead of making one.")] = None,
) -> Shown:
    """Make a trial: home, test authority, signed authorisation, identities, policy, and a practice."""
    from trial.home import OPERATORS, P12_PASSWORD
    from trial.practice.write import write_practice  # only for trials: no other command loads it

    if export is None:
        export = folder / "export"
        write_practice(
            export,
            patients=patients,
            seed=seed,
            shape=shape,
            defects=defects,
            big_attachment_bytes=big_attachment,
        )
    made = _make(folder, export)
    made.update(operator=OPERATORS[0], p12=str(folder.resolve() / "doctor.p12"), p12_password=P12_PASSWORD)
    listed = "\n".join(f"{name:<14} {value}" for name, value in made.items())
    spoilt = f"\n\n{DEFECTS_NEED}" if defects else ""
    return Shown(made, f"{listed}\n\nNext:\n{_next_commands(made)}{spoilt}")


def _next_commands(made: dict[str, str]) -> str:
    """Return the next commands, ready to copy into a shell."""
    home, source, paper, to = (
        shlex.quote(made[name]) for name in ("home", "source", "authorisation", "destination")
    )
    return "\n".join(
        f"  {line}"
        for line in (
            f"export REPRISE_HOME={home} REPRISE_OPERATOR={made['operator']}",
            f"reprise authorise check {paper}",
            f"reprise rehearse {source} --authorisation {paper}",
            f"reprise migrate {source} --authorisation {paper} --to {to}",
        )
    )


def _make(folder: Path, export: Path) -> dict[str, str]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    from trial.home import make_trial

    return make_trial(folder.resolve(), export.resolve())


@command(app, panel=TRY)
def demo(
    patients: Annotated[int, typer.Option(help="Size of the practice.")] = 50,
    served: Annotated[
        bool,
        typer.Option(
            "--dashboard", help="Instead: runs in several states, accounts, and the dashboard over them."
        ),
    ] = False,
) -> Shown | None:
    """A synthetic practice, a test signature, the whole way, a verified certificate."""
    folder = Path(tempfile.mkdtemp(prefix="reprise-demo-"))
    if served:
        _serve_trial(folder, patients)
        return None
    from trial.home import OPERATORS
    from trial.practice.write import write_practice
    from vault.verify import verify

    write_practice(folder / "export", patients=patients)
    made = _make(folder, folder / "export")
    order = Order(
        made["source"], made["authorisation"], "migration", made["destination"], "keyring", OPERATORS[0]
    )
    with BarWatch() as observer:
        result = engine.start(Home(Path(made["home"])), order, observer)
    code, words = verify(Path(str(result.proof)), Path(made["policy"]).read_text(encoding="utf-8"))
    where = (
        f"Everything of this demo lies in {folder}; the certificate to read: {result.proof}/certificate.html"
    )
    text = "\n\n".join((describe_result(result), "\n".join(words), where))
    return Shown(result, text, typer.Exit(code) if code else None)


def _serve_trial(folder: Path, patients: int) -> None:
    from dashboard.serve import origin_of, serve
    from flows.commands.trial_runs import invite_each_role, make_trial_runs

    errors_console.print("Making runs in several states: about a minute.", markup=False)
    home = make_trial_runs(folder, patients)
    links = invite_each_role(home, origin_of(home, DASHBOARD_PORT))
    for role, link in links.items():
        errors_console.print(f"{role:<14} {link}", markup=False, soft_wrap=True)
    errors_console.print(
        f"Each link opens its account once: choose a password. The sign-in name is the role's.\n"
        f"{origin_of(home, DASHBOARD_PORT)} (Ctrl-C ends it); everything of this trial lies in {folder}",
        markup=False,
        soft_wrap=True,
    )
    serve(home, DASHBOARD_PORT)
