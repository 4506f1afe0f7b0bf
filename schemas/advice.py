"""What some codes say better than the class of their error: one sentence, and what to do."""

from __future__ import annotations

ADVICE: dict[str, tuple[str, str]] = {
    "home_rolled_back": (
        "An older copy of this home lies in its place.",
        "Put the newer home back; or `reprise accept-rollback --reason CODE`, which forgets again what was forgotten.",
    ),
    "foreign_user": (
        "This home belongs to another user.",
        "Act as its owner: the keys are in that user's keyring, where nobody else sees them, root included.",
    ),
    "home_lives_here": (
        "The home of this backup lives on this machine.",
        "Two homes of one name would sign two ledgers: restore it when the original is gone from its place.",
    ),
    "home_exists": (
        "Something of this name is there.",
        "Name a folder that does not exist yet.",
    ),
    "backup_exists": (
        "A file of this name is there.",
        "Name another: a backup never replaces anything.",
    ),
    "backup_unreadable": (
        "The backup does not open.",
        "Check that this is its file, whole, and that the identity is one of those it was sealed to.",
    ),
    "acceptance_not_signed": (
        "The acceptance is not signed.",
        "`reprise confirm RUN accepted --draft FILE` writes what a controller signs; then give it: --signed FILE.",
    ),
    "nothing_delivered": (
        "This run delivered nothing.",
        "`reprise status RUN` tells how it ended.",
    ),
    "no_such_run": (
        "There is no run of this id.",
        "`reprise runs` lists them.",
    ),
    "no_such_subject": (
        "There is nobody of this id.",
        "`reprise subject list` lists of whom anything is kept.",
    ),
    "no_such_copy": (
        "There is no copy of this id.",
        "`reprise custody --json` lists them.",
    ),
    "copy_is_there": (
        "This copy lies where it was registered.",
        "It is not gone: the sweep destroys it at its date.",
    ),
    "no_such_authorisation": (
        "There is neither such a file nor an instruction recorded under this id.",
        "Check the path, or the id: `reprise custody` and each run's certificate name it.",
    ),
    "unknown_root": (
        "The signer's certificate leads to none of the roots that are trusted here.",
        "Get the root of the authority that issued it, from that authority: `reprise trust add`, or --roots.",
    ),
    "trust_material_malformed": (
        "This is no certificate, or not the kind of file asked for.",
        "Give certificates (PEM or DER); of a folder, only roots are taken.",
    ),
    "run_of_another_host": (
        "This run was made where nobody here can look.",
        "Go on with it, or abandon it, on the host that started it; at its deadline a sweep removes its files.",
    ),
    "run_of_unknown_owner": (
        "A run's lease and its instruction's record are both damaged: its proof may be this person's.",
        "Put the record back from a backup, or have a person look at that run's proof; then erase again.",
    ),
    "credentials_missing": (
        "The destination lacks something to log in with.",
        "SFTP needs --user, --host-key and --identity; S3 needs REPRISE_S3_KEY_ID and REPRISE_S3_SECRET.",
    ),
}
