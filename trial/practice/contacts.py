"""Contacts: reason, findings with measurements, conclusion, plan, prescription."""

from __future__ import annotations

from trial.practice.care import DRUGS
from trial.practice.markup import Draw, cd, content, heading, item, life, transaction

_REASONS = (
    ("toux depuis trois jours", "hoest sinds drie dagen", "Husten seit drei Tagen"),
    ("contrôle de la tension", "controle van de bloeddruk", "Blutdruckkontrolle"),
    ("lombalgie", "lage rugpijn", "Kreuzschmerzen"),
)
_MEASURES = (
    ("weight", "kg", 50, 110),
    ("height", "cm", 150, 195),
    ("bmi", "kg/m²", 19, 34),
    ("sbp", "mmHg", 105, 165),
    ("dbp", "mmHg", 60, 95),
)


def contact(draw: Draw) -> str:
    """Return a contact report, sometimes with the prescription written at it."""
    date, mf_id = draw.date(), draw.mf_id("con")
    body = item("encounterdatetime", draw.mf_id("dt"), content(f"<date>{date}</date><time>09:30:00</time>"))
    body += item(
        "encountertype",
        draw.mf_id("ty"),
        content(cd("CD-ENCOUNTER", draw.chance.choice(("consultation", "homevisit")))),
    )
    body += heading(
        "subjective",
        item("transactionreason", draw.mf_id("rsn"), content(draw.say(draw.chance.choice(_REASONS)))),
    )
    body += heading("clinical", _measurements(draw))
    body += heading(
        "assessment",
        item("conclusion", draw.mf_id("ccl"), content(draw.say(("bronchite", "bronchitis", "Bronchitis")))),
    )
    if draw.chance.random() < 0.2:
        body += heading("plan", _incapacity(draw, date))
    body += draw.say(("suite de consultation", "vervolg van de raadpleging", "Fortsetzung der Sprechstunde"))
    body += f"<recorddatetime>{date}T09:45:00</recorddatetime>"
    report = transaction("contactreport", mf_id, date, body)
    return report + (_prescription(draw, mf_id, date) if draw.chance.random() < 0.3 else "")


def _measurements(draw: Draw) -> str:
    made = []
    for name, unit, low, high in draw.chance.sample(_MEASURES, 2):
        value = (
            f"<decimal>{draw.chance.randint(low, high)}.5</decimal><unit>{cd('CD-UNIT', unit, '1.3')}</unit>"
        )
        made.append(item("parameter", draw.mf_id("par"), cd("CD-PARAMETER", name) + content(value)))
    local = '<cd S="LOCAL" SV="1.0" SL="GPSMF-PARAMETER" DN="Peak flow" L="fr">peakflow</cd>'
    made.append(
        item(
            "parameter",
            draw.mf_id("par"),
            local + content(f"<decimal>{draw.chance.randint(300, 600)}</decimal>"),
        )
    )
    return "".join(made)


def _incapacity(draw: Draw, date: str) -> str:
    inside = (
        f"<incapacity>{cd('CD-INCAPACITY', 'work')}<incapacityreason>{cd('CD-INCAPACITYREASON', 'sickness')}"
        "</incapacityreason><percentage>100</percentage><outofhomeallowed>true</outofhomeallowed></incapacity>"
    )
    span = f"<beginmoment><date>{date}</date></beginmoment><endmoment><date>{date[:8]}28</date></endmoment>"
    return item("incapacity", draw.mf_id("inc"), content(inside) + span)


def _prescription(draw: Draw, contact_id: str, date: str) -> str:
    cnk, _, name, posology = draw.chance.choice(DRUGS)
    product = (
        f'<medicinalproduct><intendedcd S="CD-DRUG-CNK" SV="2015-01">{cnk}</intendedcd>'
        f"<intendedname>{name}</intendedname></medicinalproduct>"
    )
    inside = content(product) + life("prescribed").partition("<isrelevant>")[0]
    inside += f"<posology>{draw.say(posology)}</posology>"
    parent = f'<lnk TYPE="isachildof" URL="//transaction[id[@SL=&quot;MF-ID&quot; and .=&quot;{contact_id}&quot;]]"/>'
    body = item("medication", draw.mf_id("rx"), inside) + parent
    return transaction("pharmaceuticalprescription", draw.mf_id("pp"), date, body)
