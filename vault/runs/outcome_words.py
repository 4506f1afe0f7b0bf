"""How runs end, in the four languages of a certificate; and where a run stands, in one line of English."""

from __future__ import annotations

from vault.runs.state import RunState

CAUSES: dict[str, tuple[str, str, str, str]] = {
    "published": (
        "package delivered",
        "dossier de transfert remis",
        "pakket geleverd",
        "Paket übergeben",
    ),
    "rehearsal": (
        "rehearsed, nothing delivered",
        "essai à blanc effectué, rien n'a été remis",
        "proefrun uitgevoerd, niets geleverd",
        "Testlauf durchgeführt, nichts übergeben",
    ),
    "inventory": (
        "counted, nothing delivered",
        "comptage effectué, rien n'a été remis",
        "geteld, niets geleverd",
        "gezählt, nichts übergeben",
    ),
    "abandoned": (
        "abandoned by the operator, nothing delivered",
        "abandonné par l'opérateur, rien n'a été remis",
        "stopgezet door de operator, niets geleverd",
        "vom Bearbeiter aufgegeben, nichts übergeben",
    ),
    "cancelled": (
        "cancelled, nothing delivered",
        "annulé, rien n'a été remis",
        "geannuleerd, niets geleverd",
        "abgebrochen, nichts übergeben",
    ),
    "withdrawn": (
        "the authorisation was withdrawn, nothing delivered",
        "l'autorisation a été retirée, rien n'a été remis",
        "de machtiging werd ingetrokken, niets geleverd",
        "die Ermächtigung wurde widerrufen, nichts übergeben",
    ),
    "deadline": (
        "deadline passed, nothing delivered",
        "délai dépassé, rien n'a été remis",
        "termijn verstreken, niets geleverd",
        "Frist abgelaufen, nichts übergeben",
    ),
    "key_lost": (
        "the key was lost, nothing delivered",
        "la clé a été perdue, rien n'a été remis",
        "de sleutel ging verloren, niets geleverd",
        "der Schlüssel ging verloren, nichts übergeben",
    ),
    "refused_after_header": (
        "refused, nothing delivered: the export is not the one authorised, and only its header was read",
        "refusé, rien n'a été remis : l'export n'est pas celui qui est autorisé, et seul son en-tête a été lu",
        "geweigerd, niets geleverd: de export is niet de toegestane, en alleen de hoofding ervan werd gelezen",
        "abgelehnt, nichts übergeben: der Export ist nicht der erlaubte, und nur sein Kopf wurde gelesen",
    ),
    "refused_source": (
        "refused, nothing delivered: the export cannot be used",
        "refusé, rien n'a été remis : l'export est inutilisable",
        "geweigerd, niets geleverd: de export is onbruikbaar",
        "abgelehnt, nichts übergeben: der Export ist unbrauchbar",
    ),
    "refused": (
        "refused, nothing delivered",
        "refusé, rien n'a été remis",
        "geweigerd, niets geleverd",
        "abgelehnt, nichts übergeben",
    ),
    "record_lost": (
        "ended before; the record of that end was lost when an older home was put back",
        "terminé auparavant ; la trace de cette fin s'est perdue quand un état plus ancien a été remis en place",
        "eerder beëindigd; het spoor daarvan ging verloren toen een oudere toestand werd teruggezet",
        "früher beendet; die Aufzeichnung davon ging verloren, als ein älterer Stand zurückgesetzt wurde",
    ),
}
"""Each cause for which a run ends (`schemas.outcome.Cause`): English, French, Dutch, German."""

_STATES: dict[str, str] = {
    RunState.LEASED: "not begun: nothing was read; resume or abandon it",
    RunState.RUNNING: "running",
    RunState.INTERRUPTED: "interrupted: resume or abandon it",
    RunState.FAILED: "failed, nothing delivered: resume or abandon it",
    RunState.DELIVERED: "package delivered; its staging is not destroyed yet: resume it",
    RunState.GIVEN_UP: "ends without a package; its staging is not destroyed yet: resume it",
    RunState.DESTROYING: "its destruction is under way",
    RunState.INCOMPLETE: "DESTRUCTION INCOMPLETE: call a person",
    "forgotten": "never began: nothing was read, and no use of the instruction is spent",
}


def run_in_words(state: str, cause: str | None) -> str:
    """One line for a state (`vault.runs.state.RunState`, or `forgotten`) and, once the run has ended, for its cause."""
    if state == RunState.CERTIFIED:
        return f"{CAUSES[cause][0] if cause else 'ended'}; staging destroyed and checked"
    return _STATES[state]
