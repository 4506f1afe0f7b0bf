"""A laboratory message in a chart gives results only where it names nobody else, and each result once.

Writer and counter conclude this apart from each other: every test holds what is delivered against what was counted.
"""

from __future__ import annotations

import io
import json
from base64 import b64encode
from collections import Counter
from xml.sax.saxutils import escape

import pytest
from delivering import read, write
from hypothesis import given, settings
from hypothesis import strategies as st
from support.series import sample

from connectors.base import SourceFile

HEAD = (
    '<kmehrmessage xmlns="http://www.ehealth.fgov.be/standards/kmehr/schema/v1"><header><sender><hcparty>'
    '<id S="ID-HCPARTY" SV="1.0">19999054004</id><cd S="CD-HCPARTY" SV="1.6">persphysician</cd></hcparty></sender></header>'
)
NUMBER, OTHER = "63061614957", "92020210238"


def patient(
    first: str = "Jeroen", family: str = "De Smet", birth: str = "<date>1963-06-16</date>", sex: str = "male",
    number: str = NUMBER,
) -> str:  # fmt: skip
    return (
        f'<patient><id S="ID-PATIENT" SV="1.0">{number}</id><firstname>{first}</firstname><familyname>{family}</familyname>'
        f'<birthdate>{birth}</birthdate><sex><cd S="CD-SEX" SV="1.1">{sex}</cd></sex></patient>'
    )


def lab(a2: str = "DESMET\\JEROEN\\M\\16061963\\", value: str = "131", end: str = "\r\n") -> str:
    lines = [
        "A1\\7\\LAB\\",
        f"A2\\7\\{a2}",
        "A4\\7\\Dr\\05032020\\0830\\C\\",
        f"L1\\7\\GLU\\Glucose\\\\\\\\{value}\\",
        "END",
    ]
    return end.join(lines) + end


def lnk(text: str) -> str:
    return f'<lnk TYPE="multimedia" MEDIATYPE="text/plain">{b64encode(text.encode()).decode()}</lnk>'


def transaction(*body: str, kind: str = "labresult") -> str:
    return (
        f'<transaction><id S="ID-KMEHR" SV="1.0">1</id><cd S="CD-TRANSACTION" SV="1.5">{kind}</cd><date>2020-03-05</date>'
        f"<time>08:30:00</time>{''.join(body)}</transaction>"
    )


def carry(*parts: str) -> tuple[int, list[str]]:
    """How many results were made in the folder of these parts, and the reasons on the work list; the books balance."""
    content = (
        f"{HEAD}<folder><id S='ID-KMEHR' SV='1.0'>1</id>{''.join(parts)}</folder></kmehrmessage>".encode()
    )
    source = read(SourceFile(1, len(content), lambda: io.BytesIO(content)))
    assert not source.rejects
    outcome, delivered, _ = write(source, 1)
    assert not delivered.problems
    assert Counter(unit.digest for unit in delivered.units) == Counter(
        r["digest"] for r in source.counted.values()
    )
    assert Counter(each.unit for each in outcome.outcomes) == Counter(source.counted.keys())
    return sum(unit.derived for unit in delivered.units), [
        f.reason for f in outcome.findings if f.danger == "identity"
    ]


FOREIGN = (0, ["message_of_another"])


@pytest.mark.parametrize(
    "a2",
    [
        "DESMET\\JEROEN\\M\\16061963\\", "De  Smet\\Jeroen\\\\\\", "\\\\\\\\", "de smet\\\\M\\16061963\\",
        "DE SMET JEROEN\\\\M\\16061963\\", "JEROEN DE SMET\\\\M\\\\", "DESMET\\JEROEN\\M\\160663\\",
        "DESMET\\JEROEN\\M\\01011900\\", f"DESMET\\JEROEN\\M\\16061963\\{NUMBER}", "DESMET\\JEROEN\\X\\31022000x\\",
        "-\\-\\M\\16061963\\",
    ],
)  # fmt: skip
def test_a_message_that_names_nobody_else_gives_its_results(a2):
    assert carry(patient(), transaction(lnk(lab(a2)))) == (1, [])


@pytest.mark.parametrize(
    "a2",
    [
        "ANDERS\\Piet\\M\\01011950\\", "DESMET\\PIET\\M\\16061963\\", "DESMET\\\\F\\16061963\\", "DESMET\\JEROEN\\M\\17061963\\",
        "DESMET\\JEROEN\\M\\160664\\", f"DESMET\\JEROEN\\M\\16061963\\{OTHER}", "DESMET\\JEROEN PIET\\M\\16061963\\",
        f"\\\\\\\\{OTHER}", "SMET\\\\\\\\",
    ],
)  # fmt: skip
@pytest.mark.parametrize("carrier", [lnk, "<text L='fr'>{}</text>".format])
def test_a_message_of_somebody_else_gives_none_and_is_on_the_work_list(carrier, a2):
    assert carry(patient(), transaction(carrier(lab(a2)))) == FOREIGN


def test_a_birth_is_compared_on_what_is_stated():
    for birth, made in (
        ("<year>1963</year>", True),
        ("<yearmonth>1963-06</yearmonth>", True),
        ("<year>1970</year>", False),
    ):
        assert carry(patient(birth=birth), transaction(lnk(lab()))) == ((1, []) if made else FOREIGN)


def test_the_patient_counts_wherever_the_folder_states_him():
    message = transaction(lnk(lab("ANDERS\\Piet\\M\\01011950\\")))
    assert carry(message, patient()) == FOREIGN
    assert carry(message) == (1, [])
    assert carry(patient(), patient("Piet", "Anders", "<date>1950-01-01</date>"), message) == FOREIGN


def test_of_several_messages_only_the_foreign_one_gives_none():
    both = lab() + lab("ANDERS\\Piet\\M\\01011950\\")
    assert carry(patient(), transaction(lnk(both))) == (1, ["message_of_another"])


def test_a_message_that_came_before_is_not_derived_twice():
    text = f"<text L='fr'>{lab()}</text>"
    assert carry(patient(), transaction(text, lnk(lab()))) == (1, [])
    assert carry(patient(), transaction(lnk(lab())), transaction(lnk(lab(end="\n")))) == (1, [])
    assert carry(patient(), transaction(lnk(lab() + lab()))) == (1, [])
    assert carry(patient(), transaction(lnk(lab())), transaction(lnk(lab(value="132")))) == (2, [])
    # Records of another kind may lie outside what is authorised: then this message alone is delivered.
    assert carry(patient(), transaction(lnk(lab())), transaction(lnk(lab()), kind="note")) == (2, [])


def made_before(value: str = "131") -> str:
    """An item as an earlier package made it from the message of `lab`."""
    return (
        '<item><id S="ID-KMEHR" SV="1.0">1</id><id S="LOCAL" SV="run-0123456789abcdef" SL="REPRISE-DERIVED">1/1.2#1.4</id>'
        '<cd S="CD-ITEM" SV="1.6">lab</cd><cd S="LOCAL" SV="1.0" SL="HEALTHONE" DN="Glucose">GLU</cd>'
        f"<content><decimal>{value}</decimal></content></item>"
    )


def test_a_result_that_an_earlier_package_made_an_item_of_is_not_derived():
    assert carry(patient(), transaction(made_before(), lnk(lab()))) == (0, [])
    assert carry(patient(), transaction(lnk(lab()), made_before())) == (0, [])
    assert carry(patient(), transaction(made_before()), transaction(lnk(lab()))) == (1, [])
    assert carry(patient(), transaction(made_before("132"), lnk(lab()))) == (1, [])
    other = made_before().replace("REPRISE-DERIVED", "DERIVED")
    assert carry(patient(), transaction(other, lnk(lab()))) == (1, [])


def medidoc(*requests: str) -> str:
    head = ["W841", "LABO", "", "", "", "", "20260202", "1/12345/78/004", "MODELARTS               PIET"]
    return "\n".join([*head, *requests, "#/", ""])


def request(
    name: str = "DE SMET                 JEROEN", number: str = NUMBER, birth: str = "19630616"
) -> str:
    lines = [
        f"#A{number}",
        name,
        birth,
        "Y",
        "20260202",
        "R1",
        "C",
        "#Ra",
        "135110.B",
        "=131",
        "22",
        "+",
        "\\70 - 105",
        "#R/",
        "#A/",
    ]
    return "\n".join(lines)


def medar(name: str = "De Smet\\Jeroen", birth: str = "16/06/1963") -> str:
    records = ["S1R\\K", f"S2{name}", f"S4{birth}\\M", "A102/02/2026", "R1GLU\\glucose\\70-105\\mg/dl\\H 131"]
    return "".join(f"{n:04d}262001234R{record}\r\n" for n, record in enumerate(records)) + "END.\r\n"


@pytest.mark.parametrize("carrier", [lnk, "<text L='fr'>{}</text>".format])
def test_messages_of_the_other_formats_give_results_too(carrier):
    other = request("ANDERS                  PIET", OTHER, "19500101")
    assert carry(patient(), transaction(carrier(medidoc(request())))) == (1, [])
    assert carry(patient(), transaction(carrier(medidoc(request(), other)))) == (1, ["message_of_another"])
    assert carry(patient(), transaction(carrier(medidoc(other)))) == FOREIGN
    assert carry(patient(), transaction(carrier(medar()))) == (1, [])
    assert carry(patient(), transaction(carrier(medar("Anders\\Piet", "01/01/1950")))) == FOREIGN


NAMES = st.sampled_from(
    ["", "De Smet", "DESMET", "d'Hondt", "D’HONDT", "Jeroen", "Müller", "Œuvre", "-", "Jan ʼt", "ÉVE"]
)
BIRTHS = st.sampled_from(
    ["", "<year>1963</year>", "<date>1963-06-16</date>", "<date>1963-06-16T00:00:00</date>", "<text>x</text>"]
)
A2 = st.tuples(
    NAMES, NAMES, st.sampled_from(["", "M", "f", "V", "X"]), st.sampled_from(["", "16061963", "160663", "00000000", "17061963"]),
    st.sampled_from(["", NUMBER, "63.06.16-149.57", OTHER, "63061614958"]),
).map("\\".join)  # fmt: skip
PATIENTS = st.builds(
    patient,
    NAMES,
    NAMES,
    BIRTHS,
    st.sampled_from(["male", "female", "unknown"]),
    st.sampled_from([NUMBER, OTHER, "", "1"]),
)


@settings(deadline=None, max_examples=sample(150, 50))
@given(
    st.lists(PATIENTS, max_size=2),
    st.lists(st.lists(A2.map(lab).map(lnk), max_size=3).map(lambda body: transaction(*body)), max_size=3),
)
def test_writer_and_counter_conclude_alike(patients, transactions):
    carry(*patients, *transactions)


def hl7(name: str = "DE SMET^Jeroen", birth: str = "19630616") -> str:
    segments = [
        "MSH|^~\\&|LIS|LAB|||20200305||ORU^R01|1|P|2.5",
        f"PID|||||{name}||{birth}|M",
        "OBR|1||7|P",
        "OBX|1|NM|GLU^Glucose||131|mg/dl|||||F",
    ]
    return "\n".join([*segments, "OBX|2|ST|K^Kalium||volgt||||||I", ""])


def fhir(name: str = "De Smet", birth: str = "1963-06-16") -> str:
    bp = [{"code": {"text": part}, "valueInteger": 80} for part in ("Systole", "Diastole")]
    resources = [
        {"resourceType": "Patient", "name": [{"family": name, "given": ["Jeroen"]}], "birthDate": birth},
        {"resourceType": "Observation", "status": "final", "code": {"text": "BP"}, "component": bp},
    ]
    return json.dumps(
        {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}, indent=1
    )


@pytest.mark.parametrize("holder", [lnk, lambda text: f"<text>{escape(text)}</text>"])
@pytest.mark.parametrize("write_message", [hl7, fhir])
def test_hl7_and_fhir_in_a_record(write_message, holder):
    own, other = (
        holder(write_message()),
        holder(write_message(birth="2001-02-03".replace("-", "" if write_message is hl7 else "-"))),
    )
    assert carry(patient(), transaction(own)) == (2, [])
    assert carry(patient(), transaction(own), transaction(own)) == (2, [])
    assert carry(patient(), transaction(other)) == FOREIGN
    assert carry(patient(), transaction(holder("MSH|^^|x\n" + write_message()[:60]))) == (0, [])
