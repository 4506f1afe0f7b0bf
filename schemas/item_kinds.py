"""The item kinds of the standard (CD-ITEM, KMEHR 1.7 and 1.43 together)."""

from __future__ import annotations

_NAMES = """
    acts actionplan admissiontype adr agreedtreatment agreementwithpatient allergy autonomy
    bloodtransfusionrefusal careplansubscription claim clinical complaint complementaryproduct conclusion
    contacthcparty contactperson diagnosis dischargedatetime dischargedestination dischargetype
    emergencyevaluation encounterdatetime encounterlegalservice encounterlocation encounternumber
    encounterresponsible encountersafetyissue encountertype evolution expirationdatetime familyrisk
    financialcontract gmdmanager habit hcpartyavailability healthcareapproach healthcareelement healthissue
    incapacity insurancystatus justification lab medication memberinsurancystatus membership ntbr outcome
    parameter patientcooperation patientwill problem professionalrisk referrer referringtype
    reimbursementcertificate reimbursementclass requestdatetime requesteddecisionsharing
    requesteddischargedestination requestedencountertype requestedrecipient requestnumber requestor result
    risk socialrisk specimendatetime technical transactionreason transcriptionist transferdatetime treatment
    vaccine
"""
ITEM_KINDS = frozenset(_NAMES.split())
