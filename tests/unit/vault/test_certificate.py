"""The certificate on page and paper: the same words, in four languages, for every code it can hold."""

from __future__ import annotations

import hashlib
import re
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from schemas import texts
from schemas.disposition import Disposition
from schemas.errors import HomeError, VerificationFailedError
from schemas.outcome import Cause
from schemas.texts import LANGUAGES, section
from schemas.writing import typeset
from vault.destruction.destroy import DestructionEvidence
from vault.home.create import create_home
from vault.home_folder import Home
from vault.instruction.document import Controller
from vault.instruction.fields import KINDS, ROLES
from vault.keys.provider import KeyState
from vault.keys.registry import provider
from vault.proof import _certificate_content as certificate_content
from vault.proof import certificate
from vault.proof._certificate_content import build_content
from vault.proof.certificate import _page, build_certificate, build_pages, layout
from vault.proof.names import Names
from vault.proof.statements import MAX_LISTED_FILES, destruction_predicate, inventory_file
from vault.runs.facts import StagedFile, Verification
from vault.site import EXCEPTIONS
from vault.system.mounts import DECLARABLE, Media, backed_up, describe_media, filesystem_type
from vault.system.program import ROOMS, describe_tool, source_digest

ROOT = Path(__file__).resolve().parents[3]
LEFTOVER = "remote_leftover_not_reachable"  # flows.lifecycle.retract
FILES = [StagedFile("p0", 7, "ab" * 32), StagedFile("p1", 5, "cd" * 32)]


def destruction(media: Media, fs_type: str, **changes: Any) -> dict[str, Any]:
    given = {
        "media": describe_media(fs_type, media),
        "backed_up": backed_up(media),
        "strength": {"provider": "keyring", "processes": 3},
        "tool": describe_tool(),
        "role": "operator",
        "at": "2026-01-02T03:04:05Z",
        "cause": "published",
        "exceptions": (),
        **changes,
    }
    evidence = DestructionEvidence(2, 12, 3, KeyState.ABSENT.value, Verification(True, True, True, True))
    return destruction_predicate(evidence, inventory_file(FILES), **given)


def facts(told: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "trial": True,
        "run": "11111111-2222-3333-4444-555555555555",
        "use": "migration",
        "outcome": "x",
        "came": {"files": 1, "patients": 2, "bytes": 1234567, "units": 4},
        "dispositions": {"delivered": 4, "degraded": 0},
        "findings": 3,
        "authorisation": authorised("cades", "controller"),
        "destruction": told,
        "fate": {
            "source": {"holder": "doctor", "until": None, "evidence": "stated", "end": None},
            "package": {"holder": "operator", "until": "2027-01-01T00:00:00Z", "end": None},
            "staging": "key_destroyed_files_unlinked",
        },
        "import_state": "delivered_not_confirmed",
        "profile": "p",
        "channels": ["folder", "time_stamp", "witness"],
        "head": {"origin": "x.example/log", "size": 9, "root": "r" * 43 + "="},
        "stamp": {"at": "2026-01-02T04:00:00Z"},
        "programs": {"verify.html": "ab" * 32, "verify.py": "cd" * 32},
        "persons": {"source": 2, "charts": 2, "joined": 0},
        "scope": {"kinds": sorted(KINDS), "patients": {"mode": "all"}},
        **changes,
    }


def authorised(signature: str, *roles: str) -> dict[str, Any]:
    return {
        "id": "0123abcd",
        "checkedAt": "2026-01-02T03:04:05Z",
        "signature": signature,
        "signedAs": list(roles),
    }


NAMES = Names(
    (
        Controller("controller", "11234578004", "Dr Bob Specimen"),
        Controller("mandated", "11234578", "Ann Example"),
    ),
    "Epicurus",
    "Medinect",
    "Reprise SRL",
    "Reprise SRL, 1000 Bruxelles, 02 000 00 00",
)
BARE = Names(NAMES.controllers[:1], "", "Medinect", "Reprise SRL", "")


def every_certificate() -> list[dict[str, Any]]:
    """Between them they hold every code that a certificate can hold."""
    causes = tuple(Cause)
    media = [
        Media(d, lk, b)
        for d in DECLARABLE["disk"]
        for lk in DECLARABLE["luks"]
        for b in DECLARABLE["host_backups"]
    ]
    systems = ("ext4", "nfs4", "tmpfs", "unknown")
    uses = ("inventory", "rehearsal", "migration", "delta")
    made = []
    for number in range(27):
        told = destruction(
            media[number],
            systems[number % 4],
            cause=causes[number % len(causes)],
            exceptions=EXCEPTIONS[: number % 3],
            role=("operator", "sweep")[number % 2],
            strength={"provider": ("keyring", "memory")[number % 2]},
        )
        told["validation"]["exceptions"] += [LEFTOVER] * (number == 1)
        bare = {"channels": [], "stamp": None, "import_state": "nothing_delivered", "dispositions": {}}
        signed = authorised(("cades", "pades", "handwritten")[number % 3], ROLES[number % len(ROLES)])
        made.append(facts(told, use=uses[number % 4], authorisation=signed, **(bare if number % 2 else {})))
    return [*made, *ended_certificates(), *of_people()]


def of_people() -> list[dict[str, Any]]:
    """Every answer about patients, points, scope and the export's place."""
    plain = destruction(Media("ssd", "yes", "none"), "ext4")
    held = facts(plain)["fate"]
    by_operator = {**held, "source": {"holder": "operator", "until": None, "evidence": "stated", "end": None}}
    since = {"kinds": ["lab_results"], "patients": {"mode": "seen_since", "since": "2020-01-31"}}
    changes: list[dict[str, Any]] = [
        {"persons": {"source": 2, "charts": 1, "joined": 1}, "findings": 0},
        {"persons": {"source": 2, "charts": 1, "joined": 0}, "fate": by_operator},
        {"persons": None, "scope": since},
        {"scope": {"kinds": [], "patients": {"mode": "list"}}, "import_state": "nothing_delivered"},
    ]
    return [facts(plain, **change) for change in changes]


def ended_certificates() -> list[dict[str, Any]]:
    """Every way in which copies end, a package fares and an instruction is signed."""
    plain = destruction(Media("ssd", "yes", "none"), "ext4")
    fate = facts(plain)["fate"]
    base = {"at": "2026-01-03T00:00:00Z", "complete": True, "files": 1, "bytes": 2, "exceptions": []}
    ends = [
        {**base, "evidence": "unlinked_overwritten", "exceptions": ["not_found", "other_names_remain"]},
        {**base, "evidence": "unlinked_sealed"},
        {**base, "evidence": "unlinked_sealed", "complete": False},
        {**base, "evidence": "deleted_at_server"},
    ]
    made = [facts(plain, fate={**fate, "package": {**fate["package"], "end": end}}) for end in ends]
    made.append(facts(plain, fate={**fate, "source": {**fate["source"], "evidence": "encrypted_always"}}))
    for channel, state in (("sftp", "opened"), ("s3", "imported"), ("folder", "accepted")):
        made.append(facts(plain, channels=[channel], import_state=state))
    nothing_opened = {**plain, "positiveControl": {"segmentsOpenedBefore": 0}}
    return [*made, facts(nothing_opened, dispositions=dict.fromkeys(Disposition, 1))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_words(language):
    """No code, English or other, reaches a page; and no text is there that no certificate can hold."""
    seen = ""
    for told in every_certificate():
        for names in (None, NAMES, BARE):
            page = _page(build_content(told, language, names)).decode()
            labels = " ".join(re.findall(r'aria-label="([^"]*)"', page))
            text = re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]+>", " ", page, flags=re.DOTALL)
            seen += unescape(text + labels)
            assert not re.search(r"\b[a-z]+_[a-z_]+\b|special-category|-fs\b|undefined", text), text
    for name, told in section(language, "certificate").items():
        for part in re.split(r"\{[a-z]+\}", typeset(language, told)):
            assert part[1:] in seen, name  # some begin a sentence


def test_a_certificate_says_how_many_processes_held_the_key_if_the_run_recorded_it():
    row = ("Most processes that held the key at the same time", "3")
    for strength, said in (({"processes": 3}, True), ({}, False)):  # an earlier release recorded none
        told = facts(destruction(Media(), "ext4", strength={"provider": "keyring", **strength}))
        rows = [
            row for part in build_content(told, "en").sections for block in part.blocks for row in block.rows
        ]
        assert (row in rows) is said
        assert len(dict(rows)) >= 10


def test_every_text_is_asked_for_by_some_certificate(monkeypatch):
    asked = set[str]()
    told = texts.text
    monkeypatch.setattr(
        certificate_content,
        "text",
        lambda language, key, **values: asked.add(key) or told(language, key, **values),
    )
    for facts_of_one in every_certificate():
        for names in (None, NAMES, BARE):
            build_content(facts_of_one, "nl", names)
    assert asked == {f"certificate.{name}" for name in section("nl", "certificate")}


@pytest.mark.parametrize("under", ["certificate", "point.month"])
@pytest.mark.parametrize("changed", LANGUAGES)
def test_another_text_in_any_language_is_another_layout(monkeypatch, changed, under):
    def other(language, name):
        told = section(language, name)
        first = next(iter(told))
        return {**told, first: told[first] + "."} if (language, name) == (changed, under) else told

    before = layout.__wrapped__()
    assert before == layout()
    monkeypatch.setattr(certificate, "section", other)
    assert layout.__wrapped__() != before


FIRST_PAGE = {
    "fr": {
        "Qui l’a autorisé ?": "signature électronique. Instruction n° 0123abcd, vérifiée le 2 janvier 2026 à 4 h 04",
        "Qu’est-ce qui a été traité ?": "avis d’hôpitaux ; patients : tous.",
        "Où se trouve chaque copie ?": "Copie de travail : détruite",
        "Qu’est-ce qui prouve la destruction ?": "ont été détruits le 2 janvier 2026 à 4 h 04",
        "Qu’est-ce qui n’est pas affirmé ?": "Qu’il n’existe aucune autre copie.",
        "Tous les patients sont-ils là ?": "Oui. Patients dans l’export : 2 ; dossiers remis : 2.",
        "Que dois-je vérifier ?": "Points à vérifier : 3.",
        "Qui fait quoi maintenant ?": "Le cabinet ouvre le paquet",
    },
    "nl": {
        "Wie gaf de machtiging?": "elektronische handtekening. Opdracht nr. 0123abcd, gecontroleerd op 2 januari 2026",
        "Wat is verwerkt?": "berichten van ziekenhuizen; patiënten: alle.",
        "Waar is elke kopie?": "Werkkopie: vernietigd",
        "Wat bewijst de vernietiging?": "zijn vernietigd op 2 januari 2026 om 4.04 uur",
        "Wat wordt niet beweerd?": "Dat er geen andere kopie bestaat.",
        "Zijn alle patiënten er?": "Ja. Patiënten in de export: 2; geleverde dossiers: 2.",
        "Wat moet ik nakijken?": "Na te kijken punten: 3.",
        "Wie doet nu wat?": "De praktijk opent het pakket",
    },
    "de": {
        "Wer hat es erlaubt?": "elektronische Signatur. Anweisung Nr. 0123abcd, geprüft am 2. Januar 2026, 04:04 Uhr",
        "Was wurde verarbeitet?": "Krankenhausmitteilungen; Patienten: alle.",
        "Wo ist jede Kopie?": "Arbeitskopie: vernichtet",
        "Was beweist die Vernichtung?": "wurden am 2. Januar 2026, 04:04 Uhr vernichtet",
        "Was wird nicht behauptet?": "Dass es keine andere Kopie gibt.",
        "Sind alle Patienten da?": "Ja. Patienten im Export: 2; übergebene Akten: 2.",
        "Was muss ich prüfen?": "Zu prüfende Punkte: 3.",
        "Wer tut jetzt was?": "Die Praxis öffnet das Paket",
    },
    "en": {
        "Who authorised it?": "electronic signature. Instruction no. 0123abcd, checked on 2 January 2026, 04:04",
        "What was processed?": "hospital notices; patients: all.",
        "Where is each copy now?": "Working copy: destroyed",
        "What proves the destruction?": "were destroyed on 2 January 2026, 04:04.",
        "What is not claimed?": "That no other copy exists.",
        "Is every patient there?": "Yes. Patients in the export: 2; charts delivered: 2.",
        "What must I check?": "Items to check: 3.",
        "Who does what next?": "The practice opens the package",
    },
}
FULL = {
    "source": {
        "holder": "operator",
        "until": None,
        "evidence": "stated",
        "end": {"at": "2026-01-03T00:00:00Z", "complete": True, "files": 1, "bytes": 2, "exceptions": ["not_found"],
                "evidence": "unlinked_overwritten"},
    },
    "package": {"holder": "operator", "until": "2027-01-01T00:00:00Z", "end": None},
    "staging": "key_destroyed_files_unlinked",
}  # fmt: skip


def first_page(pdf: bytes, folder: Path) -> str:
    """The first page's text as another program reads it, on one line."""
    (folder / "paper.pdf").write_bytes(pdf)
    line = ["pdftotext", "-l", "1", folder / "paper.pdf", "-"]
    told = subprocess.run(line, capture_output=True, check=True).stdout.decode()
    return re.sub(r" (?=[;:?])", "", " ".join(told.split()))


@pytest.mark.parametrize("names", [None, NAMES], ids=["without names", "with names"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_page_answers_the_doctor_and_the_officer(language, names, tmp_path):
    """Who authorised it, what was processed, where is each copy, what proves destruction, what is not claimed."""
    told = facts(destruction(Media("ssd", "yes", "none"), "ext4"), fate=FULL)
    page = first_page(build_pages({**told, "language": language}, names)["certificate.pdf"], tmp_path)
    for question, answer in FIRST_PAGE[language].items():
        asked, said = (re.sub(r" (?=[;:?])", "", part) for part in (question, answer))
        assert asked in page
        assert said in page, page
    last = list(FIRST_PAGE[language])[4]
    assert page.rindex(re.sub(r" (?=[;:?])", "", last)) > page.index("0123abcd"), "the last question, too"
    assert told["run"] in page
    assert ("Dr Bob Specimen" in page) is (names is not None)
    assert "1-12345-78-004" in page or names is None


def test_an_export_read_in_clear_is_told_as_such():
    told = facts(destruction(Media(), "ext4"))
    assert "the operator read it unencrypted" in str(build_content(told, "en"))
    sealed = {**told["destruction"], "source": {"evidence": "sealed-intake", "clearSeen": False}}
    assert "the operator read it unencrypted" not in str(build_content({**told, "destruction": sealed}, "en"))
    assert "as the instruction says, with the doctor" in str(build_content(told, "en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_paper_is_tagged_and_says_what_it_is(language, tmp_path):
    told = facts(destruction(Media(), "ext4"))
    (tmp_path / "c.pdf").write_bytes(build_certificate({**told, "language": language})["certificate.pdf"])
    info = subprocess.run(
        ["pdfinfo", "-isodates", tmp_path / "c.pdf"], capture_output=True, check=True
    ).stdout.decode()
    title = section(language, "certificate")["title"]
    for name, value in (
        ("Title", title),
        ("Tagged", "yes"),
        ("CreationDate", "2026-01-02T03:04:05Z"),
        ("ModDate", "2026-01-02T04:00:00Z"),
    ):
        assert re.search(rf"^{name}: +{re.escape(value)}$", info, re.MULTILINE), info
    assert f"/Lang ({language})".encode() in (tmp_path / "c.pdf").read_bytes()
    pages = int(re.search(r"^Pages: +(\d+)$", info, re.MULTILINE)[1])
    for page in range(1, pages + 1):
        line = ["pdftotext", "-f", str(page), "-l", str(page), tmp_path / "c.pdf", "-"]
        text = subprocess.run(line, capture_output=True, check=True).stdout.decode()
        assert told["run"] in text
        assert f"{page}/{pages}" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_paper_and_page_say_the_same(language, tmp_path):
    told = facts(destruction(Media("ssd", "yes", "none"), "ext4", exceptions=("swap_on",)))
    made = build_certificate({**told, "language": language})
    assert made == build_certificate({**told, "language": language}), "the same facts give the same bytes"
    (tmp_path / "c.pdf").write_bytes(made["certificate.pdf"])
    paper = subprocess.run(["pdftotext", "-layout", tmp_path / "c.pdf", "-"], capture_output=True, check=True)
    words = set(re.findall(r"\w{4,}", re.sub(r"-\n\s*", "-", paper.stdout.decode())))
    page = unescape(
        re.sub(
            r"<title>.*?</title>|<style>.*?</style>|<svg.*?</svg>|<[^>]+>",
            " ",
            made["certificate.html"].decode(),
            flags=re.DOTALL,
        )
    )
    missing = set(re.findall(r"\w{4,}", page)) - words
    assert len(missing) <= 3, missing  # words broken at the end of a line
    assert told["head"]["root"] in paper.stdout.decode()


def test_the_statement_has_the_fields_of_the_form():
    """NIST SP 800-88, certificate of sanitization: media, category, backup, inventory, method, technique, tool,
    verification, and apart from it validation."""
    told = destruction(Media("hdd", "no", "yes"), "nfs4", exceptions=("swap_on",))
    assert told["media"] == {
        "type": "logical/file-set",
        "location": "network-fs",
        "fsType": "nfs4",
        "underlying": {"basis": "declared-by-site", "disk": "hdd", "luks": "no"},
    }
    assert (told["dataBackedUp"], told["method"], told["technique"]) == (
        "yes",
        "purge",
        "cryptographic-erase",
    )
    assert told["validation"] == {
        "by": "operator",
        "at": "2026-01-02T03:04:05Z",
        "result": "effective-with-exceptions",
        "exceptions": ["swap_on"],
    }
    assert "exceptions" not in told
    assert destruction(Media(), "ext4")["validation"]["result"] == "effective"
    digest = hashlib.sha256(inventory_file(FILES)).hexdigest()
    assert told["inventory"] == {"file": "inventory.json", "sha256": digest, "files": 2, "bytes": 12}
    failed = DestructionEvidence(2, 12, 3, "absent", Verification(True, True, False, True))
    with pytest.raises(VerificationFailedError):
        destruction_predicate(
            failed,
            b"",
            media={},
            backed_up="no",
            strength={},
            tool={},
            role="",
            at="",
            cause="",
            exceptions=(),
        )


def test_an_inventory_beyond_its_limit_still_binds_the_rest():
    many = [StagedFile(f"p{n}", 1, "ab" * 32) for n in range(MAX_LISTED_FILES + 3)]
    made = inventory_file(many)
    assert b'"left_out":{"bytes":3,"files":3,"sha256":"' in made
    assert len(made) < 8 << 20
    assert made != inventory_file([*many[:-1], StagedFile("q", 1, "ab" * 32)])


def test_the_source_digest_is_the_one_that_coreutils_give():
    line = f"find {' '.join(ROOMS)} -name '*.py' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    done = subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, text=True, check=True)
    assert source_digest() == done.stdout.split()[0]


MOUNTS = """21 1 0:20 / / rw - ext4 /dev/a rw
22 21 0:21 / /srv/with\\040blank rw,nosuid shared:1 - xfs /dev/b rw
23 21 0:22 / /srv rw - btrfs /dev/c rw
24 21 0:23 / /srv rw - fuse.sshfs x rw
not a mount
"""


def test_the_file_system_under_a_folder():
    for folder, expected in (
        ("/x", "ext4"),
        ("/srv/with blank/a", "xfs"),
        ("/srv/y", "fuse.sshfs"),
        ("/srvx", "ext4"),
    ):
        assert filesystem_type(Path(folder), MOUNTS) == expected
    assert filesystem_type(Path("/x"), "") == "unknown"
    assert filesystem_type(Path("/x"), "1 1 0:1 / / rw - Ä\\040x y rw\n") == "unknown"
    seen = subprocess.run(
        ["findmnt", "-n", "-o", "FSTYPE", "-T", "/"], capture_output=True, text=True, check=True
    )
    assert filesystem_type(Path("/")) == seen.stdout.strip()


@pytest.mark.parametrize(
    "line",
    [
        '[media]\ndisk = "cloud"',
        '[media]\ncolour = "red"',
        'declared_exceptions = ["whatever"]',
        "sweep_every_minute = 1",
    ],
)
def test_a_site_declares_enumeration_values_only(tmp_path, line):
    create_home(Home(tmp_path / "home"), trial=True, origin="x.example/log")
    site = tmp_path / "home/site.toml"
    before = site.read_text()
    site.write_text(before + line + "\n")
    with pytest.raises(HomeError, match="site_setting_unknown"):
        _ = Home(tmp_path / "home").site
    site.write_text(before + '[media]\ndisk = "ssd"\nhost_backups = "none"\n')
    assert Home(tmp_path / "home").site.media == Media("ssd", "unknown", "none")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "trial = ",
        "\ufffd",
        "origin = 'x'",
        "trial = 'yes'\norigin = 'x'",
        "trial = true\norigin = 'x'\nsweep_every_minutes = '5'",
        "trial = true\norigin = 'x'\nhandwritten = 1",
        "trial = true\norigin = 'x'\nlimits = 5",
        "trial = true\norigin = 'x'\nworkers = 0",
        "trial = true\norigin = 'x'\ndocument_paths = '{number}'",
        "trial = true\norigin = 'x'\nworkers = 17",
        "trial = true\norigin = 'x'\ndeclared_exceptions = 5",
    ],
)
def test_settings_that_cannot_be_read_are_refused_by_a_code(tmp_path, text):
    create_home(Home(tmp_path / "home"), trial=True, origin="x.example/log")
    (tmp_path / "home/site.toml").write_text(text)
    with pytest.raises(HomeError, match="site_malformed"):
        _ = Home(tmp_path / "home").site


def test_every_provider_has_its_words():
    for name in ("keyring", "memory"):
        assert provider(name).name == name
        assert all(name in section(language, "certificate.key") for language in LANGUAGES)
