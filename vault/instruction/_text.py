"""The readable text of an instruction, in the language of the doctor. Same data, same text, always."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from vault.instruction._words import phrase, word
from vault.system.clock import parse_utc

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Instruction to take over the records of my practice",
        "who": "{processor} is instructed to process these records as said here, and not otherwise (article 28(3)(a) GDPR),"
        " by: {names}. Purpose: {purpose}.",
        "what": "From {source} into {target}: {kinds}. Patients: {patients}. Records of: {responsible}.",
        "uses": "Allowed uses: {uses}. Valid from {valid_from} until {valid_until}.",
        "staging": "The encrypted working copy is destroyed when the work is done, at the latest {hours} hours after its"
        " start, and its destruction is checked and certified.",
        "custody": "The export is held by: {source_custody}. The finished package is held by: {package_custody}.",
        "recipients": "The package goes to {destination} and can be opened only with these keys: {recipients}.",
        "ceilings": "Up to {degraded} in a thousand records of a kind may arrive partly as text, up to {quarantined} may be"
        " handed to me apart; with more, nothing is delivered.",
        "language": "Language: English. Reference: {nonce}.",
    },
    "fr": {
        "title": "Instruction de reprise des données de mon cabinet",
        "who": "{processor} est chargé de traiter ces données comme il est dit ici, et pas autrement (article 28,"
        " paragraphe 3, point a), du RGPD), par : {names}. Finalité : {purpose}.",
        "what": "De {source} vers {target} : {kinds}. Patients : {patients}. Données de : {responsible}.",
        "uses": "Utilisations permises : {uses}. Valable du {valid_from} au {valid_until}.",
        "staging": "La copie de travail chiffrée est détruite dès la fin du travail, au plus tard {hours} heures après son"
        " début ; sa destruction est vérifiée et certifiée.",
        "custody": "L'export est détenu par : {source_custody}. Le paquet final est détenu par : {package_custody}.",
        "recipients": "Le paquet va vers {destination} et ne s'ouvre qu'avec ces clés : {recipients}.",
        "ceilings": "Au plus {degraded} données sur mille d'un genre peuvent arriver en partie sous forme de texte, au plus"
        " {quarantined} peuvent m'être remises à part ; au-delà, rien n'est livré.",
        "language": "Langue : français. Référence : {nonce}.",
    },
    "nl": {
        "title": "Opdracht tot overname van de gegevens van mijn praktijk",
        "who": "{processor} krijgt opdracht deze gegevens te verwerken zoals hier gezegd, en niet anders (artikel 28, lid 3,"
        " a), AVG), van: {names}. Doel: {purpose}.",
        "what": "Van {source} naar {target}: {kinds}. Patiënten: {patients}. Gegevens van: {responsible}.",
        "uses": "Toegelaten gebruik: {uses}. Geldig van {valid_from} tot {valid_until}.",
        "staging": "De versleutelde werkkopie wordt vernietigd zodra het werk klaar is, ten laatste {hours} uur na het"
        " begin; de vernietiging wordt nagegaan en gecertificeerd.",
        "custody": "De export is in handen van: {source_custody}. Het eindpakket is in handen van: {package_custody}.",
        "recipients": "Het pakket gaat naar {destination} en gaat alleen open met deze sleutels: {recipients}.",
        "ceilings": "Hoogstens {degraded} per duizend gegevens van een soort mogen deels als tekst aankomen, hoogstens"
        " {quarantined} mogen mij apart worden bezorgd; bij meer wordt niets geleverd.",
        "language": "Taal: Nederlands. Referentie: {nonce}.",
    },
    "de": {
        "title": "Anweisung zur Übernahme der Daten meiner Praxis",
        "who": "{processor} wird angewiesen, diese Daten so zu verarbeiten, wie hier gesagt, und nicht anders (Artikel 28"
        " Absatz 3 Buchstabe a DSGVO), durch: {names}. Zweck: {purpose}.",
        "what": "Von {source} nach {target}: {kinds}. Patienten: {patients}. Daten von: {responsible}.",
        "uses": "Erlaubte Verwendungen: {uses}. Gültig von {valid_from} bis {valid_until}.",
        "staging": "Die verschlüsselte Arbeitskopie wird vernichtet, sobald die Arbeit getan ist, spätestens {hours} Stunden"
        " nach Beginn; die Vernichtung wird geprüft und bescheinigt.",
        "custody": "Den Export verwahrt: {source_custody}. Das fertige Paket verwahrt: {package_custody}.",
        "recipients": "Das Paket geht nach {destination} und lässt sich nur mit diesen Schlüsseln öffnen: {recipients}.",
        "ceilings": "Höchstens {degraded} von tausend Angaben einer Art dürfen teils als Text ankommen, höchstens"
        " {quarantined} dürfen mir gesondert übergeben werden; bei mehr wird nichts geliefert.",
        "language": "Sprache: Deutsch. Zeichen: {nonce}.",
    },
}
_SECTIONS: dict[str, dict[str, str]] = {
    "en": {
        "who": "Who instructs whom",
        "what": "What is taken over",
        "uses": "What may be done, and when",
        "staging": "The working copy",
        "custody": "Who keeps the copies",
        "recipients": "Who can open the package",
        "ceilings": "What may change its form",
        "sign": "Signatures",
    },
    "fr": {
        "who": "Qui charge qui",
        "what": "Ce qui est repris",
        "uses": "Ce qui est permis, et quand",
        "staging": "La copie de travail",
        "custody": "Qui garde les copies",
        "recipients": "Qui peut ouvrir le paquet",
        "ceilings": "Ce qui peut changer de forme",
        "sign": "Signatures",
    },
    "nl": {
        "who": "Wie geeft wie opdracht",
        "what": "Wat wordt overgenomen",
        "uses": "Wat mag, en wanneer",
        "staging": "De werkkopie",
        "custody": "Wie bewaart de kopieën",
        "recipients": "Wie kan het pakket openen",
        "ceilings": "Wat van vorm mag veranderen",
        "sign": "Handtekeningen",
    },
    "de": {
        "who": "Wer wen anweist",
        "what": "Was übernommen wird",
        "uses": "Was erlaubt ist, und wann",
        "staging": "Die Arbeitskopie",
        "custody": "Wer die Kopien verwahrt",
        "recipients": "Wer das Paket öffnen kann",
        "ceilings": "Was die Form ändern darf",
        "sign": "Unterschriften",
    },
}
_ORDER = ("title", "who", "what", "uses", "staging", "custody", "recipients", "ceilings", "language")


def render_text(body: dict[str, Any]) -> str:
    """The text for this instruction (without its digest field), one paragraph a line."""
    return "\n".join(text for _, text in paragraphs(body)) + "\n"


def paragraphs(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and text of each paragraph, the title first: what is shown as text and what is drawn on paper."""
    words = _WORDS[body["language"]]
    values = _values(body)
    return [(key, words[key].format(**values)) for key in _ORDER]


def section_titles(language: str) -> dict[str, str]:
    """What stands above the paragraphs on paper."""
    return _SECTIONS[language]


def _values(body: dict[str, Any]) -> dict[str, Any]:
    custody, language = body["custody"], body["language"]

    def named(code: str) -> str:
        return word(code, language)

    return {
        "names": "; ".join(
            f"{c['name']}, {named(c['role'])} (INAMI/RIZIV {c['nihii']})" for c in body["controllers"]
        ),
        "processor": body["processor"],
        "purpose": named(body["purpose"]),
        "source": body["source_system"] or named("not_stated"),
        "target": body["target_system"],
        "kinds": ", ".join(named(kind) for kind in sorted(body["kinds"])),
        "patients": _patients(body["patients"], language),
        "responsible": _responsible(body["responsible"], language),
        "uses": _uses(body["uses"], language),
        "valid_from": _moment(body["valid_from"]),
        "valid_until": _moment(body["valid_until"]),
        "hours": body["staging_deadline_hours"],
        "source_custody": _holder(custody.get("source"), language),
        "package_custody": _holder(custody.get("package"), language),
        "destination": body["destination"],
        "recipients": ", ".join(f"{r['age']} ({named(r['role'])})" for r in body["recipients"]),
        "degraded": body["ceilings"]["degraded_permille"],
        "quarantined": body["ceilings"]["quarantined_permille"],
        "nonce": body["nonce"],
    }


def _patients(rule: dict[str, Any], language: str) -> str:
    since = _day(rule["since"]) if rule["mode"] == "seen_since" else ""
    digest = rule.get("list_sha256", "")
    return phrase(f"patients_{rule['mode']}", language, since=since, list_sha256=digest)


def _responsible(rule: dict[str, Any], language: str) -> str:
    return phrase(f"responsible_{rule['mode']}", language, nihii=", ".join(rule.get("nihii", [])))


def _uses(uses: dict[str, Any], language: str) -> str:
    """How often each may happen; a use that may not happen is not named."""
    return ", ".join(
        f"{count} × {word(use, language)}" for use, count in sorted(uses.items()) if count
    ) or word("none", language)


def _holder(custody: dict[str, Any] | None, language: str) -> str:
    if not custody:
        return word("not_stated", language)
    until = custody.get("until")
    end = phrase("until", language, moment=_moment(until)) if until else word("no_date", language)
    return f"{word(custody['holder'], language)}, {end}"


def _moment(text: str) -> str:
    """A moment as people write it, in UTC; seconds only when there are any, so that no two moments read alike."""
    moment = parse_utc(text)
    return moment.strftime("%d/%m/%Y %H:%M:%S UTC" if moment.second else "%d/%m/%Y %H:%M UTC")


def _day(text: str) -> str:
    return datetime.strptime(text, "%Y-%m-%d").strftime("%d/%m/%Y")
