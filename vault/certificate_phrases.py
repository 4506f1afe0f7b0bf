"""What a run's end and the fate of its copies are called, in the four languages."""

from __future__ import annotations

_LANGUAGES = ("en", "fr", "nl", "de")
_PHRASES: dict[str, tuple[str, str, str, str]] = {
    "published": (
        "certified, package published",
        "certifié, paquet publié",
        "gecertificeerd, pakket gepubliceerd",
        "bescheinigt, Paket veröffentlicht",
    ),
    "rehearsal": (
        "rehearsed, nothing published",
        "répété à blanc, rien n'est publié",
        "proefgedraaid, niets gepubliceerd",
        "geprobt, nichts veröffentlicht",
    ),
    "inventory": (
        "counted, nothing published",
        "compté, rien n'est publié",
        "geteld, niets gepubliceerd",
        "gezählt, nichts veröffentlicht",
    ),
    "abandoned": (
        "abandoned by the operator, nothing published",
        "abandonné par l'opérateur, rien n'est publié",
        "afgebroken door de operator, niets gepubliceerd",
        "vom Bearbeiter abgebrochen, nichts veröffentlicht",
    ),
    "withdrawn": (
        "withdrawn by the controller, nothing published",
        "retiré par le responsable du traitement, rien n'est publié",
        "ingetrokken door de verwerkingsverantwoordelijke, niets gepubliceerd",
        "vom Verantwortlichen widerrufen, nichts veröffentlicht",
    ),
    "cancelled": (
        "cancelled, nothing published",
        "annulé, rien n'est publié",
        "geannuleerd, niets gepubliceerd",
        "abgesagt, nichts veröffentlicht",
    ),
    "deadline": (
        "deadline passed, nothing published",
        "délai dépassé, rien n'est publié",
        "termijn verstreken, niets gepubliceerd",
        "Frist abgelaufen, nichts veröffentlicht",
    ),
    "key_lost": (
        "the key was lost, nothing published",
        "la clé est perdue, rien n'est publié",
        "de sleutel is verloren, niets gepubliceerd",
        "Schlüssel verloren, nichts veröffentlicht",
    ),
    "refused_after_header": (
        "the export is not the one authorised: only its header was read",
        "l'export n'est pas celui qui est autorisé : seul son en-tête a été lu",
        "de export is niet de toegestane: alleen de hoofding is gelezen",
        "der Export ist nicht der erlaubte: nur sein Kopf wurde gelesen",
    ),
    "controller": (
        "controller (the doctor)",
        "responsable du traitement (le médecin)",
        "verwerkingsverantwoordelijke (de arts)",
        "Verantwortlicher (der Arzt)",
    ),
    "mandated": (
        "mandated by the doctor",
        "mandataire du médecin",
        "gevolmachtigde van de arts",
        "Bevollmächtigter des Arztes",
    ),
    "successor": ("successor", "successeur", "opvolger", "Nachfolger"),
    "practice_company": (
        "for the company of the practice",
        "pour la société du cabinet",
        "voor de praktijkvennootschap",
        "für die Praxisgesellschaft",
    ),
    "doctor": ("held by the doctor", "chez le médecin", "bij de arts", "beim Arzt"),
    "operator": ("held by the operator", "chez l'opérateur", "bij de operator", "beim Bearbeiter"),
    "until": ("until", "jusqu'au", "tot", "bis"),
    "no_date": ("no date stated", "aucune date indiquée", "geen datum vermeld", "kein Datum genannt"),
    "staging": (
        "encrypted always; key destroyed, files unlinked",
        "toujours chiffrée ; clé détruite, fichiers supprimés",
        "altijd versleuteld; sleutel vernietigd, bestanden verwijderd",
        "immer verschlüsselt; Schlüssel zerstört, Dateien gelöscht",
    ),
    "nothing": ("nothing was delivered", "rien n'a été livré", "niets is geleverd", "nichts wurde geliefert"),
}
PHRASES: dict[str, dict[str, str]] = {
    language: {name: texts[index] for name, texts in _PHRASES.items()}
    for index, language in enumerate(_LANGUAGES)
}
"""Language to name to phrase."""
