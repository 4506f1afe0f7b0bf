"""The words of the certificate in the four languages."""

from __future__ import annotations

_KEYS = (
    "title",
    "trial",
    "run",
    "outcome",
    "came",
    "files",
    "patients",
    "bytes",
    "units",
    "delivered",
    "degraded",
    "out_of_scope",
    "unscoped",
    "quarantined",
    "look",
    "authorised",
    "auth_text",
    "auth_text_handwritten",
    "signed_as",
    "destroyed",
    "destroyed_text",
    "checks",
    "keyAbsent",
    "decryptFails",
    "filesAbsent",
    "processEnded",
    "exceptions",
    "none",
    "fate",
    "source",
    "staging",
    "package",
    "import_state",
    "not_confirmed",
    "not_claimed",
    "claims",
    "trust",
    "head",
    "compare",
)
_TEXTS = {
    "en": (
        "Certificate of takeover and destruction",
        "TRIAL: made with test certificates, proves nothing",
        "Run",
        "Outcome",
        "What came",
        "files",
        "patients",
        "bytes",
        "units counted",
        "delivered whole",
        "delivered, in part as text",
        "outside the authorisation",
        "patient not identifiable",
        "handed over apart, sealed",
        "What needs a look: the sealed work list has this many points:",
        "Who authorised it",
        (
            "An instruction signed by the controller was checked before any byte was read: signature,"
            " chain, revocation, validity, use, scope, operator."
        ),
        (
            "An instruction signed by hand by the controller was checked before any byte was read. There is no electronic"
            " signature: two operators attest the scanned signature, and one of them verified it. Validity, use, scope"
            " and operator were checked."
        ),
        "Signed as",
        "What was destroyed",
        "The encrypted working copy: its key first, then its files.",
        "How that was checked",
        "the key is gone",
        "reading fails",
        "the files are gone",
        "the working process had ended",
        "Declared exceptions",
        "none",
        "The fate of each copy",
        "Source export",
        "Working copy (staging)",
        "Package",
        "Import",
        "delivered, import not confirmed",
        "What is not claimed",
        (
            "Backups of the host, copies in the old and the new system, and memory beyond what the operating system"
            " guarantees."
        ),
        (
            "This proves that this software, at this time, recorded and verified what is said here. It"
            " cannot prove that no other copy exists."
        ),
        "Head of the log",
        "Keep it: whoever holds it notices a rewritten log.",
    ),
    "fr": (
        "Certificat de reprise et de destruction",
        "ESSAI : fait avec des certificats de test, ne prouve rien",
        "Passage",
        "Résultat",
        "Ce qui est venu",
        "fichiers",
        "patients",
        "octets",
        "unités comptées",
        "livrées entières",
        "livrées en partie sous forme de texte",
        "hors de l'autorisation",
        "patient non identifiable",
        "remises à part, scellées",
        "À regarder : nombre de points de la liste de travail scellée :",
        "Qui l'a autorisé",
        (
            "Une instruction signée par le responsable du traitement a été vérifiée avant la lecture du"
            " premier octet : signature, chaîne, révocation, validité, utilisation, portée, opérateur."
        ),
        (
            "Une instruction signée à la main par le responsable du traitement a été vérifiée avant la lecture du premier"
            " octet. Il n'y a pas de signature électronique : deux opérateurs attestent la signature numérisée, et l'un"
            " d'eux l'a vérifiée. Ont été vérifiés : validité, utilisation, portée, opérateur."
        ),
        "Signé en qualité de",
        "Ce qui a été détruit",
        "La copie de travail chiffrée : d'abord sa clé, puis ses fichiers.",
        "Comment cela a été vérifié",
        "la clé n'existe plus",
        "la lecture échoue",
        "les fichiers n'existent plus",
        "le processus de travail était terminé",
        "Exceptions déclarées",
        "aucune",
        "Le sort de chaque copie",
        "Export source",
        "Copie de travail",
        "Paquet",
        "Importation",
        "livré, importation non confirmée",
        "Ce qui n'est pas affirmé",
        (
            "Les sauvegardes de la machine, les copies dans l'ancien et le nouveau système, et la mémoire au-delà de ce que"
            " garantit le système d'exploitation."
        ),
        (
            "Ceci prouve que ce logiciel, à ce moment, a enregistré et vérifié ce qui"
            " est dit ici. Cela ne peut prouver qu'il n'existe pas d'autre copie."
        ),
        "Tête du journal",
        "Gardez-la : qui la détient remarque un journal réécrit.",
    ),
    "nl": (
        "Certificaat van overname en vernietiging",
        "PROEF: gemaakt met testcertificaten, bewijst niets",
        "Verloop",
        "Uitkomst",
        "Wat er kwam",
        "bestanden",
        "patiënten",
        "bytes",
        "getelde eenheden",
        "volledig geleverd",
        "geleverd, deels als tekst",
        "buiten de machtiging",
        "patiënt niet te bepalen",
        "apart bezorgd, verzegeld",
        "Te bekijken: aantal punten van de verzegelde werklijst:",
        "Wie het heeft toegestaan",
        (
            "Een door de verwerkingsverantwoordelijke ondertekende opdracht werd nagegaan vóór de"
            " eerste byte gelezen werd: handtekening, keten, intrekking, geldigheid, gebruik, bereik, operator."
        ),
        (
            "Een door de verwerkingsverantwoordelijke met de hand ondertekende opdracht werd nagegaan vóór de eerste byte"
            " gelezen werd. Er is geen elektronische handtekening: twee operators bevestigen de ingescande handtekening,"
            " en een van hen heeft ze nagegaan. Nagegaan werden geldigheid, gebruik, bereik en operator."
        ),
        "Ondertekend als",
        "Wat vernietigd werd",
        "De versleutelde werkkopie: eerst de sleutel, dan de bestanden.",
        "Hoe dat is nagegaan",
        "de sleutel is weg",
        "lezen mislukt",
        "de bestanden zijn weg",
        "het werkproces was beëindigd",
        "Verklaarde uitzonderingen",
        "geen",
        "Het lot van elke kopie",
        "Bronexport",
        "Werkkopie",
        "Pakket",
        "Import",
        "geleverd, import niet bevestigd",
        "Wat niet beweerd wordt",
        (
            "Back-ups van de machine, kopieën in het oude en het nieuwe systeem, en geheugen buiten wat het"
            " besturingssysteem waarborgt."
        ),
        (
            "Dit bewijst dat deze software, op dat ogenblik, vastgelegd en nagegaan heeft wat"
            " hier staat. Het kan niet bewijzen dat er geen andere kopie bestaat."
        ),
        "Hoofd van het logboek",
        "Bewaar het: wie het heeft, merkt een herschreven logboek.",
    ),
    "de": (
        "Bescheinigung über Übernahme und Vernichtung",
        "PROBE: mit Testzertifikaten gemacht, beweist nichts",
        "Lauf",
        "Ergebnis",
        "Was kam",
        "Dateien",
        "Patienten",
        "Bytes",
        "gezählte Einheiten",
        "ganz geliefert",
        "geliefert, teils als Text",
        "außerhalb der Anweisung",
        "Patient nicht bestimmbar",
        "gesondert übergeben, versiegelt",
        "Anzusehen: Punkte der versiegelten Arbeitsliste:",
        "Wer es erlaubt hat",
        (
            "Eine vom Verantwortlichen signierte Anweisung wurde geprüft, bevor das erste Byte gelesen"
            " wurde: Signatur, Kette, Widerruf, Gültigkeit, Verwendung, Umfang, Bediener."
        ),
        (
            "Eine vom Verantwortlichen von Hand unterschriebene Anweisung wurde geprüft, bevor das erste Byte gelesen wurde."
            " Eine elektronische Signatur gibt es nicht: zwei Bediener bezeugen die eingelesene Unterschrift, einer hat"
            " sie nachgeprüft. Geprüft wurden Gültigkeit, Verwendung, Umfang, Bediener."
        ),
        "Unterschrieben als",
        "Was vernichtet wurde",
        "Die verschlüsselte Arbeitskopie: erst ihr Schlüssel, dann ihre Dateien.",
        "Wie das geprüft wurde",
        "der Schlüssel ist weg",
        "Lesen schlägt fehl",
        "die Dateien sind weg",
        "der Arbeitsprozess war beendet",
        "Erklärte Ausnahmen",
        "keine",
        "Das Schicksal jeder Kopie",
        "Quellexport",
        "Arbeitskopie",
        "Paket",
        "Import",
        "geliefert, Import nicht bestätigt",
        "Was nicht behauptet wird",
        (
            "Sicherungen des Rechners, Kopien im alten und neuen System und Speicher über das hinaus, was das Betriebssystem"
            " zusichert."
        ),
        (
            "Dies beweist, dass diese Software zu diesem Zeitpunkt festgehalten und geprüft hat, was hier"
            " steht. Es kann nicht beweisen, dass es keine andere Kopie gibt."
        ),
        "Kopf des Protokolls",
        "Bewahren Sie ihn auf: wer ihn hat, bemerkt ein umgeschriebenes Protokoll.",
    ),
}
WORDS = {language: dict(zip(_KEYS, texts, strict=True)) for language, texts in _TEXTS.items()}
