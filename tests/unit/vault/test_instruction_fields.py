"""What a field of an instruction may hold: each wrong one is named by its path, all at once, and no value is quoted."""

from __future__ import annotations

import json
import re
import unicodedata
from hashlib import sha256
from typing import Any

import pytest
from signed_bench import Bench
from support.former import draft_1

from schemas.errors import AuthorisationError
from vault.authorisation.check import instruction_text
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.instruction._text import render_text
from vault.instruction.document import draft, parse
from vault.instruction.fields import field_problems
from vault.instruction.page import render_pdf
from vault.instruction.printable import PRINTABLE, hides, is_printable_line, visible

CANARY = "Zorgenkanarie"
_ = "the field is taken away"


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("fields"))


def bent(fields: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The fields with one of them changed; `_` takes it away."""
    body = json.loads(json.dumps(fields))
    *way, last = [int(n) if n.isdigit() else n for n in re.findall(r"\w+", path)]
    at = body
    for step in way:
        at = at[step]
    if value is _:
        del at[last]
    else:
        at[last] = value
    return body


LINES = [
    "two\nlines", "\x1b[8mhidden", "a\x07", "\u202eturned", "\u2066isolated\u2069", "zero\u200bwidth", "soft\u00adhyphen",
    "\x9b31m", "e\u0301", " blank", "blank ", "no\u00a0break", "\u0410dmin", "\U0001f600", "z\u0337algo", "\u3164",
    "\ufeffmark", "\u2028", "x" * 2000,
]  # fmt: skip
WRONG: list[tuple[str, Any, str]] = [
    *((f"{path}", line, path) for path in ("processor", "controllers[0].name", "target_system") for line in LINES),
    *(("source_system", line, "source_system") for line in LINES[:4]),
    *(("destination", f"/{line}", "destination") for line in LINES[:4]),
    ("nonce", "00" * 16, "nonce"), ("nonce", "0A" * 16, "nonce"), ("nonce", "ab", "nonce"), ("nonce", 5, "nonce"),
    ("purpose", "research", "purpose"), ("purpose", ["takeover"], "purpose"),
    ("processor", "", "processor"), ("processor", _, "processor"), ("processor", None, "processor"),
    ("kinds", [], "kinds"), ("kinds", ["spleen"], "kinds[0]"), ("kinds", ["lab_results"] * 2, "kinds[1]"), ("kinds", "all", "kinds"),
    ("patients", "all", "patients"), ("patients", {}, "patients.mode"), ("patients", {"mode": "some"}, "patients.mode"),
    ("patients", {"mode": ["all"]}, "patients.mode"),
    ("patients", {"mode": "all", "since": "2020-01-01"}, "patients.since"),
    ("patients", {"mode": "seen_since"}, "patients.since"), ("patients", {"mode": "seen_since", "since": "2020-1-1"}, "patients.since"),
    ("patients", {"mode": "list", "list_sha256": "AB" * 32}, "patients.list_sha256"),
    ("responsible", {"mode": "list"}, "responsible.nihii"), ("responsible", {"mode": "list", "nihii": []}, "responsible.nihii"),
    ("responsible", {"mode": "list", "nihii": ["1-1234-5"]}, "responsible.nihii[0]"),
    ("responsible", {"mode": "any", "nihii": []}, "responsible.nihii"),
    ("uses", {}, "uses"), ("uses", {"delta": 3}, "uses"), ("uses", {"migration": 0}, "uses"), ("uses", {"everything": 1, "migration": 1}, "uses.everything"),
    ("uses.migration", 100, "uses.migration"), ("uses.migration", True, "uses.migration"), ("uses.migration", -1, "uses.migration"),
    ("uses.migration", "1", "uses.migration"),
    ("controllers", [], "controllers"), ("controllers", {}, "controllers"), ("controllers[0].role", "boss", "controllers[0].role"),
    ("controllers[0].nihii", "1123457800", "controllers[0].nihii"), ("controllers[0].nihii", "１１２３４５７８", "controllers[0].nihii"),
    ("controllers[0].inss", "85073003328", "controllers[0].inss"), ("controllers[0].name", _, "controllers[0].name"),
    ("recipients[1].age", "age1nonsense", "recipients[1].age"), ("recipients[0].role", "friend", "recipients[0].role"),
    ("recipients[1].role", "practice", "recipients"), ("recipients[0].role", "recovery", "recipients"), ("recipients[1]", _, "recipients"),
    ("destination", "out", "destination"), ("destination", "/a/../b", "destination"), ("destination", "ftp://x/y", "destination"),
    ("custody.source", _, "custody.source"), ("custody.source", None, "custody.source"),
    ("custody.package", {"holder": "doctor"}, "custody.package.until"),
    ("custody.package", {"holder": "operator", "until": None}, "custody.package.until"),
    ("custody.package.holder", "nobody", "custody.package.holder"), ("custody.package.until", "9999-12-31T23:59:59Z", "custody.package.until"),
    ("custody.package.until", "2001-01-01T00:00:00Z", "custody.package.until"), ("custody.package.until", "soon", "custody.package.until"),
    ("valid_until", "9999-12-31T23:59:59Z", "valid_until"), ("valid_until", "2001-01-01T00:00:00Z", "valid_until"),
    ("valid_until", "2030-01-01", "valid_until"), ("valid_from", 5, "valid_from"),
    ("staging_deadline_hours", 0, "staging_deadline_hours"), ("staging_deadline_hours", 721, "staging_deadline_hours"),
    ("ceilings.degraded_permille", 1001, "ceilings.degraded_permille"), ("ceilings", {"degraded_permille": 1}, "ceilings.quarantined_permille"),
    ("language", "it", "language"), ("notes", CANARY, "notes"), ("Zn\x1b[8m", 1, "Zn[U+001B][8m"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "named"), WRONG)
def test_a_wrong_field_is_named_by_its_path(bench, path, value, named):
    fields = {**bench.fields, path: value} if path.startswith("Z") else bent(bench.fields, path, value)
    found = field_problems(fields)
    assert [problem.path for problem in found] == [named]
    assert CANARY not in found[0].line
    with pytest.raises(AuthorisationError) as error:
        draft(fields)
    assert (error.value.code, error.value.facts) == ("fields_refused", {"count": 1})
    assert error.value.__context__ is None


def test_everything_that_is_wrong_is_named_at_once(bench):
    fields = bent(
        bent(bent(bench.fields, "processor", _), "uses.migration", "one"), "recipients[1].age", CANARY
    )
    assert [problem.path for problem in field_problems(fields)] == [
        "processor",
        "uses.migration",
        "recipients[1].age",
    ]
    assert CANARY not in str([problem.to_json() for problem in field_problems(fields)])
    assert len(field_problems({})) == len(
        bench.fields
    )  # every field is demanded, and named with what it may hold
    assert all(problem.allowed for problem in field_problems({}))


@pytest.mark.parametrize("fields", [[], None, 5, "x", {"controllers": [[]]}, {"custody": {"source": []}}])
def test_what_is_no_table_is_said_and_does_not_raise(fields):
    assert field_problems(fields)


def test_good_fields_are_drafted_and_the_nonce_is_made(bench):
    assert field_problems(bench.fields) == []
    without = {name: value for name, value in bench.fields.items() if name != "nonce"}
    one, two = (parse(draft(without)) for _ in range(2))
    assert one.nonce != two.nonce and one.version == 2
    assert (
        parse(draft(json.loads(one.document))).document == one.document
    )  # a finished instruction is fields too


def test_a_name_of_any_belgian_community_can_be_written(bench):
    for name in (
        "Dr Zoë D'Hondt-Müller",
        "Łukasz Şahin",
        "Nguyễn Văn Đức",
        "Cabinet « Les Tilleuls » & Cie, n° 7",
    ):
        assert field_problems(bent(bench.fields, "controllers[0].name", name)) == []


def test_what_is_printable_is_drawn_by_the_page_s_font():
    from vault.pdf.layout import shown

    assert [c for c in sorted(PRINTABLE) if shown(c) != c] == []
    assert all(is_printable_line(f"x{c}x") or unicodedata.normalize("NFC", c) != c for c in PRINTABLE)
    assert not any(hides(c) for c in PRINTABLE)


def test_version_2_by_another_program_is_held_to_the_same_fields(bench):
    forged = draft_1(bent(bench.fields, "processor", "two\nlines")).replace(b'"version":1', b'"version":2')
    with pytest.raises(AuthorisationError) as error:
        parse(forged)
    assert error.value.code == "fields_refused"


def test_version_1_is_read_as_it_was_and_shown_without_its_marks(bench):
    name = "Dr Bob\x1b[8m\x1b]0;owned\x07 \u202e"
    document = draft_1(
        bent(bent(bench.fields, "controllers[0].name", name), "processor", "R\nAllowed uses: none")
    )
    kept = parse(document)
    assert name in kept.text and "\nAllowed uses: none" in kept.text  # what the doctor signed, to the letter
    assert kept.shown.count("\n") == parse(draft_1(bench.fields)).shown.count("\n")
    assert "Dr Bob[U+001B][8m" in kept.shown and not hides(kept.shown.replace("\n", ""))
    with pytest.raises(AuthorisationError) as error:
        bench.check(version=1, processor="R\nAllowed uses: none")
    assert (error.value.code, error.value.exit_code) == ("text_hides", 10)


def test_a_gap_and_marks_that_grow_over_other_lines_are_written_out(bench):
    piled = "Dr Bob" + "\u0301" * 50
    pushed = "Reprise" + " " * 300 + "may keep all"
    assert visible(pushed) == "Reprise [300 blanks] may keep all"
    assert visible(piled).startswith("Dr Bob" + "\u0301" * 3 + "[U+0301]" * 47)
    assert not hides("e\u0301") and not hides("a   b")
    assert visible(visible(piled)) == visible(piled) and visible(visible(pushed)) == visible(pushed)
    for changes in ({"processor": pushed}, {"purpose": piled}):
        with pytest.raises(AuthorisationError) as error:
            bench.check(version=1, **changes)
        assert (error.value.code, error.value.exit_code) == ("text_hides", 10)


def test_what_version_1_left_open_and_is_harmless_still_holds(bench):
    made = bench.check(
        version=1, consume=True, purpose="research", uses={"migration": 1, "everything": 99}, kinds=[]
    )
    assert made.kinds == frozenset()
    assert "research" in instruction_text(Home(bench.home), made.id)


def test_visible_leaves_what_is_drawn():
    assert visible("Dr Zoë: a\tb") == "Dr Zoë: a[U+0009]b"


def test_the_digest_tells_which_wording_was_signed(bench):
    """An instruction of the release before is read, and drawn, in the words in which it was signed."""
    body = {
        name: value
        for name, value in json.loads(draft(bench.fields)).items()
        if name != "readable_text_sha256"
    }
    earlier = canonical_json(
        {**body, "readable_text_sha256": sha256(render_text(body, 1).encode()).hexdigest()}
    )
    for document, wording, words in (
        (draft(bench.fields), 2, "Opdrachtgever"),
        (earlier, 1, "zoals hier gezegd"),
    ):
        read = parse(document)
        assert (read.wording, words in read.text) == (wording, True)
        assert (b"StructTreeRoot" in render_pdf(document)) is (wording == 2)
    body["readable_text_sha256"] = sha256(b"another text").hexdigest()
    with pytest.raises(AuthorisationError, match="readable_text_differs"):
        parse(canonical_json(body))
