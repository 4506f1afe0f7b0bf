"""Words of the codes about doctors, operators, recipients, scope and sealed intake."""

from __future__ import annotations

PEOPLE: dict[str, tuple[str, str]] = {
    # enrolment and operators
    "national_number_invalid": (
        "This is not a valid national number.",
        "Type it again: eleven digits as on the card. The last two digits check the others.",
    ),
    "inami_number_invalid": (
        "This is not a valid INAMI (RIZIV) number.",
        "Type it again: eight digits, or eleven with the qualification. Two of the digits check the others.",
    ),
    "inami_number_of_another": (
        "Another enrolled doctor has this INAMI number.",
        "Check both numbers. If the other entry is wrong, enrol that doctor again to correct it.",
    ),
    "basis_unknown": (
        "Reprise does not know this legal basis.",
        "Choose one that the command's --help lists.",
    ),
    "evidence_unknown": (
        "Reprise does not know this kind of evidence.",
        "Choose one that the command's --help lists.",
    ),
    "evidence_missing": (
        "The command does not say what evidence convinced the operator.",
        "Name the evidence with --evidence; the command's --help lists the kinds.",
    ),
    "trial_basis": (
        "The basis `trial` is valid only in a trial home.",
        "Name the real basis of the enrolment with --basis; the command's --help lists them.",
    ),
    "role_unknown": ("Reprise does not know this role.", "Choose one that the command's --help lists."),
    "until_invalid": (
        "This is not a date on which a mandate can end.",
        "Write a date that is not in the past, in the form 2027-12-31.",
    ),
    "person_malformed": (
        "Reprise cannot read the file that describes the person to enrol.",
        (
            'Write exactly three lines of TOML: inss = "...", name = "...", nihii = ["..."]; or leave --person out'
            " and answer the questions."
        ),
    ),
    "nothing_to_attest": (
        "No entry with this number or id waits for an attestation.",
        "Check the number or the id; the entry may already be attested.",
    ),
    "no_operator": (
        "The command does not name an operator.",
        "Name one with --operator NAME or REPRISE_OPERATOR; `reprise enrol operator` enrols operators.",
    ),
    "operator_not_enrolled": (
        "No operator with this name is enrolled in this home.",
        (
            "Check the spelling; `reprise subject list` shows who is enrolled. Have an operator enrol a new one"
            " with `reprise enrol operator`."
        ),
    ),
    "two_attesters_needed": (
        "This operator has already attested this; the second attestation must come from another operator.",
        "Have another enrolled operator attest it under their own name: --operator NAME.",
    ),
    "operator_not_proven": (
        "An act that needs two people needs each of them to prove who they are; a name alone proves nothing.",
        "Type the passphrase of your own key when asked, or do it signed in to your own account of the dashboard.",
    ),
    "operator_without_key": (
        "This operator has no key by which to prove who they are.",
        "Have them make it: `reprise enrol key --operator NAME`.",
    ),
    "operator_known": (
        "This operator is enrolled and has a key.",
        "Replace the key with `reprise enrol key --of NAME` if its passphrase is lost.",
    ),
    "passphrase_wrong": (
        "This passphrase does not open the operator's key.",
        "Type it again. If it is lost, a colleague makes a new key: `reprise enrol key --of NAME`.",
    ),
    "passphrase_short": (
        "The passphrase is too short.",
        "Take at least twelve characters; four words of no saying are easy to keep in mind.",
    ),
    "passphrase_not_given": (
        "There is no terminal to ask for the operator's passphrase.",
        "Run the command at a terminal, or set REPRISE_PASSPHRASE (for a new key: REPRISE_NEW_PASSPHRASE).",
    ),
    "attestation_altered": (
        "What the first operator attested was altered since, or their signature does not hold.",
        "Find out who wrote to the home. Then enrol the person again, or record the page again.",
    ),
    # recipients, destination, scope
    "one_recipient_only": (
        "The instruction names fewer than two recipients.",
        "Draft an instruction that names at least the practice's key and a recovery key.",
    ),
    "recipient_not_proven": (
        "A recipient's holder has not proved that they possess the key.",
        "Run `reprise recipient challenge KEY`, have the holder decrypt the challenge, then run `reprise recipient confirm`.",
    ),
    "recipient_known": (
        "This key is already in the register.",
        "Use the existing entry, which `reprise recipient list` shows.",
    ),
    "recipient_not_age": (
        "A recipient is not an age key.",
        "Ask the holder to make a key with `age-keygen` and to give you the public key, which begins with age1.",
    ),
    "answer_unknown": (
        "This answer does not match any open challenge of this home.",
        "Give the whole line that `age -d` printed, or make a new challenge with `reprise recipient challenge`.",
    ),
    "challenge_expired": (
        "The answer to the challenge came too late.",
        "Make a new challenge with `reprise recipient challenge`.",
    ),
    "other_destination": (
        "The instruction names another destination.",
        "Give --to the destination that `reprise authorise show ID` prints, or have a new instruction signed.",
    ),
    "other_source_system": (
        "The export comes from other software than the instruction names.",
        (
            "Check that this is the right export. If the instruction is wrong, have a new one signed that gives the"
            " software's name."
        ),
    ),
    "other_controller": (
        "The export belongs to another doctor than the instruction names.",
        "Check that this is the right export. For another doctor's export, have that doctor's own instruction signed.",
    ),
    # sealed intake
    "intake_unknown": (
        "No intake was opened for this export.",
        (
            "Open one with `reprise intake open FILE`, and have the practice seal to it; `reprise intake list`"
            " shows the open intakes."
        ),
    ),
    "intake_of_another": (
        "This intake belongs to another instruction.",
        "Give the authorisation for which the intake was opened; `reprise intake list` shows it.",
    ),
    "intake_spent": (
        "Another run has already used this intake.",
        "Continue that run with `reprise resume`, or open a new intake and have the practice seal to it.",
    ),
    "intake_key_gone": (
        "The key of this intake is gone: it expired, the intake was closed, or the machine was restarted.",
        (
            "Open a new intake (`reprise intake open`) and have the practice seal its export again: the old file"
            " can never be opened."
        ),
    ),
    "intake_does_not_fit": (
        "The file is not sealed to this intake.",
        (
            "Have the practice seal to the page or key of this intake (`reprise intake list`), put that file in the"
            " same place, and resume the run if one has begun."
        ),
    ),
    "intake_in_use": (
        "A run is using this intake.",
        "Wait for the run to end, or run `reprise abandon RUN --yes`; both close the intake.",
    ),
    "intake_unreadable": (
        "The record of this intake is damaged.",
        "Open a new intake (`reprise intake open`) and have the practice seal to it.",
    ),
    "source_not_sealed": (
        "The export is unencrypted, but this run began with a sealed export.",
        "Put the same sealed file back in its place and run `reprise resume RUN`; destroy the unencrypted copy.",
    ),
    "source_changed": (
        "This export is not the one with which the run began.",
        "Put the same file back in its place and run `reprise resume RUN`, or abandon the run and start again.",
    ),
    "keys_keyring_or_file": (
        "An intake can keep its key only in the kernel's keyring or in a file.",
        "Give --keys keyring or --keys file.",
    ),
    "hours_out_of_range": (
        "An intake cannot stay open for this number of hours.",
        "Give at least one hour, and no more than `limit`.",
    ),
}
