"""The clinical summary: problems, approaches, allergies, risks, wills, medication, vaccines, plans."""

from __future__ import annotations

from trial.practice.markup import DOCTOR, Draw, cd, content, item, life, link, transaction

PROBLEMS = (
    ("T90", "E11", ("diabète de type 2", "diabetes type 2", "Diabetes Typ 2")),
    ("K86", "I10", ("hypertension essentielle", "essentiële hypertensie", "essentielle Hypertonie")),
    ("R96", "J45", ("asthme", "astma", "Asthma")),
    ("P76", "F32", ("dépression", "depressie", "Depression")),
    ("L90", "M17", ("gonarthrose", "gonartrose", "Kniegelenkarthrose")),
    ("K74", "I20", ("angor", "angina pectoris", "Angina pectoris")),
)
DRUGS = (
    ("1181775", "A10BA02", "metformine 850 mg", ("2 x 1 par jour", "2 x 1 per dag", "2 x 1 täglich")),
    ("0029025", "C09AA05", "ramipril 5 mg", ("1 le matin", "1 's morgens", "1 morgens")),
    ("0051615", "R03AC02", "salbutamol 100 µg", ("au besoin", "zo nodig", "bei Bedarf")),
)
_ALLERGIES = (
    ("A92", ("pollen de bouleau", "berkenpollen", "Birkenpollen")),
    ("A92", ("arachide", "pindanoten", "Erdnuss")),
)
_VACCINES = ("tetanus", "seasonalinfluenza", "hepatitisb", "covid19")
_WILLS = ("ntbr", "bloodtransfusionrefusal", "organdonationconsent")
_RISKS = (
    ("risk", ("tabac", "roken", "Tabak")),
    ("socialrisk", ("isolement", "vereenzaming", "Vereinsamung")),
    ("familyrisk", ("père: infarctus à 45 ans", "vader: infarct op 45", "Vater: Infarkt mit 45")),
    ("professionalrisk", ("amiante", "asbest", "Asbest")),
)


def summary(draw: Draw, problems: int) -> str:
    """Return the clinical summary of a folder."""
    first = draw.mf_id("he")
    parts = [_manager(draw), _contact_person(draw), _problem(draw, first)]
    parts += [_problem(draw, draw.mf_id("he")) for _ in range(problems - 1)]
    parts += [_approach(draw, first), _version(draw, first)]
    parts += [_medication(draw, first) for _ in range(problems)]
    parts += [_magistral(draw), _substance(draw), _vaccine(draw), _treatment(draw), _plan(draw)]
    parts += [_risk(draw, kind, words) for kind, words in draw.chance.sample(_RISKS, 2)]
    if draw.chance.random() < 0.4:
        parts += [_allergy(draw), _reaction(draw)]
    if draw.chance.random() < 0.1:
        parts.append(_will(draw))
    notes = draw.say(("notes libres du dossier", "vrije nota's", "freie Notizen"))
    return transaction("clinicalsummary", draw.mf_id("sum"), "2026-01-01", "".join(parts) + notes)


def _manager(draw: Draw) -> str:
    begin = f"<beginmoment><date>{draw.date()}</date></beginmoment>"
    return item("gmdmanager", draw.mf_id("gmd"), content(DOCTOR) + begin)


def _contact_person(draw: Draw) -> str:
    person = (
        f'<person><id S="LOCAL" SV="1.0" SL="MF-ID">{draw.mf_id("per")}</id>'
        "<firstname>Marie</firstname><familyname>Essai</familyname>"
        f"<sex>{cd('CD-SEX', 'female')}</sex><telecom>{cd('CD-ADDRESS', 'home')}{cd('CD-TELECOM', 'phone')}"
        f"<telecomnumber>081{draw.chance.randint(100000, 999999)}</telecomnumber></telecom></person>"
    )
    kind = cd("CD-CONTACT-PERSON", draw.chance.choice(("spouse", "daughter", "neighbour")), "1.2")
    return item("contactperson", draw.mf_id("cp"), kind + content(person))


def _problem(draw: Draw, mf_id: str) -> str:
    icpc, icd, words = draw.chance.choice(PROBLEMS)
    active = draw.chance.random() < 0.75
    codes = content(cd("ICPC", icpc, "2") + cd("ICD", icd, "10"))
    end = "" if active else draw.moment("endmoment")
    severity = f"<severity>{cd('CD-SEVERITY', draw.chance.choice(('normal', 'abnormal', 'veryabnormal')))}</severity>"
    certainty = f"<certainty>{cd('CD-CERTAINTY', draw.chance.choice(('proven', 'probable', 'excluded')), '1.1')}</certainty>"
    rest = life("active" if active else "inactive", relevant=active) + severity + certainty
    return item(
        "healthcareelement", mf_id, content(draw.say(words)) + codes + draw.moment("beginmoment") + end + rest
    )


def _approach(draw: Draw, problem: str) -> str:
    words = ("trajet de soins", "zorgtraject", "Behandlungspfad")
    inside = (
        content(draw.say(words))
        + draw.moment("beginmoment")
        + life("active")
        + link("isapproachfor", problem)
    )
    return item("healthcareapproach", draw.mf_id("hca"), inside)


def _version(draw: Draw, problem: str) -> str:
    """Return a second version of the first problem: the same MF-ID, linked to itself."""
    words = ("version revue", "herziene versie", "revidierte Fassung")
    inside = (
        content(draw.say(words))
        + draw.moment("beginmoment")
        + life("active")
        + link("isanewversionof", problem)
    )
    return item("healthcareelement", problem, inside)


def _medication(draw: Draw, problem: str) -> str:
    cnk, atc, name, posology = draw.chance.choice(DRUGS)
    product = (
        f'<medicinalproduct><intendedcd S="CD-DRUG-CNK" SV="2015-01">{cnk}</intendedcd>'
        f"<intendedname>{name}</intendedname></medicinalproduct>"
    )
    chronic = draw.chance.random() < 0.6
    temporality = f"<temporality>{cd('CD-TEMPORALITY', 'chronic' if chronic else 'acute')}</temporality>"
    inside = content(product) + content(cd("CD-ATC", atc)) + draw.moment("beginmoment")
    inside += life("active" if chronic else "stopped", relevant=chronic) + temporality
    inside += f"<posology>{draw.say(posology)}</posology><route>{cd('CD-DRUG-ROUTE', '00060', '2.0')}</route>"
    return item("medication", draw.mf_id("med"), inside + link("isaservicefor", problem))


def _magistral(draw: Draw) -> str:
    words = f'<compoundprescription><magistraltext L="{draw.language}">R/ crème 100 g</magistraltext></compoundprescription>'
    return item("medication", draw.mf_id("med"), content(words) + life("stopped", relevant=False))


def _substance(draw: Draw) -> str:
    product = (
        '<substanceproduct><intendedcd S="CD-INNCLUSTER" SV="2015-01">8038010</intendedcd>'
        "<intendedname>omeprazole oral 20 mg</intendedname></substanceproduct>"
    )
    return item("medication", draw.mf_id("med"), content(product) + life("active"))


def _vaccine(draw: Draw) -> str:
    kind = content(cd("CD-VACCINEINDICATION", draw.chance.choice(_VACCINES)))
    given = f"<beginmoment><date>{draw.date(2012)}</date></beginmoment>" + life("administrated")
    lot = f"<batch>LOT{draw.chance.randint(100, 999)}</batch>"
    return item("vaccine", draw.mf_id("vac"), kind + content(cd("CD-ATC", "J07AM51")) + given + lot)


def _treatment(draw: Draw) -> str:
    words = ("rappel: contrôle annuel", "herinnering: jaarlijkse controle", "Erinnerung: Jahreskontrolle")
    return item(
        "treatment", draw.mf_id("tr"), content(draw.say(words)) + draw.moment("beginmoment") + life("planned")
    )


def _plan(draw: Draw) -> str:
    begin = f"<beginmoment><date>{draw.date(2012)}</date></beginmoment>"
    return item("careplansubscription", draw.mf_id("cpl"), content(cd("CD-CAREPATH", "001", "1.1")) + begin)


def _risk(draw: Draw, kind: str, words: tuple[str, str, str]) -> str:
    return item(kind, draw.mf_id("risk"), content(draw.say(words)) + life("active"))


def _allergy(draw: Draw) -> str:
    icpc, words = draw.chance.choice(_ALLERGIES)
    codes = content(cd("ICPC", icpc, "2"))
    return item(
        "allergy",
        draw.mf_id("all"),
        content(draw.say(words)) + codes + draw.moment("beginmoment") + life("active"),
    )


def _reaction(draw: Draw) -> str:
    words = ("rash sous pénicilline", "uitslag onder penicilline", "Ausschlag unter Penicillin")
    inside = content(draw.say(words)) + content(cd("CD-ATC", "J01CA04")) + life("active")
    return item("adr", draw.mf_id("adr"), inside)


def _will(draw: Draw) -> str:
    kind = content(cd("CD-PATIENTWILL", draw.chance.choice(_WILLS), "1.1"))
    begin = f"<beginmoment><date>{draw.date(2018)}</date></beginmoment>"
    return item("patientwill", draw.mf_id("will"), kind + content("<boolean>true</boolean>") + begin)
