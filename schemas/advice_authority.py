"""Words of the codes about instructions, signatures and trust."""

from __future__ import annotations

_SIGN_AGAIN = "Have the unaltered instruction signed again; `reprise authorise check FILE` lists every test."
_NEW_INSTRUCTION = "Draw up a new instruction (`reprise authorise draft`) and have it signed."
_SENT_UNALTERED = (
    "Get the file again as it left the signer: mail and editors can alter one. Else have it signed again."
)

AUTHORITY: dict[str, tuple[str, str]] = {
    # the instruction and its terms
    "instruction_malformed": (
        "This file is no instruction, or one of its fields is wrong.",
        "Give the JSON or PDF that `reprise authorise draft` wrote, unaltered.",
    ),
    "readable_text_differs": (
        "The text that the doctor read does not say what the instruction's fields say.",
        "Do not use it. Draw it up again with `reprise authorise draft`, and have that signed.",
    ),
    "pdf_without_instruction": (
        "This PDF holds no instruction.",
        (
            "Give the page that `reprise authorise draft --to FILE.pdf` wrote, after it was signed: not a print or a"
            " scan of it."
        ),
    ),
    "pdf_too_large": (
        "This PDF is larger than any signed instruction.",
        "Give the signed page itself, not a scan: a page signed by hand goes through `reprise authorise scan`.",
    ),
    "not_yet_valid": (
        "The instruction is not valid yet.",
        (
            "Wait for its first day (`reprise authorise check FILE` shows it), or see whether this machine's clock is"
            " right."
        ),
    ),
    "expired": ("The instruction's validity is over.", _NEW_INSTRUCTION),
    "withdrawn": (
        "The controller withdrew this instruction.",
        "Nothing may be done with it any more. To go on, have a new one drawn up and signed.",
    ),
    "custody_missing": (
        "The instruction does not say who holds the export and the package.",
        f"{_NEW_INSTRUCTION} It names both, and until when.",
    ),
    "custody_without_date": (
        "The instruction lets the operator hold a copy without a date.",
        f"{_NEW_INSTRUCTION} A copy that the operator holds needs the day on which it is destroyed.",
    ),
    "deadline_above_ceiling": (
        "The instruction lets staging live longer than this site allows.",
        "Draw up a new one within `ceiling_hours` of site.toml, or have whoever answers for the site raise that.",
    ),
    "use_exhausted": (
        "The instruction has no such use left.",
        "`run` is the one that spent the last; `reprise status RUN` shows its end. Ask for a new instruction.",
    ),
    "use_held": (
        "The last such use is held by a run that has not ended.",
        (
            "`reprise resume RUN` goes on with it and spends nothing more; `reprise abandon RUN --yes` ends it, and gives"
            " the use back when nothing was delivered."
        ),
    ),
    "no_such_authorisation": (
        "There is neither such a file nor an instruction recorded under this id.",
        "Check the path, or the id: `reprise authorise list` shows them.",
    ),
    "evidence_erased": (
        "What shows who signed this instruction was erased with the person's record.",
        "It can carry nothing any more. To go on, enrol the doctor again and have a new instruction signed.",
    ),
    "already_recorded": (
        "This instruction is recorded already.",
        "Use it by its id: `reprise authorise list`.",
    ),
    # the list of patients
    "patient_list_missing": (
        "The instruction names a sealed list of patients, and there is none beside it.",
        "Put the list as FILE.patients.age beside the instruction.",
    ),
    "patient_list_differs": (
        "The list of patients is not the one that the instruction names.",
        "Get the list that was sealed for this instruction; another list needs another instruction.",
    ),
    "patient_list_malformed": (
        "The list of patients cannot be read.",
        "One valid national number a line, sealed with `reprise authorise seal-patients` to this home's recipient.",
    ),
    # signatures
    "signature_missing": (
        "There is no signature.",
        "Put the signature beside the file as FILE.p7s, or give the signed PDF.",
    ),
    "signature_malformed": (
        "The signature cannot be read.",
        "Get FILE.p7s again as it was made (CAdES, detached, DER), or have the instruction signed again.",
    ),
    "signature_altered": ("The signature does not belong to this document, or was altered.", _SENT_UNALTERED),
    "document_altered": ("The document is not the one that was signed.", _SENT_UNALTERED),
    "controller_did_not_sign": (
        "A doctor whom the instruction names did not sign, nor a person with their mandate.",
        "Have each of them sign the same file: `reprise authorise check FILE` lists whose signature is there.",
    ),
    "wrong_signer": (
        "Who signed is none of those whom the instruction names.",
        "Have the doctor it names sign it; or draw one up for the doctor who signed.",
    ),
    "signer_not_enrolled": (
        "Nobody of this national number is enrolled here.",
        (
            "`reprise enrol doctor`, then `reprise enrol attest` by a second operator; the instruction need not be"
            " signed again."
        ),
    ),
    "signer_not_attested": (
        "The signer's enrolment waits for a second operator.",
        "Have another operator attest it: `reprise enrol attest`; the instruction need not be signed again.",
    ),
    "signer_without_number": (
        "The signer's certificate holds no national number.",
        "Have it signed with an eID or an eHealth certificate of a person; others do not say who signed.",
    ),
    "signer_number_malformed": (
        "The number in the signer's certificate is no national number.",
        "Have it signed with an eID or an eHealth certificate of a person.",
    ),
    "mandate_missing": (
        "Who signed has no mandate for this doctor.",
        "Have the doctor sign, or record the mandate: `reprise enrol mandate`, attested by two operators.",
    ),
    "mandate_expired": (
        "The signer's mandate is over, or has not begun.",
        "Have the doctor sign, or record a mandate that holds today: `reprise enrol mandate`.",
    ),
    "mandate_ended": (
        "The signer's mandate was ended.",
        "Have the doctor sign, or somebody whose mandate holds.",
    ),
    "mandate_of_another": (
        "The signer's mandate is of another kind, or for another doctor, than the instruction states.",
        "Have the doctor sign; or draw up an instruction that states the mandate as it is.",
    ),
    "p12_unusable": (
        "The signing key (.p12) does not open: the password is wrong, or the file is none.",
        "Type the password again; check that the file is the .p12 of the person who signs.",
    ),
    "signing_failed": (
        "The key opened, and signing failed.",
        "See that the certificate is of a kind that may sign (eID, eHealth), and that it has not expired.",
    ),
    "one_of_p12_and_token": (
        "A .p12 and a token were named, or neither.",
        "Give --p12 FILE, or --token and --label.",
    ),
    "token_label_missing": ("The token is not named.", "Give its label: --label NAME."),
    "token_library_unusable": (
        "The PKCS#11 library does not load.",
        "Check the path; for an eID install its middleware (eid-mw).",
    ),
    "token_not_found": (
        "No card or token of this label is there.",
        "Put the card into the reader; check --label.",
    ),
    "token_pin_wrong": ("The PIN is wrong.", "Type it again; after too many attempts the card locks itself."),
    "token_pin_locked": (
        "The card has locked its PIN.",
        "Have it unlocked by who issued the card; or sign with another.",
    ),
    "token_key_missing": (
        "The token has no such key and certificate.",
        "Check --key: for an eID the one for signatures, not the one for authentication.",
    ),
    "token_failed": ("The card or token failed.", "Take it out, put it in, and try again."),
    # pages signed by hand
    "handwritten_not_allowed": (
        "This site does not take instructions signed by hand.",
        "Have it signed electronically; or have whoever answers for the site set `handwritten` in site.toml.",
    ),
    "handwritten_by_doctor_only": (
        "A page signed by hand is taken of the doctor alone, for nobody's mandate.",
        "Have the doctor sign by hand, or the mandated person electronically.",
    ),
    "scan_missing": ("No scan of the signed page is kept.", "`reprise authorise scan` takes it in."),
    "scan_not_an_image": ("The scan is neither PDF, PNG nor JPEG.", "Scan the page again into one of those."),
    "scan_too_large": ("The scan is larger than a page needs.", "Scan it again at 200 to 300 dots per inch."),
    "attestation_missing": (
        "The page signed by hand was not attested by two operators.",
        "`reprise authorise attest`, by another operator than the one who scanned it.",
    ),
    "attestation_of_another": (
        "The attestation is of another instruction or another scan.",
        "Scan and attest the page of this instruction: `reprise authorise scan`.",
    ),
    "verification_unknown": (
        "This is no known way to make sure whose signature it is.",
        "`reprise authorise attest --help` lists them.",
    ),
    # trust
    "unknown_root": (
        "The signer's certificate leads to none of the roots that are trusted here.",
        "Get the root of the authority that issued it, from that authority: `reprise trust add`, or --roots.",
    ),
    "chain_invalid": (
        "The chain from the signer's certificate to a root does not hold.",
        "An intermediate certificate is missing or out of its time: `reprise trust show`, `reprise trust add`.",
    ),
    "revocation_missing": (
        "There is no revocation list or OCSP answer for the signer's certificate.",
        "Fetch the list of the authority that issued it: `reprise trust add FILE --as crl`. Nothing is fetched by itself.",
    ),
    "revocation_stale": (
        "The revocation list is out of its time.",
        "Fetch a fresh one of the same authority: `reprise trust add FILE --as crl`; `reprise trust show` lists ages.",
    ),
    "revocation_of_unknown_issuer": (
        "This list or answer is of an authority that is not trusted here.",
        "Add its certificate first: `reprise trust add FILE --as root` (or intermediate).",
    ),
    "signer_revoked": (
        "The signer's certificate was revoked.",
        "Ask the doctor: the card may be lost or replaced. Have the instruction signed with a certificate that holds.",
    ),
    "signer_expired": (
        "The signer's certificate has expired.",
        "Have the instruction signed with a certificate that holds today.",
    ),
    "signer_not_yet_valid": (
        "The signer's certificate is not valid yet.",
        "See whether this machine's clock is right; else wait for its first day.",
    ),
    "key_usage": (
        "The signer's certificate may not be used for signatures of this kind.",
        "On an eID take the certificate for signatures (not for authentication); docs/authorisation.md lists the kinds.",
    ),
    "certificate_family_unknown": (
        "The signer's certificate is neither of an eID nor of eHealth.",
        "Have it signed with one of those; docs/authorisation.md lists which certificates may sign.",
    ),
    "trial_root": (
        "A trial's certificate was met in a home that is no trial.",
        "Have it signed with a real certificate; take the trial's root out of the trust folder.",
    ),
    "trust_material_malformed": (
        "This is no certificate, or not the kind of file asked for.",
        "Give certificates (PEM or DER); of a folder, only roots are taken.",
    ),
    "trust_material_stale": (
        "A certificate or revocation list is out of its time.",
        "Fetch it anew from its authority and `reprise trust add` it; `reprise trust show` says which.",
    ),
    "key_too_weak": (
        "A signing key here is too weak to be believed.",
        "RSA needs 2048 bits; of curves P-256, P-384, P-521 and brainpool r1 are accepted. Sign with another certificate.",
    ),
    "root_not_self_signed": (
        "This certificate is no root: another authority signed it.",
        "Add it as an intermediate, and its authority's own certificate as the root.",
    ),
    "no_timestamp_roots": (
        "No time-stamp authority is trusted here.",
        "`reprise trust add FILE --as timestamp`, with its root from the authority itself.",
    ),
    "stamp_untrusted": (
        "The time stamp is of an authority that is not trusted here.",
        "Add its root, obtained from the authority itself: `reprise trust add FILE --as timestamp`.",
    ),
    "stamp_of_nothing_here": (
        "The time stamp is of nothing that was asked for here.",
        (
            "Give the answer to a request of this home: `reprise ledger stamp-request` or `reprise authorise"
            " stamp-request`."
        ),
    ),
    "clock_differs": (
        "The time stamp says another time than this machine.",
        "See that this machine's clock is synchronised, then have a new request stamped.",
    ),
    "every_signature_has_its_stamp": ("Every signature here has its time stamp.", "Nothing is left to do."),
    "acceptance_not_signed": (
        "The acceptance is not signed.",
        "`reprise confirm RUN accepted --draft FILE` writes what a controller signs; then give it: --signed FILE.",
    ),
    "acceptance_of_another": (
        "What was signed is not the acceptance of this run.",
        "`reprise confirm RUN accepted --draft FILE` writes it; have that very file signed.",
    ),
    "withdrawal_of_another": (
        "What was signed is not the withdrawal of this instruction.",
        "`reprise authorise draft-withdrawal ID --to FILE` writes it; have that very file signed.",
    ),
    "import_state_not_later": (
        "More than this is confirmed already.",
        "A confirmation goes forward only: opened, imported, accepted. `reprise status RUN` shows the present one.",
    ),
    "fields_refused": (
        "Fields of the instruction hold what they may not.",
        "`reprise authorise draft FILE` names each field and what may stand there.",
    ),
    "text_hides": (
        "A field of the instruction holds characters that hide or reorder text.",
        "What the doctor read may not be what was signed: draft the instruction anew and have it signed.",
    ),
    "custody_over": (
        "The operator may no longer hold one of the copies.",
        "The instruction ends the custody of the export or of the package before now: draw up a new one.",
    ),
    "recovery_key_missing": (
        "No recovery key is among the recipients.",
        "Draw up an instruction that names one, proven in that role: `reprise recipient list`.",
    ),
    "recipient_role_differs": (
        "A recipient's key was proven in another role than the instruction states.",
        "`reprise recipient list` shows each key's role; draw up an instruction that states it.",
    ),
    "no_such_place": (
        "The page has no such box to sign in.",
        "--as takes a number from 1, in the order of the boxes, or a role on the page.",
    ),
    "place_is_signed": (
        "This box of the page is signed already.",
        "Each controller signs once, in the box under his or her own name: --as says which.",
    ),
    "page_is_signed": (
        "Every box of this page is signed already.",
        "Nothing is left to sign. `reprise authorise check FILE` says whose the signatures are and whether they hold.",
    ),
    "place_not_named": (
        "The page has several boxes to sign in.",
        "Say whose is signed: --as with its number from 1, the INAMI number, or the role.",
    ),
    "signed_in_anothers_place": (
        "A signature stands in the box of another controller.",
        "Draft the page anew; each signs in the box under his or her own name: `reprise authorise sign FILE --as NUMBER`.",
    ),
    "fields_not_given": (
        "There are no fields to draft from.",
        "Name a file (`reprise authorise draft --template` prints one), or answer the questions in a terminal.",
    ),
    "fields_unreadable": (
        "FIELDS is neither JSON nor TOML.",
        "The line is where reading stopped; `reprise authorise draft --template` shows how it is written.",
    ),
    "file_exists": (
        "A file of this name is there; nothing was written.",
        "Somebody may have signed it, or be about to: name another FILE, or move that one away.",
    ),
    "fields_too_large": (
        "FIELDS is larger than any instruction.",
        "Name the file of fields: `reprise authorise draft --template` prints one.",
    ),
}
