"""The headings, labels and sentences of the certificate, in the four languages."""

from __future__ import annotations

LANGUAGES = ("en", "fr", "nl", "de")


def by_language(table: dict[str, tuple[str, str, str, str]]) -> dict[str, dict[str, str]]:
    """Language to name to text."""
    return {
        language: {name: texts[index] for name, texts in table.items()}
        for index, language in enumerate(LANGUAGES)
    }


_WORDS: dict[str, tuple[str, str, str, str]] = {
    "title": (
        "Certificate of takeover and destruction",
        "Certificat de reprise et de destruction",
        "Certificaat van overname en vernietiging",
        "Bescheinigung über Übernahme und Vernichtung",
    ),
    "trial": (
        "TRIAL: made with test certificates, proves nothing",
        "ESSAI : fait avec des certificats de test, ne prouve rien",
        "PROEF: gemaakt met testcertificaten, bewijst niets",
        "PROBE: mit Testzertifikaten gemacht, beweist nichts",
    ),
    "run": ("Run", "Passage", "Verloop", "Lauf"),
    "outcome": ("Outcome", "Résultat", "Uitkomst", "Ergebnis"),
    "use": ("Kind of run", "Type de passage", "Soort verloop", "Art des Laufs"),
    # What came
    "came": ("What came", "Ce qui est venu", "Wat er kwam", "Was kam"),
    "files": ("files", "fichiers", "bestanden", "Dateien"),
    "patients": ("patients", "patients", "patiënten", "Patienten"),
    "bytes": ("bytes", "octets", "bytes", "Bytes"),
    "units": ("units counted", "unités comptées", "getelde eenheden", "gezählte Einheiten"),
    "delivered": ("delivered whole", "livrées entières", "volledig geleverd", "ganz geliefert"),
    "degraded": (
        "delivered, in part as text",
        "livrées en partie sous forme de texte",
        "geleverd, deels als tekst",
        "geliefert, teils als Text",
    ),
    "out_of_scope": (
        "outside the authorisation",
        "hors de l'autorisation",
        "buiten de machtiging",
        "außerhalb der Anweisung",
    ),
    "unscoped": (
        "patient not identifiable",
        "patient non identifiable",
        "patiënt niet te bepalen",
        "Patient nicht bestimmbar",
    ),
    "quarantined": (
        "handed over apart, sealed",
        "remises à part, scellées",
        "apart bezorgd, verzegeld",
        "gesondert übergeben, versiegelt",
    ),
    "look": (
        "points to look at (sealed work list)",
        "points à regarder (liste scellée)",
        "te bekijken punten (verzegelde lijst)",
        "anzusehende Punkte (versiegelte Liste)",
    ),
    # Who authorised
    "authorised": ("Who authorised it", "Qui l'a autorisé", "Wie het heeft toegestaan", "Wer es erlaubt hat"),
    "auth_text": (
        (
            "A signed instruction was checked before any byte was read: signature, chain, revocation,"
            " capacity of who signed, validity, use, scope, operator."
        ),
        (
            "Une instruction signée a été vérifiée avant la lecture du premier octet : signature, chaîne,"
            " révocation, qualité du signataire, validité, utilisation, portée, opérateur."
        ),
        (
            "Een ondertekende opdracht werd nagegaan vóór de eerste byte gelezen werd: handtekening, keten,"
            " intrekking, hoedanigheid van de ondertekenaar, geldigheid, gebruik, bereik, operator."
        ),
        (
            "Eine signierte Anweisung wurde geprüft, bevor das erste Byte gelesen wurde: Signatur, Kette,"
            " Widerruf, Eigenschaft des Unterzeichners, Gültigkeit, Verwendung, Umfang, Bediener."
        ),
    ),
    "auth_text_handwritten": (
        (
            "An instruction signed by hand was checked before any byte was read. There is no electronic"
            " signature: two operators attest the scanned signature, and one of them verified it. Capacity of who"
            " signed, validity, use, scope and operator were checked."
        ),
        (
            "Une instruction signée à la main a été vérifiée avant la lecture du premier"
            " octet. Il n'y a pas de signature électronique : deux opérateurs attestent la signature numérisée, et l'un"
            " d'eux l'a vérifiée. Ont été vérifiés : qualité du signataire, validité, utilisation, portée,"
            " opérateur."
        ),
        (
            "Een met de hand ondertekende opdracht werd nagegaan vóór de eerste byte"
            " gelezen werd. Er is geen elektronische handtekening: twee operators bevestigen de ingescande handtekening,"
            " en een van hen heeft ze nagegaan. Nagegaan werden hoedanigheid van de ondertekenaar, geldigheid, gebruik,"
            " bereik en operator."
        ),
        (
            "Eine von Hand unterschriebene Anweisung wurde geprüft, bevor das erste Byte gelesen wurde."
            " Eine elektronische Signatur gibt es nicht: zwei Bediener bezeugen die eingelesene Unterschrift, einer hat"
            " sie nachgeprüft. Geprüft wurden Eigenschaft des Unterzeichners, Gültigkeit, Verwendung,"
            " Umfang, Bediener."
        ),
    ),
    "signed_as": ("Signed as", "Signé en qualité de", "Ondertekend als", "Unterschrieben als"),
    "checked_at": ("Checked at", "Vérifiée le", "Nagegaan op", "Geprüft am"),
    "reference": (
        "Number of the instruction",
        "Numéro de l'instruction",
        "Nummer van de opdracht",
        "Nummer der Anweisung",
    ),
    "signed_where": (
        (
            "The instruction, its signature and certificates lie in the folder “authorisation” beside this certificate,"
            " as long as the doctor's record is kept."
        ),
        (
            "L'instruction, sa signature et ses certificats se trouvent dans le dossier « authorisation » joint à ce"
            " certificat, tant que les données du médecin sont conservées."
        ),
        (
            "De opdracht, de handtekening en de certificaten liggen in de map “authorisation” naast dit certificaat,"
            " zolang de gegevens van de arts bewaard worden."
        ),
        (
            "Anweisung, Signatur und Zertifikate liegen im Ordner „authorisation“ neben dieser Bescheinigung, solange die"
            " Daten des Arztes aufbewahrt werden."
        ),
    ),
    # What was destroyed
    "destroyed": (
        "What was destroyed",
        "Ce qui a été détruit",
        "Wat vernietigd werd",
        "Was vernichtet wurde",
    ),
    "destroyed_text": (
        "The encrypted working copy: its key first, then its files.",
        "La copie de travail chiffrée : d'abord sa clé, puis ses fichiers.",
        "De versleutelde werkkopie: eerst de sleutel, dan de bestanden.",
        "Die verschlüsselte Arbeitskopie: erst ihr Schlüssel, dann ihre Dateien.",
    ),
    "extent": ("Extent", "Étendue", "Omvang", "Umfang"),
    "destroyed_at": ("When", "Quand", "Wanneer", "Wann"),
    "category": ("Kind of data", "Type de données", "Soort gegevens", "Art der Daten"),
    "method": ("Method", "Méthode", "Methode", "Methode"),
    "encryption": ("Encryption", "Chiffrement", "Versleuteling", "Verschlüsselung"),
    "key": ("Key", "Clé", "Sleutel", "Schlüssel"),
    "place": ("Where the copy lay", "Où se trouvait la copie", "Waar de kopie stond", "Wo die Kopie lag"),
    "disk": (
        "Disk, as the site declares",
        "Disque (déclaré par le site)",
        "Schijf (verklaard door de site)",
        "Datenträger (Angabe des Standorts)",
    ),
    "host_backups": (
        "Host backups, as declared",
        "Sauvegardes (déclarées)",
        "Back-ups (verklaard)",
        "Sicherungen (laut Angabe)",
    ),
    "tool": ("Program", "Logiciel", "Programma", "Programm"),
    "inventory_where": (
        "The file “inventory.json” names each destroyed file, its size and its digest; the names say nothing of anybody.",
        (
            "Le fichier « inventory.json » nomme chaque fichier détruit, sa taille et son empreinte ;"
            " les noms ne disent rien de personne."
        ),
        (
            "Het bestand “inventory.json” noemt elk vernietigd bestand, met grootte en vingerafdruk;"
            " de namen zeggen niets over iemand."
        ),
        (
            "Die Datei „inventory.json“ nennt jede vernichtete Datei, ihre Größe und ihren Prüfwert;"
            " die Namen sagen nichts über irgendwen."
        ),
    ),
    # How that was checked
    "checks": (
        "How that was checked",
        "Comment cela a été vérifié",
        "Hoe dat is nagegaan",
        "Wie das geprüft wurde",
    ),
    "keyAbsent": ("the key is gone", "la clé n'existe plus", "de sleutel is weg", "der Schlüssel ist weg"),
    "decryptFails": ("reading fails", "la lecture échoue", "lezen mislukt", "Lesen schlägt fehl"),
    "filesAbsent": (
        "the files are gone",
        "les fichiers n'existent plus",
        "de bestanden zijn weg",
        "die Dateien sind weg",
    ),
    "processEnded": (
        "the working process had ended",
        "le processus de travail était terminé",
        "het werkproces was beëindigd",
        "der Arbeitsprozess war beendet",
    ),
    "control": (
        "counter-check: just before, the key still opened parts of the copy; how many:",
        "contre-épreuve : juste avant, la clé ouvrait encore des parties de la copie ; leur nombre :",
        "tegenproef: vlak ervoor opende de sleutel nog delen van de kopie; hoeveel:",
        "Gegenprobe: kurz davor öffnete der Schlüssel noch Teile der Kopie; wie viele:",
    ),
    "no_control": (
        "no counter-check: before the destruction, nothing could be opened any more, or nothing was there",
        "pas de contre-épreuve : avant la destruction, plus rien ne s'ouvrait, ou il n'y avait rien",
        "geen tegenproef: vóór de vernietiging ging niets meer open, of er was niets",
        "keine Gegenprobe: vor der Vernichtung ließ sich nichts mehr öffnen, oder es war nichts da",
    ),
    "validated_by": ("Validated by", "Validé par", "Bevestigd door", "Bestätigt durch"),
    "validation": ("Conclusion", "Conclusion", "Besluit", "Schluss"),
    # The rest
    "exceptions": (
        "Declared exceptions",
        "Exceptions déclarées",
        "Verklaarde uitzonderingen",
        "Erklärte Ausnahmen",
    ),
    "none": ("none", "aucune", "geen", "keine"),
    "fate": (
        "The fate of each copy",
        "Le sort de chaque copie",
        "Het lot van elke kopie",
        "Das Schicksal jeder Kopie",
    ),
    "source": ("Source export", "Export source", "Bronexport", "Quellexport"),
    "staging": (
        "Working copy (staging)",
        "Copie de travail (staging)",
        "Werkkopie (staging)",
        "Arbeitskopie (Staging)",
    ),
    "package": ("Package", "Paquet", "Pakket", "Paket"),
    "import_state": (
        "State of the import",
        "État de l'importation",
        "Stand van de import",
        "Stand des Imports",
    ),
    "channels": ("Channels used", "Canaux utilisés", "Gebruikte kanalen", "Benutzte Kanäle"),
    "channels_text": (
        "The program sends nothing by itself.",
        "Le logiciel n'envoie rien de lui-même.",
        "Het programma verstuurt zelf niets.",
        "Das Programm sendet von sich aus nichts.",
    ),
    "not_claimed": (
        "What is not claimed",
        "Ce qui n'est pas affirmé",
        "Wat niet beweerd wordt",
        "Was nicht behauptet wird",
    ),
    "trust": (
        (
            "This proves that this software, at this time, recorded and verified what is said here. It"
            " cannot prove that no other copy exists."
        ),
        (
            "Ceci prouve que ce logiciel, à ce moment, a enregistré et vérifié ce qui"
            " est dit ici. Cela ne peut prouver qu'il n'existe pas d'autre copie."
        ),
        (
            "Dit bewijst dat deze software, op dat ogenblik, vastgelegd en nagegaan heeft wat"
            " hier staat. Het kan niet bewijzen dat er geen andere kopie bestaat."
        ),
        (
            "Dies beweist, dass diese Software zu diesem Zeitpunkt festgehalten und geprüft hat, was hier"
            " steht. Es kann nicht beweisen, dass es keine andere Kopie gibt."
        ),
    ),
    "head": ("Head of the log", "Tête du journal", "Hoofd van het logboek", "Kopf des Protokolls"),
    "entries": ("entries", "inscriptions", "inschrijvingen", "Einträge"),
    "compare": (
        "Keep it: whoever holds it notices a rewritten log.",
        "Gardez-la : qui la détient remarque un journal réécrit.",
        "Bewaar het: wie het heeft, merkt een herschreven logboek.",
        "Bewahren Sie ihn auf: wer ihn hat, bemerkt ein umgeschriebenes Protokoll.",
    ),
    "stamped": (
        "Seen by an outside time-stamp authority at",
        "Vue par une autorité d'horodatage externe le",
        "Gezien door een externe tijdstempeldienst op",
        "Von einem externen Zeitstempeldienst gesehen am",
    ),
    "not_stamped": (
        "No outside time-stamp authority has seen it yet.",
        "Aucune autorité d'horodatage externe ne l'a encore vue.",
        "Nog geen externe tijdstempeldienst heeft het gezien.",
        "Noch kein externer Zeitstempeldienst hat ihn gesehen.",
    ),
}
WORDS = by_language(_WORDS)
