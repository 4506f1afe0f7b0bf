"""The patients' identities: names with accents, addresses, numbers with valid check digits."""

from __future__ import annotations

import random
from dataclasses import dataclass
from xml.sax.saxutils import escape

from trial.practice.markup import cd

_GIVEN = {
    "female": ("Élise", "Zoë", "Anaïs", "Lotte", "Hélène", "Maëlle", "Käthe", "Noémie", "Fien", "Ursula"),
    "male": ("Noé", "Jürgen", "François", "Thijs", "Björn", "Loïc", "Daan", "Günther", "Aimé", "Wout"),
}
_FAMILY = (
    "Dûpré", "Van den Bôssche", "Lefèvre", "Müller", "D'Hondt", "Peeters-Noël", "Grégoire", "Janßen", "Maës",
    "De Smedt", "Öztürk", "Van Wijnendaele", "Schröder", "Nguyễn", "Lambrechts", "Étienne",
)  # fmt: skip
_TOWNS = (
    ("1000", "Bruxelles", "fr"), ("4000", "Liège", "fr"), ("5000", "Namur", "fr"), ("9000", "Gent", "nl"),
    ("3500", "Hasselt", "nl"), ("4700", "Eupen", "de"),
)  # fmt: skip
_STREETS = {"fr": "Rue de l'Essai", "nl": "Proefstraat", "de": "Versuchsweg"}


@dataclass(frozen=True)
class Person:
    """One patient's identity."""

    inss: str
    given: str
    family: str
    birth: str
    sex: str
    zipcode: str
    town: str
    phone: str
    language: str
    died: bool = False


def synthetic_inss(year: int, month: int, day: int, serial: int) -> str:
    """Return an invented national number with valid check digits (the rule for births from 2000 on included)."""
    digits = f"{year % 100:02d}{month:02d}{day:02d}{serial:03d}"
    base = int(("2" if year >= 2000 else "") + digits)
    return f"{digits}{97 - base % 97:02d}"


def invent(chance: random.Random, number: int) -> Person:
    """Return the n-th patient; serial numbers are odd for men and even for women, as the number's rule says."""
    year, month, day = chance.randint(1930, 2024), chance.randint(1, 12), chance.randint(1, 28)
    sex = "female" if number % 2 == 0 else "male"
    serial = 2 * (number % 498) + (2 if sex == "female" else 1)
    zipcode, town, language = chance.choice(_TOWNS)
    return Person(
        inss=synthetic_inss(year, month, day, serial),
        given=chance.choice(_GIVEN[sex]),
        family=chance.choice(_FAMILY),
        birth=f"{year}-{month:02d}-{day:02d}",
        sex=sex,
        zipcode=zipcode,
        town=town,
        phone=f"0470{chance.randint(100000, 999999)}",
        language=language,
        died=year < 1945 and chance.random() < 0.2,
    )


def patient(person: Person) -> str:
    """Return the `patient` element."""
    death = "<deathdate><yearmonth>2024-11</yearmonth></deathdate>" if person.died else ""
    return (
        f'<patient><id S="ID-PATIENT" SV="1.0">{person.inss}</id><id S="INSS" SV="1.0">{person.inss}</id>'
        f"<firstname>{escape(person.given)}</firstname><familyname>{escape(person.family)}</familyname>"
        f"<birthdate><date>{person.birth}</date></birthdate>{death}<sex>{cd('CD-SEX', person.sex)}</sex>"
        f"<address>{cd('CD-ADDRESS', 'home')}<country>{cd('CD-FED-COUNTRY', 'be')}</country>"
        f"<zip>{person.zipcode}</zip><city>{person.town}</city>"
        f"<street>{escape(_STREETS[person.language])}</street><housenumber>{int(person.phone[-3:])}</housenumber>"
        f"</address><telecom>{cd('CD-ADDRESS', 'home')}{cd('CD-TELECOM', 'mobile')}"
        f"<telecomnumber>{person.phone}</telecomnumber></telecom><usuallanguage>{person.language}</usuallanguage>"
        "</patient>"
    )
