"""The form that draws up an instruction: every field with what is wrong in it, and the page that the doctor will read.

The same fields, checks and page as `reprise authorise draft`. What is typed is kept nowhere: it comes back with the form.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from starlette.responses import Response

from dashboard.actions.answers import as_file
from dashboard.rendering import ZONE, as_day
from dashboard.visit import Visit
from flows.drafting.checking import draft_problems
from flows.drafting.known import Known
from schemas.texts import LANGUAGES, text
from vault.instruction.document import draft, parse
from vault.instruction.fields import CARRIED, HOLDERS, KINDS, PATIENTS, RESPONSIBLE, Problem
from vault.instruction.page import render_pdf
from vault.instruction.printable import visible
from vault.system.clock import format_utc

DAYS, HELD_DAYS = 90, 120
"""For how many days an instruction is proposed to be valid, and a copy to be held."""
COPIES = ("source", "package")
CHOICES = {
    "language": LANGUAGES,
    "patients": PATIENTS,
    "responsible": RESPONSIBLE,
    "holder": HOLDERS,
    "kinds": KINDS,
}
FIELDS = (
    "controllers",
    "language",
    "processor",
    "source_system",
    "kinds",
    "patients",
    "responsible",
    "uses",
    "recipients",
    "destination",
    "valid_from",
    "valid_until",
    "custody",
    "staging_deadline_hours",
    "ceilings",
)
"""What can be wrong, in the order of the form; `dashboard.draft.wrong` says what each field takes."""


@dataclass(frozen=True)
class Entered:
    """What the form holds: one text for each field, several for a choice of several."""

    one: dict[str, str]
    several: dict[str, tuple[str, ...]]

    def __getitem__(self, name: str) -> str:
        return self.one.get(name, "")

    def has(self, name: str, value: str) -> bool:
        """Whether a choice of several has this one."""
        return value in self.several.get(name, ())


def show(visit: Visit) -> Response:
    """The form, filled in with what the home knows."""
    known, now = _known(visit)
    return _page(visit, known, _proposed(known, visit.language, now), wrong={}, problems=[])


def preview(visit: Visit) -> Response:
    """The form again, with what is wrong in it and the text as it stands; the preview alone for a script that asks for it."""
    known, now = _known(visit)
    entered = _entered(visit)
    fields = _fields(entered, known)
    problems = draft_problems(fields, known.home, now)
    if visit.request.headers.get("hx-request"):
        return visit.page("actions/draft_preview.html", **_preview(visit, fields, problems))
    return _page(visit, known, entered, wrong=_wrong(visit, problems), problems=problems, fields=fields)


def make_page(visit: Visit) -> Response:
    """The page that the doctor signs, as a file; or the form again, with what is wrong in it."""
    known, now = _known(visit)
    entered = _entered(visit)
    fields = _fields(entered, known)
    problems = draft_problems(fields, known.home, now)
    if problems:
        visit.result = "fields_refused"
        wrong = _wrong(visit, problems)
        return _page(visit, known, entered, wrong=wrong, problems=problems, fields=fields, status=422)
    document = draft(fields)
    if visit.entered("as") == "json":
        return as_file(document, "instruction.json")
    return as_file(render_pdf(document), "instruction.pdf")


def _known(visit: Visit) -> tuple[Known, datetime]:
    now = visit.dashboard.clock.now()
    return Known.of(visit.home, now), now


def _proposed(known: Known, language: str, now: datetime) -> Entered:
    people = [one for one in known.people if one.attested]
    return Entered(
        one={
            "language": language,
            "patients": "all",
            "responsible": "controllers",
            "use_inventory": "5",
            "use_rehearsal": "5",
            "use_migration": "1",
            "valid_from": _day(now),
            "valid_until": _day(now + timedelta(days=DAYS)),
            "source_holder": "doctor",
            "package_holder": "doctor",
            "source_until": _day(now + timedelta(days=HELD_DAYS)),
            "package_until": _day(now + timedelta(days=HELD_DAYS)),
            "staging_deadline_hours": str(known.ceiling_hours),
            "degraded_permille": "50",
            "quarantined_permille": "20",
            **{f"name_{number}": visible(one.name) for number, one in enumerate(known.people)},
        },
        several={
            "kinds": KINDS,
            "controllers": ("0",) if len(people) == 1 else (),
            "recipients": tuple(str(number) for number in range(len(known.recipients))),
        },
    )


def _entered(visit: Visit) -> Entered:
    several = {
        name: tuple(map(str, visit.form.getlist(name))) for name in ("kinds", "controllers", "recipients")
    }
    return Entered({name: visit.entered(name) for name in visit.form if name not in several}, several)


def _fields(entered: Entered, known: Known) -> dict[str, Any]:
    """Returns the fields of the instruction. What is no number or no day stays as it was typed, and is refused by its field."""
    return {
        "language": entered["language"],
        "controllers": _controllers(entered, known),
        "processor": entered["processor"],
        "purpose": "takeover",
        "source_system": entered["source_system"],
        "target_system": "Medinect",
        "kinds": sorted(entered.several["kinds"]),
        "patients": _by_mode(entered, "patients", seen_since=_of(entered, "since"), list=_of(entered, "list_sha256")),
        "responsible": _by_mode(entered, "responsible", list={"nihii": entered["responsible_nihii"].split()}),
        "uses": {use: _whole(entered[f"use_{use}"]) for use in CARRIED},
        "recipients": [{"role": one.role, "age": one.key} for one in _chosen(entered, "recipients", known.recipients)],
        "destination": entered["destination"],
        "valid_from": _moment(entered["valid_from"], end=False),
        "valid_until": _moment(entered["valid_until"], end=True),
        "custody": {copy: _custody(entered, copy) for copy in COPIES},
        "staging_deadline_hours": _whole(entered["staging_deadline_hours"]),
        "ceilings": {name: _whole(entered[name]) for name in ("degraded_permille", "quarantined_permille")},
    }  # fmt: skip


def _controllers(entered: Entered, known: Known) -> list[dict[str, str]]:
    chosen = _chosen(entered, "controllers", known.people)
    return [{**one.entry(), "name": entered[f"name_{known.people.index(one)}"]} for one in chosen]


def _chosen(entered: Entered, name: str, offered: tuple[Any, ...]) -> list[Any]:
    return [one for number, one in enumerate(offered) if entered.has(name, str(number))]


def _of(entered: Entered, name: str) -> dict[str, Any]:
    return {name: entered[name]}


def _by_mode(entered: Entered, name: str, **more: dict[str, Any]) -> dict[str, Any]:
    return {"mode": entered[name], **more.get(entered[name], {})}


def _custody(entered: Entered, copy: str) -> dict[str, Any]:
    holder = entered[f"{copy}_holder"]
    until = _moment(entered[f"{copy}_until"], end=True) if holder == "operator" else None
    return {"holder": holder, "until": until or None}


def _whole(typed: str) -> int | str:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else typed


def _moment(day: str, *, end: bool) -> str:
    """Returns the end or the beginning of a Belgian day, in UTC; what is no day is returned as it is."""
    found = as_day(day)
    if found is None:
        return day
    return format_utc(datetime.combine(found, time(23, 59, 59) if end else time(), ZONE))


def _day(moment: datetime) -> str:
    return moment.astimezone(ZONE).strftime("%Y-%m-%d")


def _field_of(problem: Problem) -> str:
    name = problem.path.partition(".")[0].partition("[")[0]
    return name if name in FIELDS else "controllers"


def _wrong(visit: Visit, problems: list[Problem]) -> dict[str, str]:
    return {name: text(visit.language, f"dashboard.draft.wrong.{name}") for name in map(_field_of, problems)}


def _preview(visit: Visit, fields: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    shown = "" if problems else parse(draft(fields)).shown
    return {"shown": shown, "shown_language": fields["language"], "wrong": _wrong(visit, problems)}


def _page(
    visit: Visit,
    known: Known,
    entered: Entered,
    *,
    wrong: dict[str, str],
    problems: list[Problem],
    fields: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    _note_names(visit, known)
    preview = _preview(visit, fields, problems) if fields else {"shown": "", "shown_language": ""}
    return visit.page(
        "actions/draft.html",
        status=status,
        known=known,
        entered=entered,
        choices=CHOICES,
        uses=CARRIED,
        copies=COPIES,
        fields=FIELDS,
        shown_name=visible,
        **{**preview, "wrong": wrong},
    )


def _note_names(visit: Visit, known: Known) -> None:
    """The form names whoever may sign: one entry says so, because an offer of names is no look at a single person."""
    if known.people:
        visit.log("view", "signers_offered", "")
