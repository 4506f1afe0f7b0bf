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
from vault.destruction.destroy import Evidence
from vault.home.create import create_home
from vault.home_folder import Home
from vault.instruction.fields import ROLES
from vault.keys.provider import KeyState
from vault.keys.registry import provider
from vault.proof import _certificate_content as certificate_content
from vault.proof import certificate
from vault.proof._certificate_content import build_content
from vault.proof.certificate import _page, build_certificate, layout
from vault.proof.statements import LISTED, destruction_predicate, inventory_file
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
    evidence = Evidence(2, 12, 3, KeyState.ABSENT.value, Verification(True, True, True, True))
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
        **changes,
    }


def authorised(signature: str, *roles: str) -> dict[str, Any]:
    return {
        "id": "0123abcd",
        "checkedAt": "2026-01-02T03:04:05Z",
        "signature": signature,
        "signedAs": list(roles),
    }


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
    return [*made, *ended_certificates()]


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
        page = _page(build_content(told, language)).decode()
        seen += (
            text := unescape(re.sub(r"<style>.*?</style>|<svg.*?</svg>|<[^>]+>", " ", page, flags=re.DOTALL))
        )
        assert not re.search(r"\b[a-z]+_[a-z_]+\b|special-category|-fs\b|undefined", text), text
    for name, told in section(language, "certificate").items():
        assert told[1:] in seen, name  # some begin a sentence


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
        certificate_content, "text", lambda language, key: asked.add(key) or told(language, key)
    )
    for facts_of_one in every_certificate():
        build_content(facts_of_one, "nl")
    assert asked == {f"certificate.{name}" for name in section("nl", "certificate")}


@pytest.mark.parametrize("changed", LANGUAGES)
def test_another_text_in_any_language_is_another_layout(monkeypatch, changed):
    def other(language, name):
        told = section(language, name)
        return {**told, "title": told["title"] + "."} if language == changed else told

    before = layout.__wrapped__()
    assert before == layout()
    monkeypatch.setattr(certificate, "section", other)
    assert layout.__wrapped__() != before


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
    failed = Evidence(2, 12, 3, "absent", Verification(True, True, False, True))
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
    many = [StagedFile(f"p{n}", 1, "ab" * 32) for n in range(LISTED + 3)]
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
