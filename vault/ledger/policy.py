"""The trust policy of an auditor (C2SP tlog-policy): the log's key and its witnesses. The auditor obtains them independently."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.errors import ProofError
from vault.ledger.notes import COSIGNATURE, ED25519, VerifierKey, signers_of

MAX_LINES = 256


@dataclass(frozen=True)
class Policy:
    """The key of the log whose heads are accepted, and which witnesses must have cosigned them."""

    log: VerifierKey
    witnesses: dict[str, VerifierKey]
    groups: dict[str, tuple[int, tuple[str, ...]]]  # name -> how many of which members
    quorum: str

    def require(self, checkpoint: bytes) -> list[str]:
        """Return the names of the witnesses that cosigned a checkpoint.

        Raises ProofError: note_not_signed, note_signature_invalid, quorum_not_met.
        """
        known = [self.log, *self.witnesses.values()]
        signed = signers_of(checkpoint, known)
        if self.log not in signed:
            raise ProofError("note_not_signed")
        cosigners = [name for name, key in self.witnesses.items() if key in signed]
        if not self.holds(cosigners):
            raise ProofError("quorum_not_met", count=len(cosigners))
        return cosigners

    def holds(self, seen: list[str]) -> bool:
        """Return whether enough of the named witnesses cosigned a head.

        It evaluates each group once, in the order of declaration. An evaluation of nested groups from the quorum down would take
        time that doubles with each line.
        """
        met = {"none", *seen}
        for name, (needed, members) in self.groups.items():
            if len(met.intersection(members)) >= needed:
                met.add(name)
        return self.quorum in met


def format_policy(vkey: str) -> str:
    """Return the policy file of a log without witnesses."""
    return f"# compare this key by another way than the one the proof came by\nlog {vkey}\nquorum none\n"


def parse_policy(text: str) -> Policy:
    """Parse a policy with one log. Each name must be declared once, before it is used. Raises ProofError."""
    logs: list[VerifierKey] = []
    witnesses: dict[str, VerifierKey] = {}
    groups: dict[str, tuple[int, tuple[str, ...]]] = {}
    quorums: list[str] = []
    for words in _lines(text):
        match words:
            case ["log", vkey, *rest] if len(rest) < 2:
                logs.append(_key(vkey, ED25519))
            case ["witness", name, vkey, *rest] if len(rest) < 2 and name not in {
                *witnesses,
                *groups,
                "none",
            }:
                witnesses[name] = _key(vkey, COSIGNATURE)
            case ["group", name, needed, *members] if members and name not in {*witnesses, *groups, "none"}:
                groups[name] = (_threshold(needed, members, {*witnesses, *groups}), tuple(members))
            case ["quorum", name] if name in {*witnesses, *groups, "none"}:
                quorums.append(name)
            case _:
                raise ProofError("policy_malformed")
    if len(logs) != 1 or len(quorums) != 1:
        raise ProofError("policy_malformed")
    return Policy(logs[0], witnesses, groups, quorums[0])


def _lines(text: str) -> list[list[str]]:
    word_lists = [
        line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    if len(word_lists) > MAX_LINES:
        raise ProofError("policy_malformed")
    return word_lists


def _key(vkey: str, kind: int) -> VerifierKey:
    key = VerifierKey.parse(vkey)
    if key.kind != kind:
        raise ProofError("policy_malformed")
    return key


def _threshold(text: str, members: list[str], known: set[str]) -> int:
    if len(set(members)) != len(members) or not set(members) <= known:
        raise ProofError("policy_malformed")
    needed = {"any": 1, "all": len(members)}.get(text)
    if needed is None:
        needed = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    if not 1 <= needed <= len(members):
        raise ProofError("policy_malformed")
    return needed
