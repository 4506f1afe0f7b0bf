"""What a certificate says, section by section, in a doctor's language: built once, shown as a page and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from vault.proof._certificate_words import WORDS
from vault.proof.certificate_phrases import PHRASES

Kind = Literal["text", "points", "checks", "rows", "figures"]
_THOUSANDS = {"en": ",", "fr": "\N{NARROW NO-BREAK SPACE}", "nl": ".", "de": "."}
_COLON = {"fr": "\N{NO-BREAK SPACE}:"}
_CHECKS = ("keyAbsent", "decryptFails", "filesAbsent", "processEnded")
_DISPOSITIONS = ("delivered", "degraded", "out_of_scope", "unscoped", "quarantined")


@dataclass(frozen=True)
class Block:
    """One paragraph, list or table: `lines` for texts and points, `rows` for names with values."""

    kind: Kind
    lines: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Content:
    """A certificate, before it has a shape."""

    language: str
    title: str
    banner: str | None
    run: str
    outcome: tuple[str, str]  # what it is called, and what it is
    sections: tuple[Section, ...]
    head_title: str
    code: str  # of the QR code: the head as a checkpoint body
    head: tuple[str, ...]  # beside the code
    trust: str


def build_content(facts: dict[str, Any], language: str) -> Content:
    """The certificate of these facts (`certificate.json`, docs/formats/proof.md)."""
    says = _Sentences(facts, language)
    head = facts["head"]
    return Content(
        language=language,
        title=says.words["title"],
        banner=says.words["trial"] if facts["trial"] else None,
        run=f"{says.words['run']} {facts['run']}",
        outcome=(
            says.words["outcome"] + _COLON.get(language, ":"),
            says.phrases[facts["destruction"]["cause"]],
        ),
        sections=tuple(says.sections()),
        head_title=says.words["head"],
        code=f"{head['origin']}\n{head['size']}\n{head['root']}\n",
        head=(
            head["origin"],
            f"{says.number(head['size'])} {says.words['entries']}",
            head["root"],
            says.stamp(),
            says.words["compare"],
        ),
        trust=says.words["trust"],
    )


class _Sentences:
    """The facts, put into the words of one language."""

    def __init__(self, facts: dict[str, Any], language: str) -> None:
        self.facts, self.language = facts, language
        self.words, self.phrases = WORDS[language], PHRASES[language]

    def number(self, count: int) -> str:
        return f"{count:,}".replace(",", _THOUSANDS[self.language])

    def sections(self) -> Iterator[Section]:
        named = (
            ("came", self.came()),
            ("authorised", self.authorised()),
            ("destroyed", self.destroyed()),
            ("checks", self.checks()),
            ("exceptions", self.exceptions()),
            ("fate", (Block("rows", rows=tuple(self.fates())),)),
            ("import_state", (self.text(_sentence(self.phrases[self.facts["import_state"]])),)),
            ("channels", self.channels()),
            ("not_claimed", (Block("points", tuple(self.not_claimed())),)),
        )
        for name, blocks in named:
            yield Section(self.words[name], blocks)

    def text(self, *lines: str) -> Block:
        return Block("text", lines)

    def came(self) -> tuple[Block, ...]:
        came, found = self.facts["came"], self.facts["dispositions"]
        rows = [(self.words[n], self.number(came[n])) for n in ("files", "patients", "bytes", "units")]
        rows += [(self.words[n], self.number(found[n])) for n in _DISPOSITIONS if n in found]
        if found:
            rows.append((self.words["look"], self.number(self.facts["findings"])))
        return (Block("figures", rows=tuple(rows)),)

    def authorised(self) -> tuple[Block, ...]:
        order = self.facts["authorisation"]
        by_hand = order["signature"] == "handwritten"
        rows = (
            (self.words["use"], self.phrases[f"use_{self.facts['use']}"]),
            (self.words["signed_as"], ", ".join(self.capacities(order["signedAs"]))),
            (self.words["checked_at"], _moment(order["checkedAt"])),
            (self.words["reference"], order["id"]),
        )
        return (
            self.text(self.words["auth_text_handwritten" if by_hand else "auth_text"]),
            Block("rows", rows=rows),
            self.text(self.words["signed_where"]),
        )

    def capacities(self, roles: list[str]) -> Iterator[str]:
        """Each capacity once, with how many signed in it where it is more than one."""
        for role in dict.fromkeys(roles):
            count = roles.count(role)
            yield f"{count} \N{MULTIPLICATION SIGN} {self.phrases[role]}" if count > 1 else self.phrases[role]

    def destroyed(self) -> tuple[Block, ...]:
        told = self.facts["destruction"]
        inventory, media, tool = told["inventory"], told["media"], told["tool"]
        disk = media["underlying"]
        files, size = self.number(inventory["files"]), self.number(inventory["bytes"])
        rows = (
            (self.words["destroyed_at"], _moment(told["destroyedAt"])),
            (self.words["extent"], f"{files} {self.words['files']}, {size} {self.words['bytes']}"),
            (self.words["category"], self.phrases[told["preSanitizationCategory"]]),
            (self.words["method"], self.phrases[told["method"]]),
            (self.words["encryption"], self.phrases["encrypted"]),
            (self.words["key"], self.phrases[f"key_{told['key']['provider']}"]),
            (self.words["place"], self.place(media)),
            (
                self.words["disk"],
                f"{self.phrases['disk_' + disk['disk']]}; {self.phrases['luks_' + disk['luks']]}",
            ),
            (self.words["host_backups"], self.phrases[f"backed_up_{told['dataBackedUp']}"]),
            (self.words["tool"], f"Reprise {tool['version']} ({tool['sourceDigest'][:16]}…)"),
        )
        return (
            self.text(self.words["destroyed_text"]),
            Block("rows", rows=rows),
            self.text(self.words["inventory_where"]),
        )

    def place(self, media: dict[str, Any]) -> str:
        name = self.phrases[media["location"]]
        return name if media["fsType"] == "unknown" else f"{name} ({media['fsType']})"

    def checks(self) -> tuple[Block, ...]:
        told = self.facts["destruction"]
        opened, validation = told["positiveControl"]["segmentsOpenedBefore"], told["validation"]
        control = f"{self.words['control']} {self.number(opened)}" if opened else self.words["no_control"]
        rows = (
            (
                self.words["validated_by"],
                f"{self.phrases['role_' + validation['by']]}, {_moment(validation['at'])}",
            ),
            (self.words["validation"], self.phrases[validation["result"]]),
        )
        return (
            Block("checks", tuple(self.words[name] for name in _CHECKS if told["verification"][name])),
            self.text(_sentence(control)),
            Block("rows", rows=rows),
        )

    def exceptions(self) -> tuple[Block, ...]:
        declared = self.facts["destruction"]["validation"]["exceptions"]
        return (
            Block("points", tuple(self.phrases[code] for code in declared))
            if declared
            else self.text(_sentence(self.words["none"])),
        )

    def fates(self) -> Iterator[tuple[str, str]]:
        fate = self.facts["fate"]
        yield self.words["source"], self.held(fate["source"])
        yield self.words["staging"], self.phrases[fate["staging"]]
        delivered = self.facts["import_state"] != "nothing_delivered"
        yield (
            self.words["package"],
            self.held(fate["package"]) if delivered else self.phrases["nothing_delivered"],
        )

    def held(self, copy: dict[str, Any]) -> str:
        if copy.get("evidence") == "encrypted_always":
            return self.phrases["encrypted_always"]
        if copy["end"]:
            return self.ended(copy["end"])
        until = copy["until"]
        limit = f"{self.phrases['until']} {until[:10]}" if until else self.phrases["no_date"]
        return f"{self.phrases[str(copy['holder'])]}, {limit}"

    def ended(self, end: dict[str, Any]) -> str:
        """How the operator's copy ended, and what weakens that."""
        if not end["complete"]:
            return self.phrases["ended_incomplete"]
        words = f"{self.phrases['ended_' + end['evidence']]} ({_moment(end['at'])})"
        return "; ".join([words, *(self.phrases[code] for code in end["exceptions"])])

    def channels(self) -> tuple[Block, ...]:
        used = tuple(self.phrases[code] for code in self.facts["channels"])
        return self.text(self.words["channels_text"]), Block("points", used or (self.phrases["no_channel"],))

    def not_claimed(self) -> Iterator[str]:
        for code in self.facts["destruction"]["notClaimed"]:
            yield _sentence(self.phrases[f"claim_{code}"])

    def stamp(self) -> str:
        stamp = self.facts["stamp"]
        return f"{self.words['stamped']} {_moment(stamp['at'])}." if stamp else self.words["not_stamped"]


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _moment(at: str) -> str:
    """Year first, so that nobody mistakes the month for the day; seconds matter to nobody."""
    return f"{at[:10]} {at[11:16]} UTC"
