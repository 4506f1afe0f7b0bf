"""What kinds of documents there are, and the words in a title by which one is told (docs/formats/documents.md)."""

from __future__ import annotations

from enum import StrEnum


class DocumentKind(StrEnum):
    """A kind of document, told by its title alone. `UNCLASSIFIED`: the title names none."""

    DISCHARGE = "discharge_notice"
    ADMISSION = "admission_notice"
    LAB = "lab"
    IMAGING = "imaging"
    SPECIALIST_REPORT = "specialist_report"
    CORRESPONDENCE = "correspondence"
    UNCLASSIFIED = "unclassified"


TRANSACTIONS = {
    DocumentKind.DISCHARGE: "dischargereport",
    DocumentKind.ADMISSION: "admission",
    DocumentKind.LAB: "labresult",
    DocumentKind.IMAGING: "result",
    DocumentKind.SPECIALIST_REPORT: "report",
    DocumentKind.CORRESPONDENCE: "note",
    DocumentKind.UNCLASSIFIED: "note",
}
"""The value of CD-TRANSACTION for each kind."""

_WORDS = (
    (
        DocumentKind.CORRESPONDENCE,
        """demande, aanvraag, *voorschrift, *attest, lettre de ref, lettre de renvoi, declaration accident,
        arbeidsongeval, accident de travail, wilsverklaring, verwijs, referral, prescription, ordonnance,
        doktersbrief, certif, consent, toestemming, facture, factuur, invoice, rendez vous,
        rdv., afspraak, convocation, invitation, uitnodiging, oproep, cit., incapacite, ongeschiktheid,
        arbeidsongeschikt, formulaire, formulier, questionnaire, vragenlijst, assurance, verzekering, mutuelle,
        mutualite, mutualiteit, remboursement, terugbetaling, accord., akkoord, transfert dossier, transfert du
        dossier, overdracht dossier, spf., vraag, facturation""",
    ),
    (
        DocumentKind.SPECIALIST_REPORT,
        """labo du sommeil, epreuve d effort, fietsproef, inspanningsproef, slaaplab, polysomno""",
    ),
    (
        DocumentKind.DISCHARGE,
        """sortie, ontslag, fin hospi, hosp verslag, discharge, entlass, rh., fin d hospi, fin de sejour, resume sejour,
        resume de sejour, rapport de sejour, rapport d hospi, rapport hospi, rapp hospi, rap d hospi, compte rendu d
        hospi, cr d hospi, cr hospi, resume d hospi, lettre d hospi, hospitalisatieverslag, verslag hospitalisatie,
        einde opname, eindverslag opname, verslag opname, opnameverslag""",
    ),
    (
        DocumentKind.ADMISSION,
        """admission, hospital admission, annonce d hospi, kennisgeving hospi, avis d hospi, avis hospi, annonce hospi,
        entree a l hopital, entree hosp, avis entree, avis d entree, notif entree, est hospitalise, opnamebericht,
        opnamemelding, opnamebrief, bericht van opname, melding opname, kennisgeving opname, opname bericht, werd
        opgenomen, is opgenomen, ziekenhuisopname, aanmelding spoed""",
    ),
    (
        DocumentKind.LAB,
        """labo, lab., hemato., formule sanguine, ist., hiv., syphilis, apo., pathologische anatomie, *kweek, prise de
        sang, pds., bio sang, bilan sanguin, sang., bloed., bloedname, bloedafname, bloedonderzoek, bloeduitslag,
        bloedresultaten, bloedwaarden, biologie, hematolog, serolog, urine., urineonderzoek, urinekweek, stoelgang,
        ecbu., coproculture, culture, kweek, cytobacterio, hemogram, inr., psa., tsh., hba1c, analyse sang, analyses
        sang, analyse d urine, antibiogram, pcr., covid test, test covid, frottis, uitstrijkje, anatomopatholog,
        anapath, anapat, ana path, pathologisch onderzoek, pathologie, cytologie, biops, ifobt, calprotectin""",
    ),
    (
        DocumentKind.IMAGING,
        """radio, rx., rontgen, roentgen, scan cerebral, scan thora, scan abdo, scanner, ct., ctscan, tdm., irm., rmn.,
        mri., nmr., echo, doppler, duplex, mammo, borstkankerscreening, scinti, pet., petscan, petct, botscan,
        osteodens, botdens, densitometr, dexa., imagerie, beeldvorming, arteriograph, coronarograph, coronarograf""",
    ),
    (
        DocumentKind.ADMISSION,
        """opname., entree., hospitalise, opgenomen""",
    ),
    (
        DocumentKind.SPECIALIST_REPORT,
        """rapport, rapp., rap., verslag, compte rendu, cr., protocol, consult, cs., raadpleging, report, bericht, avis.,
        cardio, kardio, pneumo, neuro, dermato, ortho, orto, uro., urolog, gyneco, gynaeco, oftalmo, ophtalmo,
        oogarts, oogheelk, nko., orl., gastro, colono, coloscop, endoscop, reuma, rhumato, psychiatr, psycholog, onco,
        moc., nefro, nephro, pediatr, geriatr, chirurg, endocrino, diabeto, revalidatie, kine, ecg., emg., eeg., efr.,
        spirometr, longfunctie, operatie, operatoire, urgences, spoed, audiogram, audiometr, holter, ergometr""",
    ),
    (
        DocumentKind.CORRESPONDENCE,
        """brief, lettre, courrier, letter, courriel, mail., schrijven""",
    ),
)
PRECEDENCE = tuple(
    (kind, tuple(" ".join(each.split()) for each in words.split(","))) for kind, words in _WORDS
)
"""Kinds in the order in which they are looked for, each with phrases. The first kind of which a title has a phrase wins.

Titles are compared without accents, case and punctuation. A phrase's last word may go on in the title unless a point ends
it; a star allows the single word to begin otherwise.
"""
