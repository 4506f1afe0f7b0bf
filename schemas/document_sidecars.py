"""What a file beside a document may state of it: the keys and words that are known (docs/formats/documents.md)."""

from __future__ import annotations

from enum import StrEnum


class Stating(StrEnum):
    """What one value of a sidecar states."""

    NUMBER = "number"
    FAMILY = "family"
    FIRST = "first"
    BIRTH = "birth"
    SEX = "sex"
    DATE = "date"
    TITLE = "title"
    KIND = "kind"
    FILE = "file"


_KEYS = {
    Stating.NUMBER: "nationalnumber nationalregisternumber inss niss insz ssin nrn rijksregisternummer numeronational",
    Stating.FAMILY: "familyname lastname surname nom nomdefamille naam achternaam familienaam nachname",
    Stating.FIRST: "firstname givenname prenom voornaam vorname",
    Stating.BIRTH: "birthdate dateofbirth dob datenaissance datedenaissance geboortedatum geburtsdatum",
    Stating.SEX: "sex gender sexe geslacht geschlecht",
    Stating.DATE: "date documentdate datum datedocument datedudocument documentdatum",
    Stating.TITLE: "title titre titel description omschrijving subject sujet onderwerp",
    Stating.KIND: "kind type documenttype documentkind typedocument soort categorie category",
    Stating.FILE: "file filename path fichier nomfichier bestand bestandsnaam datei",
}
KEYS = {key: stating for stating, keys in _KEYS.items() for key in keys.split()}
"""Keys without case, accents, blanks and punctuation, and what their values state."""
PERSONAL = frozenset({Stating.NUMBER, Stating.FAMILY})
"""A sidecar has a key for one of these, or it is none."""
SEXES = {
    **dict.fromkeys(("m", "male", "man", "homme", "masculin", "mannelijk", "mann"), "male"),
    **dict.fromkeys(("f", "v", "female", "femme", "feminin", "vrouw", "vrouwelijk", "frau"), "female"),
}
"""Words without case and accents, and the sex of CD-SEX that they state."""
ENDINGS = (".json", ".xml")
"""What is put behind a document's name, or in the place of its ending, in the name of a file that states something of it."""
INDEX = "index.csv"
"""The name of a table that states something of documents in its folder and below."""
SIDECAR_BYTES = 64 << 10
INDEX_BYTES = 32 << 20
"""Longer files are no sidecars."""
