"""The catalogues agree, the code asks for what is there, and all that is there is asked for.

Each rule is a function over plain values, so that it is tried on catalogues and uses with one thing changed as well. What the
certificate asks for is recorded elsewhere (`tests/unit/vault/test_certificate.py`).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from connectors.inventory.facts import tiles
from connectors.inventory.kmehr import bytes_repair
from connectors.inventory.kmehr._wide_text import LONE_SURROGATE_RULE
from connectors.targets import description, points, prose, sorts, transaction_kinds
from connectors.targets.marks import Mark
from connectors.targets.misfits import Cause as Objection
from dashboard.actions import approvals, drafting, instructions
from dashboard.pages.runs import WORDS
from dashboard.routes import ROUTES
from dashboard.visit import THEMES
from flows.admin.enrolment import LegalBasis, MandateRole, NumberBasis, Shown
from flows.admin.handwritten import Verification
from flows.lifecycle.confirmation import ImportState
from flows.steps import _coverage, _doubles
from flows.views.authorisations import AuthorisationState
from flows.views.deletion import Standing
from flows.views.doctors import KEPT_OUTSIDE, SEALED_KINDS
from flows.views.run_evidence import COPIES, RUNGS, strength_class
from flows.views.status import _ALARMS
from schemas import contracts
from schemas.advice import ADVICE
from schemas.disposition import Disposition, Reason, UnitKind
from schemas.item_kinds import ITEM_KINDS
from schemas.outcome import Cause
from schemas.package_description import Kinds, Place
from schemas.practice_documents import Danger, Persons, Sort, State, Tally
from schemas.roles import Role
from schemas.steps import STEPS
from schemas.texts import LANGUAGES, catalogue, places
from vault.authorisation.signatories import SignatureKind
from vault.destruction.held_copies import CopyKind
from vault.diagnostics.findings import AREAS, Severity
from vault.instruction.fields import (
    CARRIED,
    HOLDERS,
    KINDS,
    PATIENTS,
    PURPOSES,
    RECIPIENT_ROLES,
    RESPONSIBLE,
    ROLES,
    USES,
)  # fmt: skip
from vault.keys.registry import PROVIDERS
from vault.ledger.entries import EntryType
from vault.pki.trust_admin import FOLDERS

ROOT = Path(__file__).resolve().parents[2]
DESK = ROOT / "desk" / "src"
ROOMS = ("flows", "connectors", "schemas", "vault", "dashboard")
ALL = {language: dict(catalogue(language)) for language in LANGUAGES}
KEYS = set(ALL["en"])
Catalogues = dict[str, dict[str, str]]
KEY = re.compile(r"[a-z]+(\.[a-zA-Z0-9_-]+)+")
ASKING = ("text", "section")
ANY = "*"
"""A code in a key."""


def disagreements(told: Catalogues) -> Iterator[str]:
    """What one language has otherwise than the first: keys, their order, places for values."""
    first, *others = told.values()
    for other in others:
        yield from sorted(first.keys() ^ other.keys())
        yield from (key for key in first.keys() & other.keys() if places(first[key]) != places(other[key]))
        if first.keys() == other.keys() and list(first) != list(other):
            yield "order"
    yield from (key for key in first if not KEY.fullmatch(key))


def asked_in(source: str) -> Iterator[str]:
    """Each key that a module asks for by `text` or `section`, with `*` for a code that it sets in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ASKING:
            yield pattern(node.args[1]) + (f".{ANY}" if node.func.id == "section" else "")


def pattern(key: ast.expr) -> str:
    """The key, with `*` for what is set in. Raises TypeError: a key that no search for it would find."""
    if isinstance(key, ast.Constant):
        return str(key.value)
    if isinstance(key, ast.JoinedStr):
        return "".join(ANY if isinstance(part, ast.FormattedValue) else pattern(part) for part in key.values)
    raise TypeError(ast.unparse(key))


def asked_in_template(source: str) -> Iterator[str]:
    for key, code in re.findall(r'say\("([^"]+)"( ~)?', source):
        yield key + (ANY if code else "")


def asked_on_page(script: str, page: str) -> Iterator[str]:
    """Each key in quotes that the page's script or its HTML names, with `*` for a code that is set in."""
    for name in re.findall(
        r'["`]((?:(?:seal|desk|verify)\.|certificate\.(?:trial|outcome|not_claimed))[\w.${}]*)["`]', script
    ):
        yield re.sub(r"\$\{[\w.]+\}", ANY, name)
    yield from re.findall(r'data-word="([\w.]+)"', page)


def all_asked() -> set[str]:
    found = set[str]()
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if "from schemas.texts import" in source:
            found.update(asked_in(source))
    templates = ("connectors/targets/templates", "dashboard/templates")
    for path in (path for folder in templates for path in (ROOT / folder).rglob("*.html")):
        found.update(asked_in_template(path.read_text(encoding="utf-8")))
    scripts = (path.read_text(encoding="utf-8") for path in DESK.rglob("*.ts") if path.name != "words.d.ts")
    pages = (path.read_text(encoding="utf-8") for path in sorted(DESK.rglob("page.html")))
    return found | set(asked_on_page("\n".join(scripts), "\n".join(pages)))


ASKED = all_asked()


@cache
def expression(asked: str) -> re.Pattern[str]:
    return re.compile(re.escape(asked).replace(re.escape(ANY), "[^.]+"))


def fits(asked: str, key: str) -> bool:
    return expression(asked).fullmatch(key) is not None


def unknown(asked: set[str], keys: set[str]) -> list[str]:
    """What is asked for and fits no key."""
    codes = {one for one in asked if ANY in one}
    return sorted((asked - codes - keys) | {one for one in codes if not any(fits(one, key) for key in keys)})


def unasked(asked: set[str], keys: set[str]) -> list[str]:
    """The keys that nothing asked for fits."""
    codes = [one for one in asked if ANY in one]
    return sorted(key for key in keys - asked if not any(fits(one, key) for one in codes))


def constants(*folders: str) -> set[str]:
    """Every string that stands in the code there."""
    trees = (ast.parse(p.read_text(encoding="utf-8")) for f in folders for p in (ROOT / f).rglob("*.py"))
    return {
        n.value
        for tree in trees
        for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }


def names_of(schema: Any) -> Iterator[str]:
    """Every element, attribute and code that the tables of KMEHR know."""
    if isinstance(schema, dict):
        yield from schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for inner in schema:
            yield from names_of(inner)
    elif isinstance(schema, str):
        yield schema


SCHEMA = set(names_of(json.loads((ROOT / "schemas/codes/kmehr_types.json").read_text(encoding="utf-8"))))


COUNTED_ONLY = {
    Reason.KIND_OUT_OF_SCOPE, Reason.PATIENT_OUT_OF_SCOPE, Reason.RESPONSIBLE_OUT_OF_SCOPE, Reason.NO_HEADER,
}  # fmt: skip
"""These befall what is not listed in a report."""
OTHER_POINTS = {
    "birth_date_unreadable", "code_page_doubtful", "confidential", "document_not_held", "document_unreadable", "empty_document", "encoding_repaired",
    "message_cancels", "message_kind_unknown", "message_of_another", "national_number_invalid", "number_of_another_birth", "resource_not_read", "result_incomplete", "result_withdrawn", "same_birth_first_name_incomplete", "same_name_and_birth",
    "same_name_birth_incomplete", "same_number_other_identity", "several_numbers", "several_people",
    "unit_code_unknown",
}  # fmt: skip
"""Points of the work list that are no reasons of units."""


def strings_in(module: str, name: str) -> set[str]:
    """The strings of a union of types or of a list in a module of the page."""
    source = (DESK / module).read_text(encoding="utf-8")
    (body,) = re.findall(rf"(?:type|const) {name} =\s*([^;]+);", source)
    return set(re.findall(r'"(\w+)"', body))


def page_source(name: str) -> str:
    return (ROOT / "connectors/targets/templates" / name).read_text(encoding="utf-8")


def headings_of(page: str) -> set[str]:
    return set(re.findall(r'{{ heading\("(\w+)"\) }}', page_source(page)))


def columns_of(page: str) -> set[str]:
    lists = re.findall(r"{{ columns\(\(([^)]+)\)\) }}", page_source(page))
    return {name for each in lists for name in re.findall(r'"(\w+)"', each)}


PARAGRAPHS = ("who", "what", "uses", "staging", "custody", "recipients", "ceilings")
INSTRUCTED = {
    *KINDS,
    *ROLES,
    *PURPOSES,
    *USES,
    *HOLDERS,
    *(f"patients_{mode}" for mode in PATIENTS),
    *(f"responsible_{mode}" for mode in RESPONSIBLE),
    *RECIPIENT_ROLES,
    "until",
    "no_date",
    "not_stated",
    "none",
}
"""What an instruction says in words."""
KINDS_OF_TRANSACTIONS = transaction_kinds.KINDS | {transaction_kinds._OTHER_SUMMARY}
REFUSED = {
    "login_malformed", "account_exists", "account_without_role", "account_needs_operator", "operator_not_enrolled", "no_operator",
    "account_needs_doctor", "role_not_known", "language_unknown", "passkey_taken", "passkey_refused", "last_way_in", "password_short",
    "password_long", "password_guessable",
}  # fmt: skip
"""What a form of the dashboard can be refused for, said beside it."""
STATUSES = {"400", "403", "404", "405", "409", "413", "429", "500", "503"}
CODES: dict[str, tuple[set[str], set[str]]] = {
    "desk.refusal": (strings_in("refusal.ts", "PackageCode") | strings_in("refusal.ts", "OwnCode"), set()),
    "desk.danger": ({*Danger}, set()),
    "desk.sort": (strings_in("work/patient_index.ts", "SHOWN"), set()),
    "desk.column": (strings_in("work/reconciliation.ts", "COLUMNS"), set()),
    "desk.statement": (strings_in("confirm/confirm_step.ts", "State"), set()),
    "desk.step": (strings_in("steps.ts", "STEPS"), set()),
    "certificate.outcome": ({*Cause}, set()),
    "instruction.1.paragraph": ({*PARAGRAPHS, "title", "language"}, set()),
    "instruction.1.section": ({*PARAGRAPHS, "sign"}, set()),
    "instruction.1.code": (INSTRUCTED - {"medinect"}, set()),  # a name, shown as it is
    "instruction.2.paragraph": ({*PARAGRAPHS, "title", "withdraw", "references"}, set()),
    "instruction.2.section": ({*PARAGRAPHS, "withdraw", "references", "sign"}, set()),
    "instruction.2.code": (INSTRUCTED | {"included"}, set()),
    "report.disposition": ({*Disposition}, set()),
    "report.rank": ({*Danger}, set()),
    "report.rule": ({*tiles.RULES, tiles.LEFT_OUT, "units", "structural"}, set()),
    "report.repair": (
        {value for name, value in vars(bytes_repair).items() if name.endswith("_RULE")}
        | {LONE_SURROGATE_RULE},
        set(),
    ),
    "report.reason": ({*Reason} - COUNTED_ONLY | OTHER_POINTS | {*contracts.reasons()}, set()),
    "report.kind": ({*UnitKind, "patient", "identity"}, ITEM_KINDS | KINDS_OF_TRANSACTIONS),
    "point.kind": ({*UnitKind}, set()),
    "point.month": ({str(month) for month in range(1, 13)}, set()),
    "point.format": ({*points._FORMATS.values()}, set()),
    "point.why": ({*Objection, "long_list", "kind_unstated", "within", "own_code"}, set()),
    "point.instead": ({h.instead for h in points.HANDLINGS.values()} | {"within_text", "beside"}, set()),
    "point.action": (
        {h.action for h in points.HANDLINGS.values()} | {"enter_before_prescribing", "check_place"},
        set(),
    ),
    "point.size": ({"kb", "mb"}, set()),
    "count.size": ({"up_to", "above"}, set()),
    "count.patients": ({*Persons.__struct_fields__}, set()),
    "count.column": (
        {
            "what",
            *Tally.__struct_fields__,
            "old",
            "difference",
            "year",
            "name",
            "birth",
            "inss",
            "file",
            "open_points",
            "title",
            "date",
            "author",
            "size",
            "state",
            "sha256",
            "bytes",
        },
        set(),
    ),
    "codes.column": ({*_coverage.COVERAGE.names}, set()),
    "codes.status": ({*_coverage.STATUSES}, set()),
    "count.sort": ({*Sort}, set()),
    "count.part": ({*sorts.STATUSES.values(), "other"}, set()),
    "page.state": ({*get_args(State)}, set()),
    "describe.heading": (headings_of("describe.html"), set()),
    "describe.column": (columns_of("describe.html"), set()),
    "describe.file": ({*description.FILES.values()}, set()),
    "describe.kind": ({*Kinds.__struct_fields__}, set()),
    "describe.mark": ({*Mark}, set()),
    "describe.place": ({*get_args(Place)}, set()),
    "describe.check": ({*description.CHECKS}, set()),
    "value": ({*prose.codes_in_words()}, set()),
    "prose": (
        {f"number-{each}" for each in (*prose._NUMBERS.values(), "other")},
        SCHEMA | {"reprise-itself"},
    ),
    "verify.step": ({str(step) for step in range(1, 12)}, set()),
    "verify.state": (strings_in("verify/result.ts", "State"), set()),
    "verify.fault": (strings_in("verify/result.ts", "FAULTS"), set()),
    "verify.verdict": (strings_in("verify/result.ts", "Kind"), set()),
    "verify.about": (strings_in("verify/result.ts", "Kind"), set()),
    "dashboard.theme": ({*THEMES}, set()),
    "dashboard.menu": ({route.name for route in ROUTES if route.menu}, set()),
    "dashboard.role": ({*Role}, set()),
    "dashboard.role_means": ({*Role}, set()),
    "dashboard.accounts.is": ({"open", "invited", "lapsed", "closed"}, set()),
    "dashboard.access.done": ({route.name for route in ROUTES} | {"name", "signers_offered"}, set()),
    "dashboard.use": ({*STEPS}, set()),
    "dashboard.run.is": ({*WORDS}, set()),
    "dashboard.key": ({*PROVIDERS}, set()),
    "dashboard.import": ({*ImportState, "none"}, set()),
    "dashboard.step": ({step for steps in STEPS.values() for step in steps} | {"destroy", "certify"}, set()),
    "dashboard.step_is": ({"done", "now", "failed", "ahead", "skipped"}, set()),
    "dashboard.copy": ({*CopyKind}, set()),
    "dashboard.size": ({"b", "kb", "mb", "gb", "tb"}, set()),
    "dashboard.authorisation.is": ({*AuthorisationState}, set()),
    "dashboard.signature": ({*SignatureKind}, set()),
    "dashboard.patients": ({*PATIENTS}, set()),
    "dashboard.kept": ({*SEALED_KINDS, *KEPT_OUTSIDE, "other"}, set()),
    "dashboard.standing": ({*Standing}, set()),
    "dashboard.deletion.tile": ({*Standing}, set()),
    "dashboard.entry": ({entry.value.replace(".", "_") for entry in EntryType}, set()),
    "dashboard.host.counted": ({*Severity} - {Severity.OK}, set()),
    "dashboard.severity": ({*Severity} - {Severity.OK}, set()),
    "dashboard.area": ({*AREAS}, set()),
    "dashboard.material": ({*FOLDERS}, set()),
    "dashboard.strength": ({strength_class(name) for name in PROVIDERS}, set()),
    "dashboard.rung": ({*RUNGS}, set()),
    "dashboard.copies": ({*COPIES}, set()),
    "dashboard.alarm": ({*_ALARMS}, set()),
    "dashboard.refused": (REFUSED, set()),
    "dashboard.done": (
        {
            "source_registered",
            "source_forgotten",
            "order_cancelled",
            "swept",
            "resumed",
            "cancelling",
            "cancelled",
            "abandoned",
            "confirmed",
            "recorded",
            "proposed",
            "approved",
            "withdrawn",
            "intake_closed",
        },
        set(),
    ),
    "dashboard.advice": (set(), {*ADVICE}),
    "dashboard.work.use_means": ({*CARRIED}, set()),
    "dashboard.work.path_wrong": ({"source_not_absolute", "source_missing", "source_unreadable"}, set()),
    "dashboard.instructions.is": ({"in_force", "pending", "withdrawn", "expired", "not_yet", "used"}, set()),
    "dashboard.instructions.keys": ({*instructions.PROVIDERS}, set()),
    "dashboard.intake.is": ({"open", "in_use", "spent", "closed", "expired", "withdrawn", "key_gone"}, set()),
    "dashboard.approvals.kind": ({"doctor", "mandate", "page"}, set()),
    "dashboard.approvals.fact": ({"name", "inss", "nihii", "role", "until"}, set()),
    "dashboard.approvals.shown": ({*Shown}, set()),
    "dashboard.approvals.way": ({*Verification}, set()),
    "dashboard.approvals.basis": ({*LegalBasis, *NumberBasis}, set()),
    "dashboard.approvals.role_is": ({*MandateRole}, set()),
    "dashboard.approvals.wrong": ({*approvals.FIELD_OF}, set()),
    "dashboard.draft.field": ({*drafting.FIELDS}, set()),
    "dashboard.draft.wrong": ({*drafting.FIELDS}, set()),
    "dashboard.draft.patients": ({*PATIENTS}, set()),
    "dashboard.draft.responsible": ({*RESPONSIBLE}, set()),
    "dashboard.draft.key": ({*RECIPIENT_ROLES}, set()),
    "dashboard.draft.copy": ({*drafting.COPIES}, set()),
    "dashboard.error": (STATUSES, set()),
    "dashboard.error_means": (STATUSES, set()),
}
"""By section: the codes that need a text, and those that may have one."""


def wrong_codes(keys: set[str], sections: Collection[str] = CODES) -> Iterator[str]:
    """A text of a code that nothing has, and a code without its text."""
    for section in sections:
        needed, allowed = CODES[section]
        found = {key.removeprefix(f"{section}.") for key in keys if key.startswith(f"{section}.")}
        yield from (f"{section}.{code}" for code in (needed - found) | (found - needed - allowed))


def test_the_languages_agree():
    assert list(disagreements(ALL)) == []
    assert len(KEYS) > 450


def test_what_is_asked_for_is_there():
    assert unknown(ASKED, KEYS) == []
    assert {one.partition(".")[0] for one in ASKED} == {key.partition(".")[0] for key in KEYS}


def test_what_is_there_is_asked_for():
    assert unasked(ASKED, KEYS) == []
    assert list(wrong_codes(KEYS)) == []
    assert constants("connectors", "flows/steps") >= OTHER_POINTS


@pytest.mark.parametrize("area", sorted(CODES))
def test_a_new_code_without_words_is_found(area, monkeypatch):
    needed, allowed = CODES[area]
    monkeypatch.setitem(CODES, area, ({*needed, "brand_new"}, allowed))
    assert list(wrong_codes(KEYS)) == [f"{area}.brand_new"]


REASON_AT = {"Doubt": 1, "Finding": 3}
"""The place of the reason among the values of what the work list is made from."""


def reasons_in(source: str) -> Iterator[str]:
    """The reasons that a module gives in so many words."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REASON_AT:
            reason = node.args[REASON_AT[node.func.id]]
            if isinstance(reason, ast.Constant):
                yield str(reason.value)


def test_each_reason_that_the_code_gives_is_a_known_one():
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "connectors").rglob("*.py"))
    given = {reason for source in sources for reason in reasons_in(source)}
    doubles = {value for name, value in vars(_doubles).items() if name.isupper() and isinstance(value, str)}
    assert len(given) > 6
    assert len(doubles) > 5
    assert given | doubles == OTHER_POINTS <= points.HANDLINGS.keys()
    assert {*contracts.reasons()} <= points.HANDLINGS.keys()
    assert list(reasons_in('Doubt(line, "brand_new", "x"); Finding(d, k, u, "newer", about=u)')) == [
        "brand_new",
        "newer",
    ]


def test_the_page_knows_each_danger_in_the_order_of_the_work_list():
    source = (DESK / "work/report.ts").read_text(encoding="utf-8")
    (body,) = re.findall(r"DANGERS = \[([^\]]+)\]", source)
    assert re.findall(r'"(\w+)"', body) == [*Danger]
    assert strings_in("work/patient_index.ts", "SHOWN") <= {*Sort}


def test_the_page_declares_the_texts_that_it_gets():
    declared = re.findall(r'  \| "([\w.]+)"', (DESK / "words.d.ts").read_text(encoding="utf-8"))
    build = (ROOT / "desk/build.mjs").read_text(encoding="utf-8")
    (listed,) = re.findall(r"LANGUAGES = (\[.*\])", build)
    assert set(json.loads(listed)) == set(LANGUAGES)
    (sections,) = re.findall(r"SECTIONS = (\[.*\])", build)
    wanted = tuple(f"{one}." for one in json.loads(sections))
    assert declared == [key for key in ALL["en"] if f"{key}.".startswith(wanted)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda told: told.pop("page.work_list"), ["page.work_list"]),
        (lambda told: told.update({"page.further": "x"}), ["page.further"]),
        (
            lambda told: told.update({"instruction.1.paragraph.staging": "x"}),
            ["instruction.1.paragraph.staging"],
        ),
        (
            lambda told: told.update({"instruction.1.paragraph.staging": "{hour}"}),
            ["instruction.1.paragraph.staging"],
        ),
        (lambda told: told.update({"certificate.title": "{x}"}), ["certificate.title"]),
        (lambda told: told.update({"certificate.title": told.pop("certificate.title")}), ["order"]),
    ],
    ids=["removed", "added", "place removed", "place renamed", "place added", "moved"],
)
def test_a_change_in_one_language_is_found(language, change, found):
    changed = {name: dict(told) for name, told in ALL.items()}
    change(changed[language])
    assert set(disagreements(changed)) == set(found)


def is_recorded(area: str) -> bool:
    """Whether tests/unit/vault/test_certificate.py finds it."""
    return area.startswith("certificate") and area != "certificate.outcome"


def may_have_none(area: str, code: str) -> bool:
    """Whether a code without a text is shown as it is."""
    return area in ("prose", "report.kind", "dashboard.advice") and code not in CODES[area][0]


def test_a_text_removed_from_every_language_is_found():
    """By the uses and the sections that the key fits: no other looks at it."""
    fitting = {asked: {key for key in KEYS if fits(asked, key)} for asked in ASKED}
    for key in KEYS:
        area, _, code = key.rpartition(".")
        without = KEYS - {key}
        asked = {one for one, keys in fitting.items() if key in keys}
        sections = [section for section in CODES if key.startswith(f"{section}.")]
        found = unknown(asked, without) or list(wrong_codes(without, sections))
        assert found or is_recorded(area) or may_have_none(area, code), key


@pytest.mark.parametrize("area", sorted({key.rpartition(".")[0] for key in KEYS}))
def test_a_text_that_nobody_asks_for_is_found(area):
    more = KEYS | {f"{area}.nobody-asks"}
    assert unasked(ASKED, more) or list(wrong_codes(more)) or is_recorded(area)


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ('text(language, "report.page.dangr")', "report.page.dangr"),
        ('text(language, f"report.reasons.{code}")', "report.reasons.*"),
        ('section("en", "report.reasons")', "report.reasons.*"),
    ],
)
def test_code_that_asks_for_no_text_is_found(source, asked):
    assert unknown(set(asked_in(source)), KEYS) == [asked]


def test_a_key_that_is_put_together_elsewhere_is_refused():
    with pytest.raises(TypeError):
        list(asked_in("text(language, key)"))
    assert unknown(set(asked_in_template('{{ say("report.page.dangr") }}')), KEYS)
    assert unknown(set(asked_in_template('{{ say("report.reasons." ~ code) }}')), KEYS)
    assert unknown(set(asked_on_page('say("seal.sealed")', '<p data-word="desk.titel">')), KEYS) == [
        "desk.titel",
        "seal.sealed",
    ]
    assert unknown(set(asked_on_page("say(`desk.refusals.${refusal.code}`)", "")), KEYS) == [
        "desk.refusals.*"
    ]
