"""The form: asks questions in a terminal, and checks each answer at once, with the checks for a draft.

`<` returns to the previous question. After the last question, all answers are shown and can be changed.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from shutil import get_terminal_size
from typing import Any

from flows.drafting._meanings import CHOICES, MEANINGS
from flows.drafting.answers import in_words
from flows.drafting.checking import draft_problems
from flows.drafting.fields_file import whole_moment
from flows.drafting.known import A_FOLDER, Known
from schemas.texts import LANGUAGES
from vault.age.sealing import make_identity
from vault.instruction.fields import CARRIED, HOLDERS, KINDS, PATIENTS, RESPONSIBLE, Problem
from vault.instruction.printable import visible
from vault.system.clock import format_utc

PROPOSED_DAYS = 90
"""The number of days for which the form and the template propose an instruction to be valid."""

BACK, KEEP = "<", ">"


class _BackError(Exception):
    """`<` was typed: go to the previous question, or restart this one."""


class _KeptError(Exception):
    """`>` was typed at an answered question: keep the answer."""


@dataclass
class Form:
    """The questions, with the answers that were given. `ask` returns the answer to a prompt, `say` prints a line."""

    known: Known
    now: datetime
    ask: Callable[[str], str]
    say: Callable[[str], None]
    answers: dict[str, Any] = field(
        default_factory=lambda: {"purpose": "takeover", "target_system": "Medinect"}
    )
    asking: str = ""
    lines: int = 0
    """The current question: its name (`asking`), and how many of its lines were answered (`lines`)."""

    def fill(self) -> dict[str, Any]:
        """Ask all questions, then show the answers and have them changed. Return the fields."""
        self.say(
            f"{BACK} goes back to the question before. At the end all answers are shown, and can be changed."
        )
        names = list(QUESTIONS)
        index = 0
        while index < len(names):
            try:
                self._settle(names[index])
            except _BackError:
                index = max(index - 1, 0)
                continue
            index = next((i for i, name in enumerate(names) if name not in self.answers), len(names))
        return self.review()

    def review(self) -> dict[str, Any]:
        """Show all answers and have them changed, until they have no problems and no change is wanted. Return the fields."""
        names = list(QUESTIONS)
        while True:
            problems = self.problems()
            self._show(names, problems)
            first = next((names.index(_question(problem)) + 1 for problem in problems), None)
            proposed = f" [{first}]" if first else ", or Enter when all is right"
            answer = self.ask(f"Number of an answer to change{proposed}: ").strip()
            if not answer and first is None:
                return self.answers
            picked = _picked(answer or f"{first}", [(name, "") for name in names], many=False)
            if not picked:
                self.say(f"  ! Type a number from 1 to {len(names)}.")
                continue
            with suppress(_BackError):
                self._settle(picked[0])

    def problems(self) -> list[Problem]:
        """Return the problems of the answers."""
        return draft_problems(self.answers, self.known.home, self.now)

    def _show(self, names: list[str], problems: list[Problem]) -> None:
        self.say("")
        for number, name in enumerate(names, 1):
            self._wrapped(f"{number:3}  {name.replace('_', ' ')}: {in_words(self.answers[name])}", "     ")
        for problem in problems:
            self.say(f"  ! {problem.line}")

    def _wrapped(self, text: str, indent: str = "") -> None:
        width = get_terminal_size().columns
        self.say(
            textwrap.fill(
                text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
            )
        )

    def _settle(self, name: str) -> None:
        """Ask for a field until the answer is valid, or the earlier answer is kept."""
        self.say("")
        self._wrapped(f"{name.replace('_', ' ').upper()}  {MEANINGS[name]}")
        while True:
            if name in self.answers:
                self._wrapped(f"  Answered: {in_words(self.answers[name])}   ({KEEP} leaves it so)", "  ")
            try:
                value = self._asked(name)
            except _KeptError:
                return
            trial = {**_example(self.now), **self.answers, name: value}
            wrong = [p for p in draft_problems(trial, self.known.home, self.now) if _top(p) == name]
            if not wrong:
                self.answers[name] = value
                return
            for problem in wrong:
                self.say(f"  ! {problem.line}")

    def _asked(self, name: str) -> Any:
        """Return the answer to one question. `<` restarts the question; at its first line, `<` goes to the previous question."""
        while True:
            self.lines, self.asking = 0, name
            try:
                return QUESTIONS[name](self)
            except _BackError:
                if not self.lines:
                    raise
                self.say("  From the beginning of this question.")

    def text(self, prompt: str, default: str = "") -> str:
        """Ask for a line. An empty line means the default."""
        shown = f" [{default}]" if default else ""
        answer = self.ask(f"{prompt}{shown}: ").strip()
        if answer == BACK:
            raise _BackError
        if answer == KEEP and self.asking in self.answers:
            raise _KeptError
        self.lines += 1
        return answer or default

    def whole(self, prompt: str, default: int) -> int:
        """Ask for a whole number until the answer is a whole number."""
        while True:
            answer = self.text(prompt, str(default))
            if answer.isascii() and answer.isdigit() and len(answer) < 10:
                return int(answer)
            self.say("  ! Type a whole number.")

    def one(self, prompt: str, choices: list[tuple[Any, str]], default: int | None = None) -> Any:
        """Ask for one of the choices, by number or name."""
        return self._chosen(prompt, choices, f"{default}" if default else "", many=False)[0]

    def many(self, prompt: str, choices: list[tuple[Any, str]], default: str = "all") -> list[Any]:
        """Ask for some of the choices: numbers with commas, or `all`."""
        return self._chosen(prompt, choices, default, many=True)

    def _chosen(self, prompt: str, choices: list[tuple[Any, str]], default: str, *, many: bool) -> list[Any]:
        for number, (_, label) in enumerate(choices, 1):
            self.say(f"  {number}  {visible(label)}")
        several = f"1 to {len(choices)}" + (", several with commas, or all" if many else "")
        hint = "1" if len(choices) == 1 else several
        while True:
            picked = _picked(self.text(f"{prompt} ({hint})", default), choices, many=many)
            if picked:
                return picked
            self.say(f"  ! Type {hint}." if many else f"  ! Type a number from {several}.")

    def moment(self, prompt: str, default: datetime | None, *, end: bool) -> str | None:
        """Ask for a day (its end or beginning) or a UTC time. Return any other answer unchanged, for the field's check."""
        shown = format_utc(default) if default else ""
        answer = self.text(f"{prompt} (YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SSZ)", shown)
        return whole_moment(answer, end=end) or None


def _top(problem: Problem) -> str:
    return problem.path.split(".")[0].split("[")[0]


def _question(problem: Problem) -> str:
    """Return the name of the question whose answer has the problem; `controllers` if there is no such question."""
    return _top(problem) if _top(problem) in QUESTIONS else "controllers"


def _picked(answer: str, choices: list[tuple[Any, str]], *, many: bool) -> list[Any]:
    if many and answer.lower() == "all":
        return [value for value, _ in choices]
    names = {str(n): value for n, (value, _) in enumerate(choices, 1)}
    names |= {value: value for value, _ in choices if isinstance(value, str)}
    words = [word.strip() for word in answer.split(",")] if many else [answer]
    return [names[word] for word in dict.fromkeys(words)] if all(word in names for word in words) else []


def _labelled(codes: tuple[str, ...]) -> list[tuple[Any, str]]:
    return [(code, f"{code}: {CHOICES[code]}" if code in CHOICES else code) for code in codes]


def _language(form: Form) -> str:
    return str(form.one("Language", _labelled(LANGUAGES)))


def _controllers(form: Form) -> list[dict[str, str]]:
    known = [person for person in form.known.people if person.attested]
    if not known:
        form.say("  Nobody enrolled here may sign yet: by hand, and enrol before it is signed.")
        role = form.one(
            "As what does he or she sign",
            _labelled(("controller", "mandated", "successor", "practice_company")),
            1,
        )
        return [
            {"role": role, "nihii": form.text("INAMI/RIZIV number"), "name": form.text("Name on the page")}
        ]
    labels = [(person, f"{person.name}, {CHOICES[person.role]}, {person.nihii}") for person in known]
    chosen = form.many("Who", labels, "1" if len(known) == 1 else "")
    return [{**p.entry(), "name": form.text("Name on the page", visible(p.name))} for p in chosen]


def _kinds(form: Form) -> list[str]:
    return sorted(form.many("Kinds", _labelled(KINDS)))


def _patients(form: Form) -> dict[str, str]:
    mode = form.one("Patients", _labelled(PATIENTS), 1)
    if mode == "seen_since":
        return {"mode": mode, "since": form.text("Seen since (YYYY-MM-DD)")}
    if mode == "list":
        form.say(
            "  At the practice: reprise authorise seal-patients LIST --to KEY --out FILE.patients.age; it prints the digest."
        )
        form.say("  KEY is what `reprise authorise recipient` prints here.")
        return {"mode": mode, "list_sha256": form.text("Digest (list_sha256)")}
    return {"mode": mode}


def _responsible(form: Form) -> dict[str, Any]:
    mode = form.one("Records of", _labelled(RESPONSIBLE), 1)
    if mode == "list":
        numbers = form.text("Further INAMI/RIZIV numbers, with commas")
        return {"mode": mode, "nihii": [number.strip() for number in numbers.split(",")]}
    return {"mode": mode}


def _uses(form: Form) -> dict[str, int]:
    proposed = {"inventory": 5, "rehearsal": 5, "migration": 1}
    return {use: form.whole(f"How many: {use}", proposed[use]) for use in CARRIED}


def _recipients(form: Form) -> list[dict[str, str]]:
    known = form.known.recipients
    if not known:
        form.say(
            "  No key is proven to this home yet: reprise recipient challenge KEY --role practice|medinect|recovery"
        )
        keys = [(role, form.text(f"Key for {CHOICES[role]} (age1...)")) for role in ("practice", "recovery")]
        return [{"role": role, "age": key} for role, key in keys]
    labels = [
        (key, f"{CHOICES[key.role]}: {key.key[:12]}...{key.key[-6:]}, proven {key.proven_at[:10]}")
        for key in known
    ]
    return [{"role": key.role, "age": key.key} for key in form.many("Keys", labels)]


def _destination(form: Form) -> str:
    places: list[tuple[Any, str]] = [("", "a folder of this host"), *((s, s) for s in form.known.servers)]
    server = str(form.one("Where", places, 1)) if form.known.servers else ""
    if not server:
        return form.text("Folder", A_FOLDER)
    path = form.text(f"Path below {server}/")
    return f"{server}/{path}" if path else server


def _custody(form: Form) -> dict[str, Any]:
    custody: dict[str, Any] = {}
    before = form.answers.get("custody") or {}
    for copy, called in (("source", "the export"), ("package", "the package")):
        earlier = before.get(copy) or {}
        default = HOLDERS.index(earlier["holder"]) + 1 if earlier.get("holder") in HOLDERS else 1
        holder = str(form.one(f"Who holds {called}", _labelled(HOLDERS), default))
        until = None
        if holder == "operator":
            until = form.moment("Until when", form.now + timedelta(days=PROPOSED_DAYS + 30), end=True)
        custody[copy] = {"holder": holder, "until": until}
    return custody


def _hours(form: Form) -> int:
    return form.whole(f"Hours, {form.known.ceiling_hours} at most", form.known.ceiling_hours)


def _ceilings(form: Form) -> dict[str, int]:
    degraded = form.whole("In a thousand, as text", 50)
    return {"degraded_permille": degraded, "quarantined_permille": form.whole("In a thousand, set aside", 20)}


QUESTIONS: dict[str, Callable[[Form], Any]] = {
    "language": _language,
    "controllers": _controllers,
    "processor": lambda form: form.text("Processor"),
    "source_system": lambda form: form.text("Old software"),
    "kinds": _kinds,
    "patients": _patients,
    "responsible": _responsible,
    "uses": _uses,
    "recipients": _recipients,
    "destination": _destination,
    "valid_from": lambda form: form.moment("From", form.now, end=False),
    "valid_until": lambda form: form.moment("Until", form.now + timedelta(days=PROPOSED_DAYS), end=True),
    "custody": _custody,
    "staging_deadline_hours": _hours,
    "ceilings": _ceilings,
}


def _example(now: datetime) -> dict[str, Any]:
    """Return fields without problems, with which one answer can be checked before the other answers exist."""
    keys = [{"role": role, "age": make_identity()[1]} for role in ("practice", "recovery")]
    held = {"holder": "doctor", "until": None}
    return {
        "controllers": [{"role": "controller", "nihii": "10000001", "name": "N"}],
        "processor": "P", "purpose": "takeover", "source_system": "", "target_system": "Medinect",
        "kinds": [KINDS[0]], "patients": {"mode": "all"}, "responsible": {"mode": "any"}, "uses": {"migration": 1},
        "recipients": keys, "destination": A_FOLDER, "custody": {"source": held, "package": held},
        "valid_from": format_utc(now), "valid_until": format_utc(now + timedelta(days=1)),
        "staging_deadline_hours": 1, "ceilings": {"degraded_permille": 0, "quarantined_permille": 0}, "language": "en",
    }  # fmt: skip
