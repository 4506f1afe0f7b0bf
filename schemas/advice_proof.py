"""Words of the codes about proof folders, policies and heads of a log."""

from __future__ import annotations

_WHOLE = "Get the folder again, whole, from whom you have it; when it is the same there, do not rely on it."
_FALSE = "Whoever made the folder holds the log's key, and the log says otherwise: do not rely on it."
_SAYS = "Whoever ran this wrote it so into the log: do not rely on the folder."
_POLICY = "Get it again from the site that issued the proof, by another way than the folder came."

PROOF: dict[str, tuple[str, str]] = {
    "no_policy_given": (
        "The folder agrees with itself; whose it is was not checked.",
        "Give the policy of the site that issued it, obtained by another way than the folder: --policy FILE.",
    ),
    "signed_by_another_key": (
        "The folder's log is not the one that this policy names.",
        (
            "Check that the policy is that of the site which issued the folder. If it is, the folder was not made"
            " there: do not rely"
            " on it."
        ),
    ),
    "quorum_not_met": (
        "Fewer witnesses signed the head than this policy asks for.",
        (
            "Ask the site for the folder anew under a cosigned head (`reprise proof refresh`); or check that it is"
            " the right policy."
        ),
    ),
    "policy_malformed": ("The policy cannot be read.", _POLICY),
    "policy_unreadable": ("The policy is no text.", _POLICY),
    "vkey_malformed": ("The key in the policy is none.", _POLICY),
    "ProofError.manifest_altered": ("The proof's manifest is not the one that was issued.", _WHOLE),
    "ProofError.destruction_not_verified": (
        "The proof says itself that the destruction was not verified.",
        "It proves no destruction. Ask the site that issued it.",
    ),
    "no_manifest": (
        "This is no proof folder: it has no manifest.",
        "Name the folder that holds manifest.json.",
    ),
    "file_altered": ("A file of the proof is not the one that was issued: `file` is its name.", _WHOLE),
    "files_added_or_missing": ("The proof has a file too many or too few.", _WHOLE),
    "link_in_folder": ("The proof holds a link or something that is no file.", _WHOLE),
    "empty_folder_inside": ("The proof holds an empty folder that is none of it.", _WHOLE),
    "folder_too_large": (
        "The folder is larger than any proof.",
        "Check that it is a proof folder; do not open it with other tools.",
    ),
    "checkpoint_malformed": (
        "This is no checkpoint of a log.",
        "Give the file `checkpoint` of a proof folder, unaltered.",
    ),
    "note_malformed": (
        "This is no signed note.",
        "Give the file as it was written, unaltered: an editor may have changed it.",
    ),
    "note_not_signed": (
        "The note is not signed by the key that is expected here.",
        "Check that it is of this home's ledger; else whoever gave it has another log.",
    ),
    "stamp_malformed": (
        "This is no answer of a time-stamp authority.",
        "Give the file that the authority sent (DER, .tsr).",
    ),
    "stamp_not_granted": (
        "The authority refused the time stamp.",
        "Ask it why; then have the same request answered, or make a new one.",
    ),
    "proof_not_issued": (
        "The ledger has no entry that this folder was issued.",
        "It is not this home's, or the first release issued it: then `reprise proof refresh RUN` does so anew.",
    ),
    "ForkError.proof_does_not_verify": (
        "The folder given with --proof is not accepted under this ledger's key.",
        "`reprise verify FOLDER --policy FILE` says why.",
    ),
    "certificate_differs": (
        "The certificate says something else than the log and its statements.",
        _FALSE,
    ),
    "statement_not_the_recorded_one": (
        "A statement is not the one that the log committed to.",
        _FALSE,
    ),
    "signatures_not_the_recorded_ones": (
        "The signatures are not those that the log committed to.",
        _FALSE,
    ),
    "signer_not_the_recorded_one": (
        "Somebody else signed than the site had enrolled.",
        _FALSE,
    ),
    "controller_not_spoken_for": (
        "A doctor whom the instruction names did not sign, nor did a person on their behalf.",
        _FALSE,
    ),
    "acceptance_missing": (
        "The import counts as accepted, and nobody's signature shows it.",
        _FALSE,
    ),
    "page_of_another_certificate": (
        "The page or the paper is not what the certificate makes.",
        _FALSE,
    ),
    "run_not_as_ordered": (
        "The run is not within the instruction: its use, its dates, its deadline, or who holds the copies.",
        _SAYS,
    ),
    "statements_disagree": (
        "The statements, the entries and the inventory contradict one another.",
        _SAYS,
    ),
    "signatures_not_of_their_kind": (
        "There are not as many signatures, or not of the kind, as the entry of the check has.",
        _SAYS,
    ),
    "entry_left_out": (
        "An entry of the run is left out.",
        _FALSE,
    ),
    "file_of_unknown_name": (
        "A file in the folder is none of a proof.",
        _WHOLE,
    ),
}
