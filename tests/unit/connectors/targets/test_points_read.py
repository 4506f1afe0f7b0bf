"""Points of the work list, sentence by sentence, as a doctor reads them in French and in Dutch."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from delivering import compose, read

from connectors.base import SourceFile
from trial.practice.write import write_practice

CASES = Path(__file__).parents[3] / "vectors" / "cases"

NESTED = "De oude software plaatste dit binnen een ander element of buiten elk contact; het formaat laat dat niet toe."


def points(data: bytes, language: str):
    data = re.sub(rb"<usuallanguage>[^<]*</usuallanguage>", b"", data)
    source = read(SourceFile(1, len(data), lambda: io.BytesIO(data)))
    return [
        draft
        for patient in source.patients
        for draft in compose(source, patient, language=language).sheet.drafts
    ]


def of_case(name: str, language: str):
    return points((CASES / name).read_bytes(), language)


@pytest.mark.parametrize(
    ("name", "language", "what", "why", "content"),
    [
        ("C11-author-firstname-missing.xml", "fr", "Note\xa0: 3 février 2020",
         "Prestataire «\xa0Hartman\xa0»\xa0: il manque «\xa0prénom\xa0», que le format exige.",
         "auteur\xa0: médecin (persphysician) Hartman (n° INAMI 18888888001)"),
        ("C3-address-zip-city-only.xml", "nl", "Patiëntgegeven: adres", "Adres “4000 Liège”: “land” ontbreekt, en het formaat vereist dat.",
         "adres: thuis (home), 4000 Liège"),
        ("L3-confidential-folder.xml", "fr", "Confidentialité", "Marqué confidentiel.",
         "confidentialité\xa0: médecin (persphysician) Alice Testdokter (n° INAMI 19999054004)"),
        ("N14-heading-in-item.xml", "nl", "Rubriek: plan", NESTED, "revoir dans six semaines"),
        ("N9-folder-unknown-child-no-patient.xml", "fr", "Champ «\xa0demographics\xa0»",
         "Valeur «\xa0X\xa0» du champ «\xa0demographics\xa0»\xa0: le format n’a pas de champ pour cela ici.", "demographics\xa0: nom X"),
    ],
)  # fmt: skip
def test_a_point_reads_at_once(name, language, what, why, content):
    said = [
        tuple(re.sub(r"(?<=\S)\xa0|\xa0(?=\S)", " ", one) for one in (d.what, d.why, d.content))
        for d in of_case(name, language)
    ]
    assert tuple(one.replace("\xa0", " ") for one in (what, why, content)) in said


def spoiled(tmp_path: Path, pattern: str, by: str) -> bytes:
    write_practice(tmp_path, patients=8)
    return re.sub(pattern, by, (tmp_path / "export-0001.xml").read_text(encoding="utf-8")).encode()


def test_a_measure_is_named_by_what_is_measured(tmp_path):
    data = spoiled(tmp_path, r"<decimal>(\d+)\.(\d+)</decimal>", r"<decimal>about \1.\2</decimal>")
    said = {draft.what for draft in points(data, "nl")}
    assert said >= {"Meting: lengte", "Meting: gewicht"}
    places = " ".join(draft.place for draft in points(data, "nl"))
    assert "rubriek “klinisch onderzoek” › meting “lengte”" in places


def test_a_code_of_the_old_software_is_called_so(tmp_path):
    data = spoiled(
        tmp_path, r"(<route>)<cd[^>]*>[^<]*</cd>", r'\1<cd S="LOCAL" SV="1" SL="WAY">by mouth</cd>'
    )
    said = {draft.why.replace("\xa0", " ") for draft in points(data, "fr")}
    assert (
        "Voie d’administration « by mouth » : c’est un code propre à l’ancien logiciel ; le format n’admet ici que ceux des"
        " listes nationales." in said
    )


def test_a_link_shows_its_target_and_no_path(tmp_path):
    data = spoiled(
        tmp_path,
        r"<isrelevant>",
        r'<lnk TYPE="isaservicefor" URL="//item[id[@SL=&quot;MF-ID&quot; and .=&quot;gone&quot;]]"/><isrelevant>',
    )
    told = [draft for draft in points(data, "fr") if draft.reason == "dangling_link"]
    assert told
    assert all("gone" in draft.content and "//" not in draft.content for draft in told)


def test_the_first_of_a_month_is_written_as_the_french_do():
    assert "1er janvier 2026" in " ".join(
        draft.place
        for draft in points(
            (CASES / "A7-med-without-cnk.xml").read_bytes().replace(b"2020-02-03", b"2026-01-01"), "fr"
        )
    )
