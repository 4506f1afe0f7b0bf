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
        """demande, aanvraag, verwijs, referral, prescription, voorschrift, ordonnance, attest, doktersattest, certificat,
        consent, toestemming, facture, factuur, invoice, rendez vous, afspraak""",
    ),
    (
        DocumentKind.DISCHARGE,
        """sortie, ontslag, discharge, entlass, rapport d hospitalisation, rapport hospitalisation, compte rendu d
        hospitalisation, cr d hospitalisation, cr hospitalisation, resume d hospitalisation, lettre d hospitalisation,
        hospitalisatieverslag, verslag hospitalisatie""",
    ),
    (
        DocumentKind.ADMISSION,
        """admission, hospital admission, avis d hospitalisation, avis hospitalisation, entree a l hopital, opnamebericht,
        opnamemelding, bericht van opname, melding opname, opname bericht, ziekenhuisopname""",
    ),
    (
        DocumentKind.LAB,
        """labo, lab., prise de sang, bloedname, bloedafname, bloedonderzoek, bloeduitslag, bloedresultaten, biologie, hematolog,
        serolog, urineonderzoek, urinekweek, culture, kweek, cytobacterio, hemogram, inr., hba1c, analyse sanguine, analyses
        sanguines, antibiogram, frottis, uitstrijkje, anatomopatholog, anapath, ana path, pathologisch onderzoek, cytologie,
        biops""",
    ),
    (
        DocumentKind.IMAGING,
        """radio, rx., rontgen, roentgen, scanner, ct., ctscan, irm., mri., nmr., echo, doppler, mammo, scintigraph, scintigraf,
        pet., osteodens, botdens, densitometr, dexa., imagerie, beeldvorming, arteriograph, coronarograph, coronarograf""",
    ),
    (
        DocumentKind.SPECIALIST_REPORT,
        """rapport, verslag, compte rendu, cr., protocol, consult, raadpleging, report, bericht, cardiolog, kardiolog, pneumolog,
        neurolog, dermatolog, orthoped, ortoped, urolog, gynecolog, gynaecolog, oftalmolog, ophtalmolog, oogarts, nko., orl.,
        gastro, coloscop, endoscop, reumatolog, rhumatolog, psychiatr, oncolog, nefrolog, nephrolog, pediatr, chirurg,
        endocrinolog, revalidatie, kine, ecg., emg., eeg., spirometr, operatie, operatoire, urgences, spoed, polysomnograph,
        slaaponderzoek, audiogram, audiometr""",
    ),
    (DocumentKind.CORRESPONDENCE, """brief, lettre, courrier, letter, courriel, mail., schrijven"""),
)
PRECEDENCE = tuple(
    (kind, tuple(" ".join(each.split()) for each in words.split(","))) for kind, words in _WORDS
)
"""Kinds in the order in which they are looked for, each with phrases. The first kind of which a title has a phrase wins.

Titles are compared without accents, case and punctuation. A phrase's last word may go on in the title, unless a point ends it.
"""
