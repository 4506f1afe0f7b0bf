"""Words of the codes about doctors, operators, recipients, scope and sealed intake."""

from __future__ import annotations

PEOPLE: dict[str, tuple[str, str]] = {
    # enrolment and operators
    "national_number_invalid": (
        "This is no valid national number.",
        "Type it again, eleven digits as on the card: its last two are a check on the others.",
    ),
    "inami_number_invalid": (
        "This is no valid INAMI (RIZIV) number.",
        "Type it again: eight digits, or eleven with the qualification; two of them are a check on the others.",
    ),
    "inami_number_of_another": (
        "Another enrolled doctor has this INAMI number.",
        "Check both numbers; when the other entry is wrong, enrol that doctor again to correct it.",
    ),
    "basis_unknown": ("This is no known legal basis.", "The command's --help lists them."),
    "evidence_unknown": ("This is no known kind of evidence.", "The command's --help lists them."),
    "evidence_missing": (
        "Nothing says by what the operator was convinced.",
        "Name it: --evidence; the command's --help lists the kinds.",
    ),
    "trial_basis": (
        "The basis `trial` holds in a trial home only.",
        "Name what the enrolment really rests on: --basis; the command's --help lists them.",
    ),
    "role_unknown": ("This is no known role.", "The command's --help lists them."),
    "until_invalid": (
        "This is no date by which a mandate can end.",
        "Write it as 2027-12-31, and not in the past.",
    ),
    "person_malformed": (
        "The file that says who is enrolled is not one.",
        'TOML of three lines, no more: inss = "...", name = "...", nihii = ["..."]; or leave --person out and be asked.',
    ),
    "nothing_to_attest": (
        "Nothing waits for an attestation here.",
        "Check the number or the id; it may be attested already.",
    ),
    "no_operator": (
        "Nobody answers for this act.",
        "Name the operator: --operator NAME, or REPRISE_OPERATOR; enrolled with `reprise enrol operator`.",
    ),
    "operator_not_enrolled": (
        "No operator of this name is enrolled in this home.",
        "Check the spelling; `reprise subject list` shows who is; an operator enrols another: `reprise enrol operator`.",
    ),
    "two_attesters_needed": (
        "This operator has attested it before; the second must be another.",
        "Have another enrolled operator do it under their own name: --operator NAME.",
    ),
    # recipients, destination, scope
    "one_recipient_only": (
        "The instruction names fewer than two recipients.",
        "Draw up one that names the practice's key and a recovery key at least.",
    ),
    "recipient_not_proven": (
        "A recipient's key was never shown to be its holder's.",
        "`reprise recipient challenge KEY`, have its holder decrypt the challenge, then `reprise recipient confirm`.",
    ),
    "recipient_known": ("This key is in the register already.", "`reprise recipient list` shows it."),
    "recipient_not_age": (
        "A recipient is no age key.",
        "An age key begins with age1; its holder makes it with `age-keygen` and gives the public one.",
    ),
    "answer_unknown": (
        "No challenge of this home waits for this answer.",
        "Give the whole line that `age -d` printed; or make a new challenge: `reprise recipient challenge`.",
    ),
    "challenge_expired": (
        "The challenge was answered too late.",
        "Make a new one: `reprise recipient challenge`.",
    ),
    "other_destination": (
        "The instruction names another destination.",
        "Give the one it names: --to, as `reprise authorise show ID` prints it; else have a new instruction signed.",
    ),
    "other_source_system": (
        "The export comes from other software than the instruction names.",
        (
            "Check that this is the right export; if the instruction is wrong, have a new one signed with the"
            " software's name."
        ),
    ),
    "other_controller": (
        "The export is of another doctor than the instruction names.",
        "Check that this is the right export; another doctor's needs that doctor's own instruction.",
    ),
    # sealed intake
    "intake_unknown": (
        "No intake was opened for this export.",
        (
            "`reprise intake list` shows what stands open; `reprise intake open FILE` opens one, and the practice"
            " seals to it."
        ),
    ),
    "intake_of_another": (
        "This intake belongs to another instruction.",
        "Give the authorisation for which the intake was opened: `reprise intake list`.",
    ),
    "intake_spent": (
        "This intake served another run.",
        "`reprise resume` goes on with that run; else open a new intake and have the practice seal to it.",
    ),
    "intake_key_gone": (
        "The key of this intake is gone: it expired, was closed, or the machine was restarted.",
        (
            "Open a new one (`reprise intake open`) and have the practice seal its export again: the old file opens"
            " never more."
        ),
    ),
    "intake_does_not_fit": (
        "The file is not sealed to this intake.",
        (
            "Have the practice seal to the page or key of this intake (`reprise intake list`), put that file in the"
            " same place, and"
            " resume the run if one has begun."
        ),
    ),
    "intake_in_use": (
        "A run uses this intake.",
        "Wait for the run, or `reprise abandon RUN --yes`; both close it.",
    ),
    "intake_unreadable": (
        "The record of this intake is damaged.",
        "Open a new one (`reprise intake open`) and have the practice seal to it.",
    ),
    "source_not_sealed": (
        "The export lies there in clear, and this run began with a sealed one.",
        "Put the same sealed file back in its place and `reprise resume RUN`; destroy the clear copy.",
    ),
    "source_changed": (
        "The export is not the one with which this run began.",
        "Put the same file back in its place and `reprise resume RUN`; or abandon the run and begin anew.",
    ),
    "keys_keyring_or_file": (
        "An intake keeps its key in the kernel's keyring or in a file.",
        "Give --keys keyring or --keys file.",
    ),
    "hours_out_of_range": (
        "An intake cannot stand open for so many hours.",
        "Give at least one hour, and no more than `limit`.",
    ),
}
