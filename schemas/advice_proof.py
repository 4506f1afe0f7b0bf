"""Words of the codes about proof folders, policies and heads of a log."""

from __future__ import annotations

_WHOLE = (
    "Get the complete folder again from the person who gave it to you. If the new copy has the same fault, do not"
    " rely on it."
)
_FALSE = (
    "Do not rely on the folder: the person who made it holds the log's key, but the log says something else."
)
_SAYS = "Do not rely on the folder: the site that ran the migration wrote this into its own log."
_POLICY = "Get the policy again from the site that issued the proof, through another channel than the folder."

PROOF: dict[str, tuple[str, str]] = {
    "no_policy_given": (
        "The folder is consistent with itself, but its origin was not checked.",
        (
            "Get the policy of the site that issued the folder through another channel than the folder, and give it"
            " with --policy FILE."
        ),
    ),
    "signed_by_another_key": (
        "The folder's log is not the log that this policy names.",
        (
            "Check that the policy belongs to the site that issued the folder. If it does, the folder was not made"
            " there: do not rely on it."
        ),
    ),
    "quorum_not_met": (
        "Fewer witnesses signed the head than this policy requires.",
        (
            "Ask the site to issue the folder again under a cosigned head (`reprise proof refresh`), or check that"
            " this is the right policy."
        ),
    ),
    "policy_malformed": ("Reprise cannot read the policy.", _POLICY),
    "policy_unreadable": ("The policy is not a text file.", _POLICY),
    "vkey_malformed": ("The key in the policy is not a valid key.", _POLICY),
    "ProofError.manifest_altered": ("The proof's manifest is not the one that the site issued.", _WHOLE),
    "ProofError.destruction_not_verified": (
        "The proof itself says that the destruction was not verified.",
        "Ask the site that issued it: this folder does not prove the destruction.",
    ),
    "no_manifest": (
        "This is not a proof folder: it has no manifest.",
        "Name the folder that holds manifest.json.",
    ),
    "file_altered": ("A file of the proof, named by `file`, is not the one that the site issued.", _WHOLE),
    "files_added_or_missing": ("The proof has too many files or too few.", _WHOLE),
    "link_in_folder": ("The proof contains a link or an entry that is not a file.", _WHOLE),
    "empty_folder_inside": ("The proof contains an empty folder that does not belong to it.", _WHOLE),
    "folder_too_large": (
        "The folder is larger than a proof can be.",
        "Check that it is a proof folder, and do not open it with other tools.",
    ),
    "zip_not_as_written": (
        "This is not a proof zip as Reprise writes it: it was altered, or another program packed it.",
        "Ask for the zip that `reprise proof zip` writes, or unpack it and name the folder.",
    ),
    "checkpoint_malformed": (
        "This file is not a checkpoint of a log.",
        "Give the file `checkpoint` of a proof folder, unaltered.",
    ),
    "note_malformed": (
        "This file is not a signed note.",
        "Give the original, unaltered file: an editor may have changed this one.",
    ),
    "note_not_signed": (
        "The expected key did not sign this note.",
        "Check that the note belongs to this home's ledger; otherwise, the person who gave it to you has another log.",
    ),
    "stamp_malformed": (
        "This file is not an answer of a time-stamp authority.",
        "Give the file that the authority sent (DER, .tsr).",
    ),
    "stamp_not_granted": (
        "The authority refused the time stamp.",
        "Ask the authority for the reason; then have it answer the same request, or make a new one.",
    ),
    "proof_not_issued": (
        "The ledger has no entry that says that this folder was issued.",
        (
            "Check that the folder belongs to this home. If the first release issued it, run `reprise proof refresh"
            " RUN` to issue it again."
        ),
    ),
    "ForkError.proof_does_not_verify": (
        "The folder given with --proof does not verify under this ledger's key.",
        "Run `reprise verify FOLDER --policy FILE` to see the reason.",
    ),
    "certificate_differs": ("The certificate disagrees with the log and its statements.", _FALSE),
    "statement_not_the_recorded_one": ("A statement is not the one to which the log committed.", _FALSE),
    "signatures_not_the_recorded_ones": ("The signatures are not those to which the log committed.", _FALSE),
    "signer_not_the_recorded_one": (
        "The person who signed is not the person whom the site had enrolled.",
        _FALSE,
    ),
    "controller_not_spoken_for": (
        "Neither a doctor whom the instruction names nor a person on their behalf signed it.",
        _FALSE,
    ),
    "acceptance_missing": (
        "The certificate says that the import was accepted, but no signature shows it.",
        _FALSE,
    ),
    "page_of_another_certificate": (
        "The page or the paper differs from what the certificate produces.",
        _FALSE,
    ),
    "run_not_as_ordered": (
        "The run does not comply with the instruction: its use, its dates, its deadline, or who holds the copies.",
        _SAYS,
    ),
    "statements_disagree": ("The statements, the entries and the inventory contradict one another.", _SAYS),
    "signatures_not_of_their_kind": (
        "The number or the kind of the signatures differs from the ledger entry of the check.",
        _SAYS,
    ),
    "entry_left_out": ("The folder lacks a ledger entry of the run.", _FALSE),
    "file_of_unknown_name": ("The folder contains a file that does not belong to a proof.", _WHOLE),
}
