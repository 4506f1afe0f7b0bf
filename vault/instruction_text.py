"""The readable text of an instruction, in the language of the doctor. Same data, same text, always."""

from __future__ import annotations

from typing import Any

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Instruction to take over the records of my practice",
        "who": "I, {names} ({numbers}), controller of these records, instruct {processor} to process them as said here,"
        " and not otherwise (article 28(3)(a) GDPR).",
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
        "who": "Je soussigné(e), {names} ({numbers}), responsable du traitement de ces données, charge {processor} de les"
        " traiter comme il est dit ici, et pas autrement (article 28, paragraphe 3, point a), du RGPD).",
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
        "who": "Ik, {names} ({numbers}), verwerkingsverantwoordelijke van deze gegevens, geef {processor} opdracht ze te"
        " verwerken zoals hier gezegd, en niet anders (artikel 28, lid 3, a), AVG).",
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
        "who": "Ich, {names} ({numbers}), Verantwortliche(r) für diese Daten, weise {processor} an, sie so zu verarbeiten,"
        " wie hier gesagt, und nicht anders (Artikel 28 Absatz 3 Buchstabe a DSGVO).",
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
_ORDER = ("title", "who", "what", "uses", "staging", "custody", "recipients", "ceilings", "language")


def render_text(body: dict[str, Any]) -> str:
    """The text for this instruction (without its digest field), one paragraph a line."""
    words = _WORDS[body["language"]]
    values = _values(body)
    return "\n".join(words[key].format(**values) for key in _ORDER) + "\n"


def _values(body: dict[str, Any]) -> dict[str, Any]:
    custody = body["custody"]
    return {
        "names": ", ".join(f"{c['name']} [{c['role']}]" for c in body["controllers"]),
        "numbers": ", ".join(c["nihii"] for c in body["controllers"]),
        "processor": body["processor"],
        "source": body["source_system"],
        "target": body["target_system"],
        "kinds": ", ".join(sorted(body["kinds"])),
        "patients": _rule(body["patients"]),
        "responsible": _rule(body["responsible"]),
        "uses": ", ".join(f"{use} x {count}" for use, count in sorted(body["uses"].items())),
        "valid_from": body["valid_from"],
        "valid_until": body["valid_until"],
        "hours": body["staging_deadline_hours"],
        "source_custody": _holder(custody.get("source")),
        "package_custody": _holder(custody.get("package")),
        "destination": body["destination"],
        "recipients": ", ".join(f"{r['age']} [{r['role']}]" for r in body["recipients"]),
        "degraded": body["ceilings"]["degraded_permille"],
        "quarantined": body["ceilings"]["quarantined_permille"],
        "nonce": body["nonce"],
    }


def _rule(rule: dict[str, Any]) -> str:
    rest = " ".join(str(rule[key]) for key in sorted(rule) if key not in ("mode", "nihii"))
    numbers = " ".join(rule.get("nihii", []))
    return " ".join(part for part in (rule["mode"], rest, numbers) if part)


def _holder(custody: dict[str, Any] | None) -> str:
    if not custody:
        return "-"
    return f"{custody['holder']} {custody.get('until') or ''}".strip()
