"""Words of the codes about instructions, signatures and trust."""

from __future__ import annotations

_NEW_INSTRUCTION = "Draft a new instruction (`reprise authorise draft`) and have it signed."
_SENT_UNALTERED = (
    "Get the file again as the signer sent it, because mail programs and editors can alter a file. If that does not"
    " help, have it signed again."
)

AUTHORITY: dict[str, tuple[str, str]] = {
    # the instruction and its terms
    "instruction_malformed": (
        "This file is not an instruction, or one of its fields is wrong.",
        "Give the JSON or PDF file that `reprise authorise draft` wrote, unaltered.",
    ),
    "readable_text_differs": (
        "The text that the doctor read does not match the fields of the instruction.",
        "Do not use this instruction. Draft it again with `reprise authorise draft`, and have the new draft signed.",
    ),
    "pdf_without_instruction": (
        "This PDF does not contain an instruction.",
        "Give the signed PDF that `reprise authorise draft --to FILE.pdf` wrote, not a print or a scan of it.",
    ),
    "pdf_too_large": (
        "This PDF is larger than a signed instruction can be.",
        "Give the signed PDF itself, not a scan. Take in a page signed by hand with `reprise authorise scan`.",
    ),
    "not_yet_valid": (
        "The instruction is not valid yet.",
        (
            "Wait for the first day of validity (`reprise authorise check FILE` shows it), or check whether this"
            " machine's clock is right."
        ),
    ),
    "expired": ("The instruction has expired.", _NEW_INSTRUCTION),
    "withdrawn": (
        "The controller withdrew this instruction.",
        "Do not use this instruction any more. To go on, draft a new one and have it signed.",
    ),
    "custody_missing": (
        "The instruction does not say who holds the export and who holds the package.",
        f"{_NEW_INSTRUCTION} It must name both holders and say until when they hold the copies.",
    ),
    "custody_without_date": (
        "The instruction lets the operator hold a copy but gives no end date.",
        f"{_NEW_INSTRUCTION} It must give the day on which a copy that the operator holds is destroyed.",
    ),
    "deadline_above_ceiling": (
        "The instruction lets staging exist for longer than this site allows.",
        (
            "Draft a new instruction within `ceiling_hours` of site.toml, or ask the person responsible for the"
            " site to raise that limit."
        ),
    ),
    "use_exhausted": (
        "The instruction has no such use left.",
        "Ask for a new instruction. `run` names the run that spent the last use; `reprise status RUN` shows how it ended.",
    ),
    "use_held": (
        "A run that has not ended holds the last such use.",
        (
            "Continue that run with `reprise resume RUN`, which spends no further use; or end it with `reprise"
            " abandon RUN --yes`, which gives the use back if nothing was delivered."
        ),
    ),
    "no_such_authorisation": (
        "No file has this path, and no recorded instruction has this id.",
        "Check the path or the id; `reprise authorise list` shows the recorded instructions.",
    ),
    "evidence_erased": (
        "The evidence of who signed this instruction was erased together with the person's record.",
        "Do not use this instruction any more. To go on, enrol the doctor again and have a new instruction signed.",
    ),
    "already_recorded": (
        "This instruction has already been recorded.",
        "Refer to it by its id, which `reprise authorise list` shows.",
    ),
    # the list of patients
    "patient_list_missing": (
        "The instruction names a sealed list of patients, but the list is not beside it.",
        "Put the list beside the instruction as FILE.patients.age.",
    ),
    "patient_list_differs": (
        "The list of patients is not the list that the instruction names.",
        "Get the list that was sealed for this instruction. To use another list, have another instruction signed.",
    ),
    "patient_list_malformed": (
        "Reprise cannot read the list of patients.",
        (
            "Write one valid national number on each line, and seal the list to this home's recipient with `reprise"
            " authorise seal-patients`."
        ),
    ),
    # signatures
    "signature_missing": (
        "The file has no signature.",
        "Put the signature beside the file as FILE.p7s, or give the signed PDF.",
    ),
    "signature_malformed": (
        "Reprise cannot read the signature.",
        "Get the original FILE.p7s again (CAdES, detached, DER), or have the instruction signed again.",
    ),
    "signature_altered": (
        "The signature does not belong to this document, or the signature was altered.",
        _SENT_UNALTERED,
    ),
    "document_altered": ("This document is not the one that was signed.", _SENT_UNALTERED),
    "controller_did_not_sign": (
        "Neither a doctor whom the instruction names nor a person with that doctor's mandate signed it.",
        "Have each named doctor sign the same file; `reprise authorise check FILE` lists the signatures that it has.",
    ),
    "wrong_signer": (
        "The instruction does not name the person who signed it.",
        "Have the named doctor sign the instruction, or draft an instruction for the doctor who signed.",
    ),
    "signer_not_enrolled": (
        "No enrolled person has the signer's national number.",
        (
            "Run `reprise enrol doctor`, then have a second operator run `reprise enrol attest`. The instruction"
            " need not be signed again."
        ),
    ),
    "signer_not_attested": (
        "A second operator has not yet attested the signer's enrolment.",
        "Have another operator attest it with `reprise enrol attest`. The instruction need not be signed again.",
    ),
    "signer_without_number": (
        "The signer's certificate does not contain a national number.",
        "Have the file signed with a personal eID or eHealth certificate; other certificates do not say who signed.",
    ),
    "signer_number_malformed": (
        "The number in the signer's certificate is not a national number.",
        "Have the file signed with a personal eID or eHealth certificate.",
    ),
    "mandate_missing": (
        "The signer has no mandate for this doctor.",
        "Have the doctor sign, or record the mandate with `reprise enrol mandate` and have two operators attest it.",
    ),
    "mandate_expired": (
        "The signer's mandate has expired or has not begun.",
        "Have the doctor sign, or record a mandate that is valid today with `reprise enrol mandate`.",
    ),
    "mandate_ended": (
        "The signer's mandate was ended.",
        "Have the doctor sign, or a person whose mandate is valid.",
    ),
    "mandate_of_another": (
        "The signer's mandate is of another kind, or for another doctor, than the instruction states.",
        "Have the doctor sign, or draft an instruction that states the mandate correctly.",
    ),
    "p12_unusable": (
        "Reprise cannot open the signing key (.p12): the password is wrong, or the file is not a .p12 file.",
        "Type the password again, and check that the file is the signer's .p12 file.",
    ),
    "signing_failed": (
        "The signing key opened, but signing failed.",
        "Check that the certificate is of a kind that may sign (eID, eHealth) and that it has not expired.",
    ),
    "one_of_p12_and_token": (
        "The command names both a .p12 file and a token, or neither.",
        "Give either --p12 FILE, or --token and --label.",
    ),
    "token_label_missing": (
        "The command does not name the token.",
        "Give the token's label with --label NAME.",
    ),
    "token_library_unusable": (
        "Reprise cannot load the PKCS#11 library.",
        "Check the path. For an eID, install its middleware (eid-mw).",
    ),
    "token_not_found": (
        "Reprise found no card or token with this label.",
        "Put the card into the reader, and check --label.",
    ),
    "token_pin_wrong": (
        "The PIN is wrong.",
        "Type the PIN again. The card locks itself after too many attempts.",
    ),
    "token_pin_locked": (
        "The card has locked its PIN.",
        "Ask the issuer of the card to unlock it, or sign with another card.",
    ),
    "token_key_missing": (
        "The token does not hold this key and certificate.",
        "Check --key. For an eID, name the key for signatures, not the key for authentication.",
    ),
    "token_failed": ("The card or token failed.", "Take it out, insert it again, and try again."),
    # pages signed by hand
    "handwritten_not_allowed": (
        "This site does not accept instructions signed by hand.",
        (
            "Have the instruction signed electronically, or ask the person responsible for the site to set"
            " `handwritten` in site.toml."
        ),
    ),
    "handwritten_by_doctor_only": (
        "Reprise accepts a page signed by hand only from the doctor, not from a person with a mandate.",
        "Have the doctor sign by hand, or have the mandated person sign electronically.",
    ),
    "scan_missing": (
        "The home holds no scan of the signed page.",
        "Take in the scan with `reprise authorise scan`.",
    ),
    "scan_not_an_image": (
        "The scan is not a PDF, PNG or JPEG file.",
        "Scan the page again into one of these formats.",
    ),
    "scan_too_large": ("The scan is larger than a page needs.", "Scan it again at 200 to 300 dots per inch."),
    "attestation_missing": (
        "Two operators have not attested the page signed by hand.",
        "Have an operator other than the one who scanned the page run `reprise authorise attest`.",
    ),
    "attestation_of_another": (
        "The attestation belongs to another instruction or another scan.",
        "Scan the page of this instruction with `reprise authorise scan`, and have it attested.",
    ),
    "verification_unknown": (
        "Reprise does not know this way to verify whose signature it is.",
        "Choose one that `reprise authorise attest --help` lists.",
    ),
    # trust
    "unknown_root": (
        "The signer's certificate does not lead to a root that this home trusts.",
        "Get the root from the authority that issued the certificate, and add it with `reprise trust add` or --roots.",
    ),
    "chain_invalid": (
        "The chain from the signer's certificate to a root is not valid.",
        (
            "Find the intermediate certificate that is missing or outside its validity with `reprise trust show`,"
            " and add it with `reprise trust add`."
        ),
    ),
    "revocation_missing": (
        "The home has no revocation list or OCSP answer for the signer's certificate.",
        (
            "Fetch the list from the authority that issued the certificate, and run `reprise trust add FILE --as"
            " crl`. Reprise fetches nothing by itself."
        ),
    ),
    "revocation_stale": (
        "The revocation list is outside its validity.",
        (
            "Fetch a current list from the same authority, and run `reprise trust add FILE --as crl`; `reprise"
            " trust show` lists ages."
        ),
    ),
    "revocation_of_unknown_issuer": (
        "This revocation list or OCSP answer comes from an authority that this home does not trust.",
        "Add the authority's certificate first: `reprise trust add FILE --as root` (or intermediate).",
    ),
    "signer_revoked": (
        "The signer's certificate was revoked.",
        "Ask the doctor whether the card was lost or replaced. Have the instruction signed with a valid certificate.",
    ),
    "signer_expired": (
        "The signer's certificate has expired.",
        "Have the instruction signed with a certificate that is valid today.",
    ),
    "signer_not_yet_valid": (
        "The signer's certificate is not valid yet.",
        "Check whether this machine's clock is right; if it is, wait for the certificate's first day.",
    ),
    "key_usage": (
        "The signer's certificate may not be used for signatures of this kind.",
        (
            "With an eID, use the certificate for signatures, not the one for authentication; docs/authorisation.md"
            " lists the kinds."
        ),
    ),
    "certificate_family_unknown": (
        "The signer's certificate is neither an eID certificate nor an eHealth certificate.",
        "Have the file signed with one of these; docs/authorisation.md lists which certificates may sign.",
    ),
    "trial_root": (
        "A certificate for trials was used in a home that is not a trial home.",
        "Have the file signed with a real certificate, and remove the trial root from the trust folder.",
    ),
    "trust_material_malformed": (
        "This file is not a certificate, or not of the kind that was asked for.",
        "Give certificates as PEM or DER. From a folder, Reprise takes only roots.",
    ),
    "trust_material_stale": (
        "A certificate or revocation list is outside its validity.",
        (
            "Find out which one with `reprise trust show`, fetch a current one from its authority, and add it with"
            " `reprise trust add`."
        ),
    ),
    "key_too_weak": (
        "A signing key is too weak to be trusted.",
        (
            "Sign with another certificate. RSA keys need 2048 bits; the accepted curves are P-256, P-384, P-521"
            " and brainpool r1."
        ),
    ),
    "root_not_self_signed": (
        "This certificate is not a root: another authority signed it.",
        "Add it as an intermediate, and add that authority's own certificate as the root.",
    ),
    "no_timestamp_roots": (
        "This home trusts no time-stamp authority.",
        "Get the root from the time-stamp authority itself, and run `reprise trust add FILE --as timestamp`.",
    ),
    "stamp_untrusted": (
        "The time stamp comes from an authority that this home does not trust.",
        "Get the root from the authority itself, and add it with `reprise trust add FILE --as timestamp`.",
    ),
    "stamp_of_nothing_here": (
        "The time stamp does not answer any request of this home.",
        (
            "Give the answer to a request that `reprise ledger stamp-request` or `reprise authorise stamp-request`"
            " made in this home."
        ),
    ),
    "clock_differs": (
        "The time stamp and this machine's clock give different times.",
        "Make sure that this machine's clock is synchronised, then have a new request stamped.",
    ),
    "every_signature_has_its_stamp": (
        "Every signature here already has a time stamp.",
        "Do nothing: no signature is left to stamp.",
    ),
    "acceptance_not_signed": (
        "The acceptance is not signed.",
        "Run `reprise confirm RUN accepted --draft FILE`, have the controller sign FILE, and give it with --signed FILE.",
    ),
    "acceptance_of_another": (
        "The signed file is not the acceptance of this run.",
        "Run `reprise confirm RUN accepted --draft FILE`, and have exactly that file signed.",
    ),
    "withdrawal_of_another": (
        "The signed file is not the withdrawal of this instruction.",
        "Run `reprise authorise draft-withdrawal ID --to FILE`, and have exactly that file signed.",
    ),
    "import_state_not_later": (
        "A later state of this import is already confirmed.",
        "Confirm only a later state (opened, imported, accepted); `reprise status RUN` shows the present one.",
    ),
    "fields_refused": (
        "Fields of the instruction contain values that are not allowed.",
        "Run `reprise authorise draft FILE`, which names each such field and its allowed values.",
    ),
    "text_hides": (
        "A field of the instruction contains characters that hide or reorder text.",
        "Draft the instruction again and have it signed: what the doctor read may differ from what was signed.",
    ),
    "custody_over": (
        "The operator may no longer hold one of the copies.",
        "Draft a new instruction: in this one, the custody of the export or of the package has already ended.",
    ),
    "recovery_key_missing": (
        "The recipients do not include a recovery key.",
        "Draft an instruction that names a key proven in that role; `reprise recipient list` shows each key's role.",
    ),
    "recipient_role_differs": (
        "A recipient's key was proven in another role than the instruction states.",
        "Draft an instruction that states the proven role; `reprise recipient list` shows each key's role.",
    ),
    "no_such_place": (
        "The page does not have this box to sign in.",
        "Give --as a number, counted from 1 in the order of the boxes, or a role on the page.",
    ),
    "place_is_signed": (
        "This box of the page is already signed.",
        "Choose your own box with --as: each controller signs once, in the box under their own name.",
    ),
    "page_is_signed": (
        "Every box of this page is already signed.",
        "Sign nothing more. Run `reprise authorise check FILE` to see who signed and whether the signatures are valid.",
    ),
    "place_not_named": (
        "The page has several boxes to sign in, and the command names none.",
        "Name the box with --as and its number, counted from 1, or the controller's INAMI number or role.",
    ),
    "signed_in_anothers_place": (
        "A controller signed in another controller's box.",
        (
            "Draft the page again, and have each controller sign in the box under their own name: `reprise"
            " authorise sign FILE --as NUMBER`."
        ),
    ),
    "fields_not_given": (
        "The command has no fields to make a draft from.",
        "Name a file (`reprise authorise draft --template` prints one), or answer the questions in a terminal.",
    ),
    "fields_unreadable": (
        "FIELDS is neither JSON nor TOML.",
        (
            "Correct the file, at `line` if the message names one: reading stopped there. `reprise authorise draft"
            " --template` shows the format."
        ),
    ),
    "file_exists": (
        "A file with this name already exists, so Reprise wrote nothing.",
        "Name another FILE, or move the existing one away: it may already be signed or be waiting for a signature.",
    ),
    "fields_too_large": (
        "FIELDS is larger than an instruction can be.",
        "Name the file of fields; `reprise authorise draft --template` prints an example.",
    ),
}
