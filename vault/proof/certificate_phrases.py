"""What the codes of a certificate are called, in the four languages: ends, fates, media, exceptions, channels."""

from __future__ import annotations

from vault.proof._certificate_words import by_language
from vault.runs.outcome_words import CAUSES

_PHRASES: dict[str, tuple[str, str, str, str]] = {
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
    # kinds of run
    "use_inventory": ("counting", "comptage", "telling", "Zählung"),
    "use_rehearsal": ("rehearsal", "essai à blanc", "proefrun", "Testlauf"),
    "use_migration": ("migration", "migration", "migratie", "Migration"),
    "use_delta": ("later addition", "complément", "aanvulling", "Nachtrag"),
    # the working copy
    "key_destroyed_files_unlinked": (
        "encrypted always; key destroyed, files unlinked",
        "toujours chiffrée ; clé détruite, fichiers supprimés",
        "altijd versleuteld; sleutel vernietigd, bestanden verwijderd",
        "immer verschlüsselt; Schlüssel zerstört, Dateien gelöscht",
    ),
    "special-category-health": (
        "health data (special category, article 9 GDPR), encrypted",
        "données de santé (catégorie particulière, article 9 RGPD), chiffrées",
        "gezondheidsgegevens (bijzondere categorie, artikel 9 AVG), versleuteld",
        "Gesundheitsdaten (besondere Kategorie, Artikel 9 DSGVO), verschlüsselt",
    ),
    "purge": (
        "purge by destroying the key (cryptographic erase, NIST SP 800-88); then the files were deleted",
        "purge par destruction de la clé (effacement cryptographique, NIST SP 800-88) ; puis suppression des fichiers",
        (
            "opschoning door vernietiging van de sleutel (cryptografisch wissen, NIST SP 800-88); daarna zijn de"
            " bestanden verwijderd"
        ),
        (
            "Bereinigung durch Zerstörung des Schlüssels (kryptografisches Löschen, NIST SP 800-88); danach wurden die"
            " Dateien gelöscht"
        ),
    ),
    "encrypted": (
        "AES-256-GCM, a key of 256 bits; encrypted from the first byte",
        "AES-256-GCM, clé de 256 bits ; chiffrée dès le premier octet",
        "AES-256-GCM, sleutel van 256 bits; versleuteld vanaf de eerste byte",
        "AES-256-GCM, Schlüssel von 256 Bit; verschlüsselt ab dem ersten Byte",
    ),
    "key_keyring": (
        (
            "in the kernel of the machine, never in a file; readable until then by the same user's processes and the"
            " administrator"
        ),
        (
            "dans le noyau de la machine, jamais dans un fichier ; lisible jusque-là par les processus du même utilisateur"
            " et par l'administrateur"
        ),
        (
            "in de kernel van de machine, nooit in een bestand; tot dan leesbaar voor processen van dezelfde gebruiker en"
            " voor de beheerder"
        ),
        (
            "im Kernel des Rechners, nie in einer Datei; bis dahin lesbar für Prozesse desselben Benutzers und den"
            " Administrator"
        ),
    ),
    "key_memory": (
        "in the memory of one process, never in a file; readable until then by the administrator",
        "dans la mémoire d'un seul processus, jamais dans un fichier ; lisible jusque-là par l'administrateur",
        "in het geheugen van één proces, nooit in een bestand; tot dan leesbaar voor de beheerder",
        "im Speicher eines einzigen Prozesses, nie in einer Datei; bis dahin lesbar für den Administrator",
    ),
    # media
    "local-fs": (
        "local file system",
        "système de fichiers local",
        "lokaal bestandssysteem",
        "lokales Dateisystem",
    ),
    "network-fs": (
        "network file system",
        "système de fichiers en réseau",
        "netwerkbestandssysteem",
        "Netzwerkdateisystem",
    ),
    "memory-fs": (
        "file system in memory",
        "système de fichiers en mémoire",
        "bestandssysteem in het geheugen",
        "Dateisystem im Speicher",
    ),
    "unknown": ("not known", "inconnu", "niet gekend", "nicht bekannt"),
    "disk_ssd": ("flash storage (SSD)", "mémoire flash (SSD)", "flashgeheugen (SSD)", "Flash-Speicher (SSD)"),
    "disk_hdd": ("magnetic disk", "disque magnétique", "magnetische schijf", "Magnetplatte"),
    "disk_unknown": ("kind not stated", "type non indiqué", "soort niet vermeld", "Art nicht angegeben"),
    "luks_yes": (
        "encrypted as a whole as well (LUKS)",
        "aussi chiffré dans son ensemble (LUKS)",
        "ook in zijn geheel versleuteld (LUKS)",
        "auch als Ganzes verschlüsselt (LUKS)",
    ),
    "luks_no": (
        "not encrypted as a whole",
        "non chiffré dans son ensemble",
        "niet in zijn geheel versleuteld",
        "nicht als Ganzes verschlüsselt",
    ),
    "luks_unknown": (
        "encryption as a whole not stated",
        "chiffrement d'ensemble non indiqué",
        "versleuteling in haar geheel niet vermeld",
        "Verschlüsselung als Ganzes nicht angegeben",
    ),
    "backed_up_no": ("none", "aucune", "geen", "keine"),
    "backed_up_yes": (
        "exist; they hold encrypted files without their key",
        "existent ; elles contiennent des fichiers chiffrés sans leur clé",
        "bestaan; ze bevatten versleutelde bestanden zonder sleutel",
        "vorhanden; sie enthalten verschlüsselte Dateien ohne ihren Schlüssel",
    ),
    "backed_up_unknown": ("not stated", "non indiqué", "niet vermeld", "nicht angegeben"),
    # who validated, and with what result
    "role_operator": (
        "the program, for the operator",
        "le logiciel, pour l'opérateur",
        "het programma, voor de operator",
        "das Programm, für den Bediener",
    ),
    "role_sweep": (
        "the program, by the standing order of the site (sweep)",
        "le logiciel, sur ordre permanent du site (balayage)",
        "het programma, op doorlopend bevel van de site (sweep)",
        "das Programm, auf Dauerauftrag des Standorts (Sweep)",
    ),
    "effective": (
        "destruction effective",
        "destruction effective",
        "vernietiging doeltreffend",
        "Vernichtung wirksam",
    ),
    "effective-with-exceptions": (
        "effective, with the exceptions declared below",
        "effective, avec les exceptions ci-dessous",
        "doeltreffend, met de uitzonderingen hieronder",
        "wirksam, mit den Ausnahmen unten",
    ),
    "swap_on": (
        "The machine may move memory to disk (swap): a piece of the key or of a record may have been there.",
        (
            "La machine peut déplacer de la mémoire vers le disque (swap) : un fragment de la clé ou d'un dossier a pu s'y"
            " trouver."
        ),
        (
            "De machine kan geheugen naar schijf verplaatsen (swap): een stuk van de sleutel of van een dossier kan daar"
            " gestaan hebben."
        ),
        (
            "Der Rechner kann Speicher auf den Datenträger auslagern (Swap): ein Stück des Schlüssels oder einer Akte kann"
            " dort gewesen sein."
        ),
    ),
    "core_pattern_pipes": (
        "The machine hands memory images of crashed programs to another program; ours forbid such images.",
        "La machine remet les images mémoire des programmes plantés à un autre programme ; les nôtres les interdisent.",
        (
            "De machine geeft geheugenafdrukken van gecrashte programma's door aan een ander programma; de onze verbieden"
            " ze."
        ),
        "Der Rechner übergibt Speicherabbilder abgestürzter Programme an ein anderes Programm; unsere verbieten sie.",
    ),
    # after the run
    "delivered_not_confirmed": (
        "delivered; the import into the new system is not confirmed",
        "livré ; l'importation dans le nouveau système n'est pas confirmée",
        "geleverd; de import in het nieuwe systeem is niet bevestigd",
        "geliefert; der Import in das neue System ist nicht bestätigt",
    ),
    "opened": (
        "the practice opened the package",
        "le cabinet a ouvert le paquet",
        "de praktijk heeft het pakket geopend",
        "die Praxis hat das Paket geöffnet",
    ),
    "imported": (
        "the practice confirmed the import into the new system",
        "le cabinet a confirmé l'importation dans le nouveau système",
        "de praktijk heeft de import in het nieuwe systeem bevestigd",
        "die Praxis hat den Import in das neue System bestätigt",
    ),
    "accepted": (
        "accepted: a controller signed that the import is complete",
        "accepté : un responsable du traitement a signé que l'importation est complète",
        "aanvaard: een verwerkingsverantwoordelijke heeft getekend dat de import volledig is",
        "angenommen: ein Verantwortlicher hat unterschrieben, dass der Import vollständig ist",
    ),
    "encrypted_always": (
        "encrypted always; the only key to it was destroyed with the working copy",
        "toujours chiffré ; la seule clé qui l'ouvrait a été détruite avec la copie de travail",
        "altijd versleuteld; de enige sleutel ervan is met de werkkopie vernietigd",
        "immer verschlüsselt; der einzige Schlüssel dazu wurde mit der Arbeitskopie zerstört",
    ),
    # how a copy of the operator's ended
    "ended_unlinked_overwritten": (
        (
            "was held by the operator; overwritten and deleted. On flash storage overwriting is no proof of erasure, and"
            " names of files may remain in the file system's journal"
        ),
        (
            "était chez l'opérateur ; écrasé et supprimé. Sur mémoire flash, l'écrasement ne prouve pas l'effacement, et des"
            " noms de fichiers peuvent rester dans le journal du système de fichiers"
        ),
        (
            "was bij de operator; overschreven en verwijderd. Op flashgeheugen bewijst overschrijven geen wissing, en namen"
            " van bestanden kunnen in het journaal van het bestandssysteem blijven"
        ),
        (
            "war beim Bearbeiter; überschrieben und gelöscht. Auf Flashspeicher beweist Überschreiben keine Löschung, und"
            " Dateinamen können im Journal des Dateisystems bleiben"
        ),
    ),
    "ended_unlinked_sealed": (
        "the operator's copy was overwritten and deleted; it was sealed to keys that the recipients keep",
        "la copie de l'opérateur a été écrasée et supprimée ; elle était scellée pour des clés que gardent les destinataires",
        "de kopie van de operator is overschreven en verwijderd; ze was verzegeld voor sleutels die de ontvangers houden",
        (
            "die Kopie des Bearbeiters wurde überschrieben und gelöscht; sie war für Schlüssel versiegelt, die die Empfänger"
            " behalten"
        ),
    ),
    "ended_deleted_at_server": (
        "the operator's copy was deleted at its server, which gives it back no longer; it was sealed to the recipients' keys",
        "la copie de l'opérateur a été supprimée sur son serveur, qui ne la rend plus ; elle était scellée aux destinataires",
        "de kopie van de operator is op haar server verwijderd, die ze niet meer geeft; ze was verzegeld voor de ontvangers",
        "die Kopie des Bearbeiters wurde auf ihrem Server gelöscht und ist dort fort; sie war für die Empfänger versiegelt",
    ),
    "ended_incomplete": (
        "held by the operator; NOT wholly destroyed, a person is looking into it",
        "chez l'opérateur ; PAS entièrement détruit, une personne s'en occupe",
        "bij de operator; NIET volledig vernietigd, iemand zoekt het uit",
        "beim Bearbeiter; NICHT ganz zerstört, jemand geht dem nach",
    ),
    "other_names_remain": (
        "a file had another name elsewhere, which remains; what it named is overwritten",
        "un fichier avait un autre nom ailleurs, qui demeure ; ce qu'il désignait est écrasé",
        "een bestand had elders nog een naam, die blijft; wat hij noemde is overschreven",
        "eine Datei hatte anderswo einen weiteren Namen, der bleibt; was er nannte, ist überschrieben",
    ),
    "not_found": (
        "a file was no longer there: somebody else removed it, and how is not known",
        "un fichier n'était plus là : quelqu'un d'autre l'a retiré, on ne sait comment",
        "een bestand was er niet meer: iemand anders heeft het verwijderd, hoe is niet bekend",
        "eine Datei war nicht mehr da: jemand anderes hat sie entfernt, wie, ist nicht bekannt",
    ),
    "nothing_delivered": (
        "nothing was delivered",
        "rien n'a été livré",
        "niets is geleverd",
        "nichts wurde geliefert",
    ),
    "folder": (
        "The package, sealed to its recipients, was put into the folder that the instruction names.",
        "Le paquet, scellé pour ses destinataires, a été placé dans le dossier que nomme l'instruction.",
        "Het pakket, verzegeld voor zijn ontvangers, is in de map gezet die de opdracht noemt.",
        "Das Paket, für seine Empfänger versiegelt, wurde in den Ordner gelegt, den die Anweisung nennt.",
    ),
    "sftp": (
        "The package, sealed to its recipients, was sent over SFTP to the server that the instruction names.",
        "Le paquet, scellé pour ses destinataires, a été envoyé par SFTP au serveur que nomme l'instruction.",
        "Het pakket, verzegeld voor zijn ontvangers, is via SFTP gestuurd naar de server die de opdracht noemt.",
        "Das Paket, für seine Empfänger versiegelt, ging über SFTP an den Server, den die Anweisung nennt.",
    ),
    "s3": (
        "The package, sealed to its recipients, was sent to the object store (S3) that the instruction names.",
        "Le paquet, scellé pour ses destinataires, a été envoyé au stockage d'objets (S3) que nomme l'instruction.",
        "Het pakket, verzegeld voor zijn ontvangers, is gestuurd naar de objectopslag (S3) die de opdracht noemt.",
        "Das Paket, für seine Empfänger versiegelt, ging an den Objektspeicher (S3), den die Anweisung nennt.",
    ),
    "remote_leftover_not_reachable": (
        "The server could not be reached to take back what had been sent: sealed files of this run may still lie there.",
        "Le serveur était injoignable pour reprendre ce qui avait été envoyé : des fichiers scellés peuvent encore s'y trouver.",
        "De server was niet bereikbaar om terug te nemen wat gestuurd was: verzegelde bestanden kunnen er nog liggen.",
        "Der Server war nicht erreichbar, um Gesendetes zurückzunehmen: versiegelte Dateien können dort noch liegen.",
    ),
    "time_stamp": (
        "The operator had digests (no data) stamped by a time-stamp authority.",
        "L'opérateur a fait horodater des empreintes (aucune donnée) par une autorité d'horodatage.",
        "De operator liet vingerafdrukken (geen gegevens) stempelen door een tijdstempeldienst.",
        "Der Bediener ließ Prüfwerte (keine Daten) von einem Zeitstempeldienst stempeln.",
    ),
    "witness": (
        "Outside witnesses cosigned the head of the log (no data).",
        "Des témoins externes ont cosigné la tête du journal (aucune donnée).",
        "Externe getuigen ondertekenden mee het hoofd van het logboek (geen gegevens).",
        "Externe Zeugen haben den Kopf des Protokolls mitgezeichnet (keine Daten).",
    ),
    "no_channel": ("None was used.", "Aucun n'a été utilisé.", "Geen is gebruikt.", "Keiner wurde benutzt."),
    "claim_host_backups": (
        "backups of the machine made during the run",
        "les sauvegardes de la machine faites pendant le passage",
        "back-ups van de machine die tijdens het verloop gemaakt zijn",
        "Sicherungen des Rechners, die während des Laufs gemacht wurden",
    ),
    "claim_source_and_target_systems": (
        "copies in the old and in the new system",
        "les copies dans l'ancien et dans le nouveau système",
        "kopieën in het oude en in het nieuwe systeem",
        "Kopien im alten und im neuen System",
    ),
    "claim_memory_after_process_end": (
        "memory after the end of a process, beyond what the operating system guarantees",
        "la mémoire après la fin d'un processus, au-delà de ce que garantit le système d'exploitation",
        "geheugen na het einde van een proces, buiten wat het besturingssysteem waarborgt",
        "Speicher nach dem Ende eines Prozesses, über das hinaus, was das Betriebssystem zusichert",
    ),
}
PHRASES = by_language({**CAUSES, **_PHRASES})
"""Language to name to phrase."""
