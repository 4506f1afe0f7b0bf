"""What each code says to the person at the terminal: one sentence, and what to do about this very case.

A code that is not here says what its class says (`schemas.errors`), and stands in `CLASS_WORDS_FIT`: a house test sees
that each code raised anywhere is in one of the two, so that no new one goes without thought.
"""

from __future__ import annotations

from schemas.advice_accounts import ACCOUNTS
from schemas.advice_authority import AUTHORITY
from schemas.advice_people import PEOPLE
from schemas.advice_prefect import PREFECT
from schemas.advice_proof import PROOF
from schemas.advice_site import SITE
from schemas.advice_source import SOURCE
from schemas.advice_tables import TABLES

ADVICE: dict[str, tuple[str, str]] = {
    **ACCOUNTS,
    **AUTHORITY,
    **PEOPLE,
    **SOURCE,
    **TABLES,
    **SITE,
    **PREFECT,
    **PROOF,
}
"""Code, or `Class.code` where two classes mean different things by one code, to its words."""

CLASS_WORDS_FIT: dict[str, frozenset[str]] = {
    "AuthorisationError": frozenset({"authorisation_not_checked"}),
    "TrustError": frozenset({"signature_not_trusted"}),
    "ContractError": frozenset({"severity_not_possible", "unknown_rule"}),
    "CountMismatchError": frozenset({"facts_lost", "facts_surplus"}),
    "UnexplainedUnitError": frozenset(
        {
            "bytes_without_owner",
            "fragment_unreadable",
            "folder_not_met",
            "headers_differ",
            "unit_staged_twice",
            "units_without_one_disposition",
        }
    ),
    "LedgerError": frozenset(
        {
            "code_not_an_enumeration_value",
            "commitment_malformed",
            "count_is_no_number",
            "entries_do_not_match_head",
            "entry_too_large",
            "name_not_an_enumeration_value",
            "run_without_deadline",
            "tiles_do_not_match_head",
        }
    ),
    "ProofError": frozenset(
        {
            "base64_not_canonical",
            "bundle_malformed",
            "cosignature_malformed",
            "note_signature_invalid",
            "tile_malformed",
        }
    ),
}
"""By class, the codes of which its own sentence and advice are the right ones."""


def words_of(kind: str, code: str) -> tuple[str, str] | None:
    """The words of a code raised by a class of errors; None when those of the class fit."""
    return ADVICE.get(f"{kind}.{code}") or ADVICE.get(code)
