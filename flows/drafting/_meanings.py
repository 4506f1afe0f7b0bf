"""Explains each field of an instruction, for the form and for the template."""

from __future__ import annotations

MEANINGS: dict[str, str] = {
    "language": "The language of the text that the doctor reads and signs.",
    "controllers": "Who instructs: every doctor whose practice is taken over, or who signs for one of them.",
    "processor": "Who is instructed: the firm or practice that runs Reprise, as the doctor knows it.",
    "purpose": "What for. There is one purpose: the takeover of the practice's records.",
    "source_system": "The old software, spelt as the export's header names it (KMEHR: the application under <sender>)."
    " Empty: not stated, and then not compared.",
    "target_system": "The new software.",
    "kinds": "Which kinds of records are taken over; the others stay out.",
    "patients": "Whose records: all patients, those seen since a day, or those of a list that the practice sealed.",
    "responsible": "Records of which doctors: those who instruct, any doctor in the export, or further ones by number.",
    "uses": "How often each may be done: inventory counts, rehearsal does all but deliver, migration delivers. A resumed run"
    " is the same use.",
    "recipients": "Who can open the package: two or more keys proven to this home, one of them for recovery.",
    "destination": "Where the package goes: a folder of this host, or a server declared here.",
    "validity": "From when until when the instruction holds.",
    "valid_from": "From when the instruction holds. A day means its beginning in Belgium.",
    "valid_until": "Until when the instruction holds. A day means its end in Belgium.",
    "custody": "Who holds the export and the package afterwards, and until when. The operator's copy is destroyed then.",
    "staging_deadline_hours": "How long the encrypted working copy may live at most, from the start of a run.",
    "ceilings": "How many records of a kind, in a thousand, may arrive as text (degraded) or be set aside for the doctor"
    " (quarantined), rounded up to a whole one. With more, nothing is delivered.",
}

CHOICES: dict[str, str] = {
    "fr": "French",
    "nl": "Dutch",
    "de": "German",
    "en": "English",
    "patient_records": "charts: problems, medication, allergies, contacts, documents",
    "lab_results": "laboratory results",
    "specialist_reports": "letters of specialists",
    "hospital_notices": "admissions and discharges",
    "all": "all patients",
    "seen_since": "those seen since a day",
    "list": "a list",
    "controllers": "the doctors who instruct",
    "any": "any doctor in the export",
    "doctor": "the doctor",
    "operator": "the operator, until a date",
    "controller": "for his or her own practice",
    "mandated": "mandated by the doctor",
    "successor": "successor of the doctor",
    "practice_company": "for the company of the practice",
    "practice": "the practice",
    "medinect": "the Medinect installation that imports",
    "recovery": "a sealed recovery key",
}
