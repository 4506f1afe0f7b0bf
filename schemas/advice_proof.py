"""Words of the codes about proof folders, policies and heads of a log."""

from __future__ import annotations

_WHOLE = "Get the folder again, whole, from whom you have it; when it is the same there, do not rely on it."
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
    "file_altered": ("A file of the proof is not the one that was issued.", _WHOLE),
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
}
