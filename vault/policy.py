"""The trust anchor an auditor holds: a C2SP tlog-policy naming the log's key, obtained apart from the proof."""

from __future__ import annotations

from schemas.errors import ProofError
from vault.notes import VerifierKey


def format_policy(vkey: str) -> str:
    """The policy file of a log without witnesses."""
    return f"# compare this key by another way than the one the proof came by\nlog {vkey}\nquorum none\n"


def parse_policy(text: str) -> VerifierKey:
    """The log key of a policy. Raises ProofError."""
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "log":
            return VerifierKey.parse(words[1])
    raise ProofError("policy_without_log")
