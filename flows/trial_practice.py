"""A seeded synthetic practice as a legacy EMR would export it: KMEHR SMF, invented people, no real number."""

from __future__ import annotations

import random
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

NIHII, DOCTOR_INSS = "11234578004", "85073003328"
FILE_PATIENTS = 500
_GIVEN = (
    "Élise",
    "Noé",
    "Zoë",
    "Jürgen",
    "François",
    "Anaïs",
    "Lotte",
    "Thijs",
    "Hélène",
    "Björn",
    "Maëlle",
    "Käthe",
)
_FAMILY = (
    "Dûpré",
    "Van den Bôssche",
    "Lefèvre",
    "Müller",
    "D'Hondt",
    "Peeters-Noël",
    "Grégoire",
    "Janßen",
    "Maës",
)
_TOWNS = (("1000", "Bruxelles"), ("4000", "Liège"), ("9000", "Gent"), ("4700", "Eupen"), ("5000", "Namur"))
_PROBLEMS = (
    ("T90", "E11", "diabète de type 2"),
    ("K86", "I10", "hypertension essentielle"),
    ("R96", "J45", "asthme"),
    ("P76", "F32", "dépression"),
    ("L90", "M17", "gonarthrose"),
    ("K74", "I20", "angor"),
)
_DRUGS = (
    ("A10BA02", "metformine 850 mg", "2 x 1 par jour"),
    ("C09AA05", "ramipril 5 mg", "1 le matin"),
    ("R03AC02", "salbutamol", "au besoin"),
)
_LABS = (
    ("718-7", "Hémoglobine", "g/dl", 12.0, 16.0),
    ("2345-7", "Glucose", "mg/dl", 70.0, 100.0),
    ("2160-0", "Créatinine", "mg/dl", 0.6, 1.2),
    ("2093-3", "Cholestérol", "mg/dl", 100.0, 190.0),
)
_SHAPES = {"ordinary": (6, 3, 12, 3, 20), "attachments": (3, 1, 12, 10, 400), "items": (40, 20, 25, 0, 0)}


@dataclass(frozen=True)
class Shape:
    """Contacts, labs, results a lab, documents, KiB a document: of each patient."""

    contacts: int
    labs: int
    results: int
    documents: int
    kib: int


def write_practice(folder: Path, *, patients: int, seed: int, shape: str = "ordinary") -> int:
    """Write the export as files of up to 500 patients; gives the number of files. The same seed, the same bytes."""
    form = Shape(*_SHAPES.get(shape, _SHAPES["ordinary"]))
    draw = random.Random(seed)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pool = [_pdf(draw, form.kib) for _ in range(8)] if form.documents else []
    files = 0
    for start in range(0, patients, FILE_PATIENTS):
        files += 1
        with open(folder / f"export-{files:04d}.xml", "w", encoding="utf-8") as out:
            out.write(_header())
            out.writelines(
                _folder(draw, number + 1, form, pool)
                for number in range(start, min(patients, start + FILE_PATIENTS))
            )
            out.write("</kmehrmessage>\n")
    return files


def _header() -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kmehrmessage xmlns="http://www.ehealth.fgov.be/standards/kmehr/schema/v1"><header><standard>'
        '<cd S="CD-STANDARD" SV="1.7">20131001</cd><specialisation><cd S="CD-MESSAGE" SV="1.0">gpsoftwaremigration</cd>'
        f'<version>2.0</version></specialisation></standard><id S="ID-KMEHR" SV="1.0">{NIHII}.20260101</id>'
        "<date>2026-01-01</date><time>12:00:00</time><sender>"
        f'<hcparty><id S="ID-HCPARTY" SV="1.0">{NIHII}</id><cd S="CD-HCPARTY" SV="1.6">persphysician</cd>'
        "<firstname>Bob</firstname><familyname>Specimen</familyname></hcparty>"
        '<hcparty><id S="LOCAL" SV="5.2" SL="Epicurus">Epicurus 5.2</id><cd S="CD-HCPARTY" SV="1.6">application</cd>'
        "<name>Epicurus</name></hcparty></sender><recipient><hcparty>"
        '<cd S="CD-HCPARTY" SV="1.6">application</cd><name>gp-software-migration</name></hcparty></recipient></header>\n'
    )


def synthetic_inss(year: int, month: int, day: int, serial: int) -> str:
    """A national number whose check digits hold; invented all the same."""
    digits = f"{year % 100:02d}{month:02d}{day:02d}{serial:03d}"
    base = int(("2" if year >= 2000 else "") + digits)
    return f"{digits}{97 - base % 97:02d}"


def _author() -> str:
    return (
        f'<author><hcparty><id S="ID-HCPARTY" SV="1.0">{NIHII}</id><cd S="CD-HCPARTY" SV="1.6">persphysician</cd>'
        "<firstname>Bob</firstname><familyname>Specimen</familyname></hcparty></author>"
    )


class _Patient:
    """Builds one patient's folder."""

    def __init__(self, draw: random.Random, number: int) -> None:
        self.draw, self.number, self.mark = draw, number, 0

    def ids(self, name: str) -> str:
        self.mark += 1
        return (
            f'<id S="ID-KMEHR" SV="1.0">{self.mark}</id>'
            f'<id S="LOCAL" SV="1.0" SL="MF-ID">{name}-{self.number}-{self.mark}</id>'
        )

    def item(self, kind: str, inside: str) -> str:
        return f'<item>{self.ids(kind[:3])}<cd S="CD-ITEM" SV="1.6">{kind}</cd>{inside}</item>'

    def date(self) -> str:
        return (
            f"{self.draw.randint(2010, 2025)}-{self.draw.randint(1, 12):02d}-{self.draw.randint(1, 28):02d}"
        )

    def transaction(self, kind: str, body: str, date: str, extra: str = "") -> str:
        return (
            f'<transaction>{self.ids("t")}<cd S="CD-TRANSACTION" SV="1.5">{kind}</cd>{extra}<date>{date}</date>'
            f"<time>09:30:00</time>{_author()}<iscomplete>true</iscomplete><isvalidated>true</isvalidated>{body}"
            "</transaction>\n"
        )


def _text(value: str) -> str:
    return f'<text L="fr">{escape(value)}</text>'


def _folder(draw: random.Random, number: int, form: Shape, pool: list[str]) -> str:
    one = _Patient(draw, number)
    parts = [f'<folder><id S="ID-KMEHR" SV="1.0">{number}</id>', _person(one), _summary(one)]
    parts += [_contact(one) for _ in range(form.contacts)]
    parts += [_lab(one, form.results, index) for index in range(form.labs)]
    parts += [_document(one, pool, index) for index in range(form.documents)]
    return "".join([*parts, "</folder>\n"])


def _person(one: _Patient) -> str:
    draw = one.draw
    year, month, day = draw.randint(1930, 2020), draw.randint(1, 12), draw.randint(1, 28)
    female = one.number % 2 == 0
    inss = synthetic_inss(
        year, month, day, (one.number * 2 + (0 if female else 1)) % 996 + (2 if female else 1)
    )
    zipcode, town = draw.choice(_TOWNS)
    return (
        f'<patient><id S="ID-PATIENT" SV="1.0">{inss}</id><id S="INSS" SV="1.0">{inss}</id>'
        f"<firstname>{escape(draw.choice(_GIVEN))}</firstname><familyname>{escape(draw.choice(_FAMILY))}</familyname>"
        f"<birthdate><date>{year}-{month:02d}-{day:02d}</date></birthdate>"
        f'<sex><cd S="CD-SEX" SV="1.0">{"female" if female else "male"}</cd></sex>'
        '<address><cd S="CD-ADDRESS" SV="1.0">home</cd><country><cd S="CD-FED-COUNTRY" SV="1.0">be</cd></country>'
        f"<zip>{zipcode}</zip><city>{town}</city><street>Rue de l'Essai</street>"
        f"<housenumber>{draw.randint(1, 200)}</housenumber></address>"
        '<telecom><cd S="CD-ADDRESS" SV="1.0">home</cd><cd S="CD-TELECOM" SV="1.0">mobile</cd>'
        f"<telecomnumber>0470{draw.randint(100000, 999999)}</telecomnumber></telecom><usuallanguage>fr</usuallanguage></patient>\n"
    )


def _life(one: _Patient, state: str = "active") -> str:
    return (
        f"<beginmoment><date>{one.date()}</date></beginmoment>"
        f'<lifecycle><cd S="CD-LIFECYCLE" SV="1.6">{state}</cd></lifecycle><isrelevant>true</isrelevant>'
    )


def _summary(one: _Patient) -> str:
    draw = one.draw
    icpc, icd, label = draw.choice(_PROBLEMS)
    atc, drug, posology = draw.choice(_DRUGS)
    body = one.item(
        "healthcareelement",
        f"<content>{_text(label)}</content><content>"
        f'<cd S="ICPC" SV="2">{icpc}</cd><cd S="ICD" SV="10">{icd}</cd></content>{_life(one)}',
    )
    body += one.item(
        "medication",
        "<content><medicinalproduct>"
        f'<intendedcd S="CD-DRUG-CNK" SV="2015-01">0029025</intendedcd><intendedname>{drug}</intendedname>'
        f'</medicinalproduct></content><content><cd S="CD-ATC" SV="1.0">{atc}</cd></content>{_life(one)}'
        f"<posology>{_text(posology)}</posology>",
    )
    body += one.item(
        "vaccine",
        '<content><cd S="CD-VACCINEINDICATION" SV="1.0">tetanus</cd></content>'
        + _life(one, "administrated")
        + f"<batch>LOT{draw.randint(100, 999)}</batch>",
    )
    if draw.random() < 0.3:
        state = "canceled" if draw.random() < 0.1 else "active"  # a defect seen in the field
        body += one.item("allergy", f"<content>{_text('pollen de bouleau')}</content>{_life(one, state)}")
    body += one.item(
        "treatment", f"<content>{_text('rappel: contrôle annuel')}</content>{_life(one, 'planned')}"
    )
    body += one.item("careplansubscription", '<content><cd S="CD-CAREPATH" SV="1.1">001</cd></content>')
    return one.transaction("clinicalsummary", body, "2026-01-01")


def _contact(one: _Patient) -> str:
    date = one.date()
    body = one.item("encounterdatetime", f"<content><date>{date}</date><time>09:30:00</time></content>")
    body += one.item("encountertype", '<content><cd S="CD-ENCOUNTER" SV="1.0">consultation</cd></content>')
    body += f'<heading>{one.ids("h")}<cd S="CD-HEADING" SV="1.0">clinical</cd>'
    body += (
        one.item(
            "parameter",
            f'<cd S="CD-PARAMETER" SV="1.0">weight</cd><content><decimal>{one.draw.randint(50, 110)}.5'
            '</decimal><unit><cd S="CD-UNIT" SV="1.3">kg</cd></unit></content>',
        )
        + "</heading>"
    )
    return one.transaction("contactreport", body + _text("suite de consultation"), date)


def _lab(one: _Patient, results: int, index: int) -> str:
    if index % 3 == 2:
        return one.transaction("labresult", _text(_healthone(one, results)), one.date())
    return one.transaction("labresult", "".join(_result(one) for _ in range(results)), one.date())


def _result(one: _Patient) -> str:
    loinc, label, unit, low, high = one.draw.choice(_LABS)
    value = round(one.draw.uniform(low * 0.7, high * 1.3), 1)
    flag = "low" if value < low else "high" if value > high else ""
    severity = f'<severity><cd S="CD-SEVERITY" SV="1.0">{flag}</cd></severity>' if flag else ""
    return one.item(
        "lab",
        f'<cd S="CD-LAB" SV="1.0">{loinc}</cd><content><decimal>{value}</decimal><unit><cd S="CD-UNIT" SV="1.3">'
        f"{unit}</cd></unit><minref><decimal>{low}</decimal></minref><maxref><decimal>{high}</decimal></maxref>"
        f"</content>{_text(label)}{severity}",
    )


def _healthone(one: _Patient, results: int) -> str:
    mark = f"26-{one.number:06d}"
    lines = [
        f"A1\\{mark}\\LABO EXEMPLE\\",
        f"A2\\{mark}\\Essai\\Personne\\F\\18051993\\",
        f"A4\\{mark}\\Dr Specimen\\02022026\\0915\\C\\",
    ]
    for _ in range(results):
        code, label, unit, low, high = one.draw.choice(_LABS)
        value = str(round(one.draw.uniform(low * 0.7, high * 1.3), 1)).replace(".", ",")
        lines.append(f"L1\\{mark}\\{code}\\{label}\\{low} - {high}\\{unit}\\\\{value}\\")
    return "\n".join(lines)


def _document(one: _Patient, pool: list[str], index: int) -> str:
    notice = index == 0
    extra = (
        '<cd S="LOCAL" SV="1.0" SL="LETTER" DN="avis d\'hospitalisation" L="fr">admission</cd>'
        if notice
        else ""
    )
    body = _text("votre patient a été vu ce jour") + (
        f'<lnk TYPE="multimedia" MEDIATYPE="application/pdf">{pool[one.draw.randrange(len(pool))]}</lnk>'
    )
    return one.transaction("note", body, one.date(), extra)


def _pdf(draw: random.Random, kib: int) -> str:
    """A small PDF with a page of text, padded by a comment stream to the wanted size; base64."""
    content = b"BT /F1 12 Tf 72 720 Td (Lettre de specialiste, essai) Tj ET"
    padding = draw.randbytes(kib * 1024)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(padding), padding),
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return b64encode(bytes(out)).decode()
