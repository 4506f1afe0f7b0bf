"""The content of a certificate, section by section, in a doctor's language: built once, shown as a page and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from schemas.texts import text
from vault.proof.programs import PAGE, VERIFIER

Kind = Literal["text", "points", "checks", "rows", "figures"]
_THOUSANDS = {"en": ",", "fr": "\N{NARROW NO-BREAK SPACE}", "nl": ".", "de": "."}
_COLON = {"fr": "\N{NO-BREAK SPACE}:"}
_CHECKS = ("keyAbsent", "decryptFails", "filesAbsent", "processEnded")
_WAY = ("get", "open", "policy", "said")
_DISPOSITIONS = ("delivered", "degraded", "out_of_scope", "unscoped", "quarantined")


@dataclass(frozen=True)
class Block:
    """One paragraph, list or table: `lines` for texts and points, `rows` for names with values."""

    kind: Kind
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading and its blocks."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Content:
    """A certificate's content, before layout."""

    language: str
    title: str
    banner: str | None
    run: str
    outcome: tuple[str, str]  # its name and its description
    sections: tuple[Section, ...]
    head_title: str
    code: str  # for the QR code: the head as a checkpoint body
    head: tuple[str, ...]  # beside the code
    trust: str


def build_content(facts: dict[str, Any], language: str) -> Content:
    """Returns the certificate of these facts (`certificate.json`, docs/formats/proof.md)."""
    sentences = _Sentences(facts, language)
    head = facts["head"]
    return Content(
        language=language,
        title=text(language, "certificate.title"),
        banner=text(language, "certificate.trial") if facts["trial"] else None,
        run=f"{sentences.wording('label', 'run')} {facts['run']}",
        outcome=(
            sentences.wording("label", "outcome") + _COLON.get(language, ":"),
            sentences.wording("outcome", facts["destruction"]["cause"]),
        ),
        sections=tuple(sentences.sections()),
        head_title=sentences.wording("section", "head"),
        code=f"{head['origin']}\n{head['size']}\n{head['root']}\n",
        head=(
            head["origin"],
            f"{sentences.number(head['size'])} {sentences.wording('label', 'entries')}",
            head["root"],
            sentences.stamp(),
            sentences.wording("sentence", "compare"),
        ),
        trust=sentences.wording("sentence", "trust"),
    )


class _Sentences:
    """Expresses the facts in one language."""

    def __init__(self, facts: dict[str, Any], language: str) -> None:
        self.facts, self.language = facts, language

    def wording(self, kind: str, code: str) -> str:
        """Returns the name of a code of this kind."""
        return text(self.language, f"certificate.{kind}.{code}")

    def sentence(self, name: str) -> Block:
        return Block("text", (self.wording("sentence", name),))

    def rows(self, **values: str) -> Block:
        """Returns a block of values with their labels."""
        return Block(
            "rows", rows=tuple((self.wording("label", name), value) for name, value in values.items())
        )

    def number(self, count: int) -> str:
        return f"{count:,}".replace(",", _THOUSANDS[self.language])

    def sections(self) -> Iterator[Section]:
        named = (
            ("came", self.came()),
            ("authorised", self.authorised()),
            ("destroyed", self.destroyed()),
            ("checks", self.checks()),
            ("exceptions", self.exceptions()),
            ("fate", self.fates()),
            ("import_state", (Block("text", (_sentence(self.import_state()),)),)),
            ("channels", self.channels()),
            ("not_claimed", (Block("points", tuple(self.not_claimed())),)),
            *((("verify", self.verify()),) if "programs" in self.facts else ()),
        )
        for name, blocks in named:
            yield Section(self.wording("section", name), blocks)

    def came(self) -> tuple[Block, ...]:
        came, found = self.facts["came"], self.facts["dispositions"]
        rows = [
            (self.wording("came", n), self.number(came[n])) for n in ("files", "patients", "bytes", "units")
        ]
        rows += [(self.wording("disposition", n), self.number(found[n])) for n in _DISPOSITIONS if n in found]
        if found:
            rows.append((self.wording("label", "look"), self.number(self.facts["findings"])))
        return (Block("figures", rows=tuple(rows)),)

    def authorised(self) -> tuple[Block, ...]:
        order = self.facts["authorisation"]
        by_hand = order["signature"] == "handwritten"
        return (
            self.sentence("checked_before_handwritten" if by_hand else "checked_before"),
            self.rows(
                use=self.wording("use", self.facts["use"]),
                signed_as=", ".join(self.capacities(order["signedAs"])),
                checked_at=_moment(order["checkedAt"]),
                reference=order["id"],
            ),
            self.sentence("signed_where"),
        )

    def capacities(self, roles: list[str]) -> Iterator[str]:
        """Yield each capacity once, with the number of its signers if more than one."""
        for role in dict.fromkeys(roles):
            count, capacity = roles.count(role), self.wording("signed_as", role)
            yield f"{count} \N{MULTIPLICATION SIGN} {capacity}" if count > 1 else capacity

    def destroyed(self) -> tuple[Block, ...]:
        destruction = self.facts["destruction"]
        inventory, media, tool = destruction["inventory"], destruction["media"], destruction["tool"]
        disk = media["underlying"]
        files, size = self.number(inventory["files"]), self.number(inventory["bytes"])
        return (
            self.sentence("destroyed_text"),
            self.rows(
                destroyed_at=_moment(destruction["destroyedAt"]),
                extent=f"{files} {self.wording('came', 'files')}, {size} {self.wording('came', 'bytes')}",
                category=self.wording("category", destruction["preSanitizationCategory"]),
                method=self.wording("method", destruction["method"]),
                encryption=self.wording("encryption", "encrypted"),
                key=self.wording("key", destruction["key"]["provider"]),
                **self.key_processes(destruction["key"]),
                place=self.place(media),
                disk=f"{self.wording('disk', disk['disk'])}; {self.wording('luks', disk['luks'])}",
                host_backups=self.wording("backed_up", destruction["dataBackedUp"]),
                tool=f"Reprise {tool['version']} ({tool['sourceDigest'][:16]}…)",
            ),
            self.sentence("inventory_where"),
        )

    def key_processes(self, key: dict[str, Any]) -> dict[str, str]:
        """Returns how many processes held the key at the same time; nothing for a run of an earlier release."""
        return {"key_processes": self.number(key["processes"])} if "processes" in key else {}

    def place(self, media: dict[str, Any]) -> str:
        name = self.wording("place", media["location"])
        return name if media["fsType"] == "unknown" else f"{name} ({media['fsType']})"

    def checks(self) -> tuple[Block, ...]:
        destruction = self.facts["destruction"]
        opened, validation = destruction["positiveControl"]["segmentsOpenedBefore"], destruction["validation"]
        control = self.wording("sentence", "control" if opened else "no_control")
        return (
            Block(
                "checks", tuple(self.wording("check", n) for n in _CHECKS if destruction["verification"][n])
            ),
            Block("text", (_sentence(f"{control} {self.number(opened)}" if opened else control),)),
            self.rows(
                validated_by=f"{self.wording('validated_by', validation['by'])}, {_moment(validation['at'])}",
                validation=self.wording("result", validation["result"]),
            ),
        )

    def exceptions(self) -> tuple[Block, ...]:
        declared = self.facts["destruction"]["validation"]["exceptions"]
        if declared:
            return (Block("points", tuple(self.wording("exception", code) for code in declared)),)
        return (Block("text", (_sentence(self.wording("sentence", "none")),)),)

    def fates(self) -> tuple[Block, ...]:
        fate = self.facts["fate"]
        delivered = self.facts["import_state"] != "nothing_delivered"
        return (
            self.rows(
                source=self.held(fate["source"]),
                staging=self.wording("staging", fate["staging"]),
                package=self.held(fate["package"]) if delivered else self.import_state(),
            ),
        )

    def import_state(self) -> str:
        return self.wording("import_state", self.facts["import_state"])

    def held(self, copy: dict[str, Any]) -> str:
        if copy.get("evidence") == "encrypted_always":
            return self.wording("copy", "encrypted_always")
        if copy["end"]:
            return self.ended(copy["end"])
        until = copy["until"]
        limit = (
            f"{self.wording('holder', 'until')} {until[:10]}" if until else self.wording("holder", "no_date")
        )
        return f"{self.wording('holder', copy['holder'])}, {limit}"

    def ended(self, end: dict[str, Any]) -> str:
        """Returns how the operator's copy ended, and what weakens the evidence."""
        if not end["complete"]:
            return self.wording("copy", "incomplete")
        ending = f"{self.wording('copy', end['evidence'])} ({_moment(end['at'])})"
        return "; ".join([ending, *(self.wording("weakness", code) for code in end["exceptions"])])

    def channels(self) -> tuple[Block, ...]:
        used = self.facts["channels"] or ["no_channel"]
        return self.sentence("channels_text"), Block(
            "points", tuple(self.wording("channel", n) for n in used)
        )

    def not_claimed(self) -> Iterator[str]:
        for code in self.facts["destruction"]["notClaimed"]:
            yield _sentence(self.wording("not_claimed", code))

    def verify(self) -> tuple[Block, ...]:
        """Returns how to check the proof without the site, and the digests of the programs that do it."""
        steps = tuple(self.wording("sentence", f"verify_{step}") for step in _WAY)
        digests = self.facts["programs"]
        return (
            Block("points", steps),
            self.rows(verify_html=_grouped(digests[PAGE]), verify_py=_grouped(digests[VERIFIER])),
        )

    def stamp(self) -> str:
        stamp = self.facts["stamp"]
        if not stamp:
            return self.wording("sentence", "not_stamped")
        return f"{self.wording('sentence', 'stamped')} {_moment(stamp['at'])}."


def _sentence(phrase: str) -> str:
    return f"{phrase[0].upper()}{phrase[1:]}."


def _grouped(digest: str) -> str:
    """Format a digest for a person who compares it sign by sign."""
    return " ".join(digest[at : at + 8] for at in range(0, len(digest), 8))


def _moment(at: str) -> str:
    """Format a moment with the year first, so that the month cannot be mistaken for the day; without seconds."""
    return f"{at[:10]} {at[11:16]} UTC"
