"""The catalogues are read strictly, as other programs read them, and travel with the program."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po
from hatchling.builders.wheel import WheelBuilder

from schemas import texts
from schemas.texts import LANGUAGES, catalogue, places, read, section, text

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "schemas" / "texts"
HEAD = 'msgid ""\nmsgstr ""\n"Language: xx\\n"\n\n'
PLAIN = HEAD + 'msgid "a.b"\nmsgstr "B {c}"\n'


@pytest.mark.parametrize("language", LANGUAGES)
def test_babel_reads_the_same_and_would_write_it_so(language):
    source = (FOLDER / f"{language}.po").read_bytes()
    seen = read_po(io.BytesIO(source), locale=language)
    assert [(message.id, message.string) for message in seen if message.id] == list(
        catalogue(language).items()
    )
    assert list(seen.check()) == []
    assert f"Language: {language}\\n".encode() in source
    written = io.BytesIO()
    write_po(written, seen, width=0, omit_header=True)
    assert source.partition(b"\n\n")[2] == written.getvalue().rstrip() + b"\n"


@pytest.mark.parametrize(
    ("reason", "source"),
    [
        ("no head", 'msgid "a.b"\nmsgstr "B"\n'),
        ("nothing", ""),
        ("the head is not first", 'msgid "a.b"\nmsgstr "B"\n\n' + HEAD),
        ("a key comes twice", PLAIN + '\nmsgid "a.b"\nmsgstr "B"\n'),
        ("no text", HEAD + 'msgid "a.b"\nmsgstr ""\n'),
        ("unsure", HEAD + '#, fuzzy\nmsgid "a.b"\nmsgstr "B"\n'),
        ("left behind", PLAIN + '\n#~ msgid "a.c"\n#~ msgstr "C"\n'),
        ("a context", HEAD + 'msgctxt "x"\nmsgid "a.b"\nmsgstr "B"\n'),
        ("a plural", HEAD + 'msgid "a.b"\nmsgid_plural "a.bs"\nmsgstr[0] "B"\n'),
        ("half an entry", HEAD + 'msgid "a.b"\n'),
        ("an open quote", HEAD + 'msgid "a.b"\nmsgstr "B\n'),
        ("a quote inside", HEAD + 'msgid "a.b"\nmsgstr "B" C"\n'),
        ("an unknown escape", HEAD + 'msgid "a.b"\nmsgstr "\\x"\n'),
        ("something else", PLAIN + "\nwords\n"),
        ("two blank lines", PLAIN + "\n\n"),
        *(
            (f"a brace: {told}", HEAD + f'msgid "a.b"\nmsgstr "{told}"\n')
            for told in ("{", "}", "{}", "{0.x}", "{a!r}", "{{a}}")
        ),
    ],
    ids=lambda part: part if len(part) < 40 and "msg" not in part else "",
)
def test_what_is_no_plain_entry_is_refused(reason, source):
    with pytest.raises(ValueError):
        read(source)


def test_what_is_plain_is_read():
    assert read(PLAIN) == {"a.b": "B {c}"}
    assert read(HEAD + '# seen\n#. told\n#: place:1\nmsgid ""\n"a.b"\nmsgstr ""\n"B\\n"\n"\\"C\\""\n') == {
        "a.b": 'B\n"C"'
    }


KEY, GIVEN = "instruction.1.code.until", {"moment": "today"}


def test_a_text_takes_the_values_that_it_has_places_for_and_no_others():
    assert text("en", KEY, **GIVEN) == "until today, then destroyed"
    assert text("en", KEY, moment="{moment}") == "until {moment}, then destroyed"
    for values in ({}, {**GIVEN, "further": 1}, {"other": 1}):
        with pytest.raises(ValueError):
            text("en", KEY, **values)
    with pytest.raises(ValueError):
        text("en", "certificate.title", moment="today")
    assert places(catalogue("en")[KEY]) == {"moment"}


@pytest.mark.parametrize(
    "asked",
    [
        lambda: text("en", "certificate.tittle"),
        lambda: text("en", ""),
        lambda: text("EN", "certificate.title"),
        lambda: text("../texts/en", "certificate.title"),
        lambda: section("en", "certificate.sentences"),
        lambda: section("en", "certificate.title"),
        lambda: section("en", "cert"),
        lambda: section("xx", "certificate"),
    ],
)
def test_what_is_not_there_is_no_text(asked):
    with pytest.raises(KeyError):
        asked()


def test_a_section_is_what_stands_below_a_name_and_cannot_be_changed():
    assert section("fr", "certificate.disk")["hdd"] == text("fr", "certificate.disk.hdd")
    with pytest.raises(TypeError):
        section("fr", "certificate.disk")["hdd"] = "x"
    with pytest.raises(TypeError):
        catalogue("fr")["certificate.title"] = "x"


WORDING_1 = {
    "fr": "5e7f28edc9139862d4b019d5c235a4f7ec38217a7aeed725787abd24a5cfb800",
    "nl": "6d8dee9685950f9d7f7912a1caccd16c7f7a8cc5f5a4e00002cd9fe22b33bfba",
    "de": "25071ec3e8a07e32a5c482612c9e34c5009729411e79a2c1e69f84ec8bb04e3a",
    "en": "72c90592954d6c0befe39359de283a4799fe1968a5b239aee1f04995c23bf7d5",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_wording_1_of_instructions_never_changes(language):
    """Doctors signed the digest of these words: an instruction whose text reads otherwise is refused."""
    told = "\n".join(f"{name}\t{words}" for name, words in section(language, "instruction.1").items())
    assert sha256(told.encode()).hexdigest() == WORDING_1[language]


def test_the_catalogues_travel_with_the_program(tmp_path):
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "there")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'there')!r})\n"
        "from schemas import texts\n"
        "print(texts.__file__, *(len(texts.catalogue(name)) for name in texts.LANGUAGES))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    place, *counts = done.stdout.split()
    assert Path(place).is_relative_to(tmp_path)
    assert counts == [str(len(catalogue("fr")))] * len(LANGUAGES)


def test_reading_them_loads_nothing_that_takes_time():
    program = "import sys\nbefore = set(sys.modules)\nimport schemas.texts\nprint(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"babel", "gettext", "locale", "importlib.resources"} & set(done.stdout.split())
    assert texts.__name__ in done.stdout
