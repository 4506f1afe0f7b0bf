"""What the codes of an instruction are called, in the four languages. A code without a word is shown as it is."""

from __future__ import annotations

LANGUAGES = ("en", "fr", "nl", "de")
_CODES: dict[str, tuple[str, str, str, str]] = {
    "patient_records": ("patient records", "dossiers de patients", "patiëntendossiers", "Patientenakten"),
    "lab_results": (
        "laboratory results",
        "résultats de laboratoire",
        "laboratoriumresultaten",
        "Laborbefunde",
    ),
    "specialist_reports": (
        "reports of specialists",
        "rapports de spécialistes",
        "verslagen van specialisten",
        "Facharztberichte",
    ),
    "hospital_notices": (
        "hospital notices",
        "avis d'hôpitaux",
        "berichten van ziekenhuizen",
        "Mitteilungen von Krankenhäusern",
    ),
    "takeover": (
        "takeover of the records of the practice",
        "reprise des dossiers du cabinet",
        "overname van de dossiers van de praktijk",
        "Übernahme der Akten der Praxis",
    ),
    "controller": (
        "controller of these records",
        "responsable du traitement de ces données",
        "verwerkingsverantwoordelijke van deze gegevens",
        "verantwortlich für diese Daten",
    ),
    "mandated": (
        "mandated by the controllers of these records",
        "mandataire des responsables du traitement de ces données",
        "gemachtigd door de verwerkingsverantwoordelijken van deze gegevens",
        "bevollmächtigt von den für diese Daten Verantwortlichen",
    ),
    "successor": (
        "successor of the controllers of these records",
        "successeur des responsables du traitement de ces données",
        "opvolger van de verwerkingsverantwoordelijken van deze gegevens",
        "in der Nachfolge der für diese Daten Verantwortlichen",
    ),
    "practice_company": (
        "for the company of the practice",
        "pour la société du cabinet",
        "voor de vennootschap van de praktijk",
        "für die Gesellschaft der Praxis",
    ),
    "patients_all": ("all", "tous", "alle", "alle"),
    "patients_seen_since": (
        "those seen since {since}",
        "ceux vus depuis le {since}",
        "wie gezien werd sinds {since}",
        "die seit dem {since} gesehen wurden",
    ),
    "patients_list": (
        "those of the sealed list with the digest {list_sha256}",
        "ceux de la liste scellée dont l'empreinte est {list_sha256}",
        "die van de verzegelde lijst met als vingerafdruk {list_sha256}",
        "die der versiegelten Liste mit dem Prüfwert {list_sha256}",
    ),
    "responsible_controllers": (
        "the controllers named above",
        "les responsables nommés ci-dessus",
        "de hierboven genoemde verantwoordelijken",
        "die oben genannten Verantwortlichen",
    ),
    "responsible_any": (
        "every doctor found in the export",
        "tout médecin figurant dans l'export",
        "elke arts in de export",
        "jeder Arzt im Export",
    ),
    "responsible_list": (
        "the controllers named above and {nihii}",
        "les responsables nommés ci-dessus et {nihii}",
        "de hierboven genoemde verantwoordelijken en {nihii}",
        "die oben genannten Verantwortlichen und {nihii}",
    ),
    "inventory": ("count", "comptage", "telling", "Zählung"),
    "rehearsal": ("rehearsal", "répétition à blanc", "proefdraai", "Probelauf"),
    "migration": ("migration", "migration", "migratie", "Migration"),
    "delta": ("later addition", "complément ultérieur", "latere aanvulling", "spätere Ergänzung"),
    "doctor": ("the doctor", "le médecin", "de arts", "der Arzt"),
    "operator": ("the operator", "l'opérateur", "de operator", "der Bearbeiter"),
    "until": (
        "until {moment}, then destroyed",
        "jusqu'au {moment}, puis détruit",
        "tot {moment}, daarna vernietigd",
        "bis {moment}, danach vernichtet",
    ),
    "no_date": ("without a date of end", "sans date de fin", "zonder einddatum", "ohne Enddatum"),
    "not_stated": ("not stated", "non indiqué", "niet vermeld", "nicht angegeben"),
    "none": ("none", "aucune", "geen", "keine"),
    "practice": ("practice", "cabinet", "praktijk", "Praxis"),
    "recovery": ("recovery", "secours", "noodsleutel", "Wiederherstellung"),
}


def word(code: str, language: str) -> str:
    """The word for a code; a code that is nobody's (a free field of the instruction) as it is."""
    found = _CODES.get(code)
    return code if found is None else found[LANGUAGES.index(language)]


def phrase(code: str, language: str, **values: str) -> str:
    """The phrase for a code with its values set in. Raises KeyError: a code that is nobody's is never a template."""
    return _CODES[code][LANGUAGES.index(language)].format(**values)
