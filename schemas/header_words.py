"""Words of column names in exports, in French, Dutch, German and English, and the target that each hints at.

The list is closed: the name of a column is said only if all its words are here. A word that hints at nothing has an empty
target. Names of people, places and products have no place in it.
"""

from __future__ import annotations

import re
import unicodedata

_HINTS = {
    "patient.key": "patient patientid patid patientnr patnr patientnumber nopatient numpatient dossier dossiernummer dossiernr",
    "patient.national_number": "niss inss insz rijksregister rijksregisternummer rrn ssin registrenational nationalnumber",
    "patient.first_name": "firstname first prenom voornaam vorname given givenname middle",
    "patient.family_name": "lastname last nomfamille achternaam familienaam familyname family surname nachname familienname",
    "patient.birth_date": "birthdate birth dob naissance datenaissance geboorte geboortedatum geboren geburtsdatum geb",
    "patient.death_date": "deathdate death deces overlijden overlijdensdatum sterbedatum",
    "patient.sex": "sex sexe gender geslacht geschlecht genre",
    "patient.street": "address adres adresse street straat rue strasse",
    "patient.postcode": "zip postcode codepostal postal cp plz",
    "patient.town": "city town gemeente commune ville plaats stad ort localite",
    "patient.phone": "phone telephone tel telefoon telefon",
    "patient.mobile": "mobile gsm portable handy",
    "patient.email": "email mail courriel",
    "patient.language": "language langue taal sprache",
    "problem.code": "icpc icpc2 icd icd10 cim cim10",
    "problem.label": "diagnosis diagnose diagnostic problem probleem probleme aandoening affection",
    "medication.code": "cnk",
    "medication.label": "medication medicatie medicament geneesmiddel drug product produit medikament",
    "medication.posology": "posology posologie dosering inname dosierung dosage",
    "allergy.label": "allergy allergie allergen allergene",
    "vaccination.label": "vaccine vaccin vaccination vaccinatie impfung",
    "measurement.value": "value valeur waarde wert resultaat result resultat",
    "measurement.unit": "unit units unite eenheid einheit",
    "lab_result.code": "loinc",
    "contact.text": "report verslag rapport note notes nota notitie bericht",
}
_PLAIN = """
    a age an annee aard arts au auteur author base begin beginn begindatum bij birthplace category categorie code codes
    comment commentaar commentaire contact cost costs county coverage created cree creation creatie d date datum day de debut
    deleted der description des df dispenses doctor drivers du einde eind einddatum encounter encounterclass end ende enddate et
    ethnicity expenses fin fips from heure het hour id identifiant identification identifier in income index info intern
    internal inter jaar jour kategorie kode la lab labo laboratory lat le les letter libelle line lon maand maiden marital med
    medecin middel modification modified mois month n naam name nein nicht no nom nombre norm nr num number numero nummer of
    omschrijving op open opmerking opmerkingen organization passport payer per persoon person personne place plaatsnaam prefix
    price prijs prix provider race range reason reasoncode reasondescription reaction reference referentie remark
    remarque remarques row sinds since soort sort start startdate state status stop stopdate suffix system systeem table tabel
    taux tekst temps text texte time tijd titel title titre to toestand total totalcost type typ uhrzeit uur van vom von
    vrij year zeit ziekte ssn severity
"""


def folded(text: str) -> str:
    """Returns a word without case and accents."""
    spelt = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in spelt if not unicodedata.combining(sign))


HINTS = {word: target for target, words in _HINTS.items() for word in words.split()}
WORDS = frozenset(_PLAIN.split()) | HINTS.keys()
_WORD = re.compile(r"[^\W\d_]+")
_DIGITS = re.compile(r"[0-9]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LONGEST = 40


def is_sayable(name: str) -> bool:
    """Returns whether a column's name consists of known words, separators, and numbers of one or two digits."""
    words = words_of(name)
    numbers = _DIGITS.findall(name)
    return (
        0 < len(name) <= _LONGEST
        and bool(words)
        and WORDS.issuperset(words)
        and all(len(n) <= 2 for n in numbers)
    )


def words_of(name: str) -> list[str]:
    """Returns the words of a column's name, folded; a name in capitals and small letters is divided where a capital begins."""
    return [folded(word) for word in _WORD.findall(_CAMEL.sub(" ", name)) or ()]
