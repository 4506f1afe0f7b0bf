"""The content of a certificate, section by section, in a doctor's language: built once, shown as a page and on paper.

The first page answers what a doctor asks and what a data protection officer asks; the pages after it hold the details.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from schemas.texts import text
from schemas.writing import day, inami, moment, number, size, typeset
from vault.instruction.fields import KINDS
from vault.proof.names import Names
from vault.proof.programs import PAGE, VERIFIER
from vault.system.clock import parse_utc

Kind = Literal["text", "points", "checks", "rows", "figures", "questions"]
_CHECKS = ("keyAbsent", "decryptFails", "filesAbsent", "processEnded")
_WAY = ("get", "open", "policy", "said")
_DISPOSITIONS = ("delivered", "degraded", "out_of_scope", "unscoped", "quarantined")
_COLON, _SEMICOLON = {"fr": " :"}, {"fr": " ; "}


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
    run: tuple[str, str]  # what the number is, and the number
    outcome: tuple[str, str]  # its name and its description
    edition: str | None  # of an edition with names: whom it is for
    sections: tuple[Section, ...]
    head_title: str
    code: str  # for the QR code: the head as a checkpoint body
    code_is: str
    head: tuple[str, ...]  # beside the code
    trust: str
    times: str
    made: tuple[str, str]  # the first and the last moment that it tells of

    @property
    def reference(self) -> str:
        """What stands at the foot of each page."""
        return f"{self.title} \N{MIDDLE DOT} {' '.join(self.run)}"


def build_content(facts: dict[str, Any], language: str, names: Names | None = None) -> Content:
    """Returns the certificate of these facts (`certificate.json`, docs/formats/proof.md); with names, the practice's edition."""
    sentences = _Sentences(facts, language)
    head = facts["head"]
    return Content(
        language=language,
        title=sentences.told("title"),
        banner=sentences.told("trial") if facts["trial"] else None,
        run=(sentences.wording("label", "run"), facts["run"]),
        outcome=(
            sentences.set(sentences.wording("label", "outcome") + _COLON.get(language, ":")),
            sentences.wording("outcome", facts["destruction"]["cause"]),
        ),
        edition=sentences.wording("named", "edition") if names else None,
        sections=tuple(sentences.sections(names)),
        head_title=sentences.wording("section", "head"),
        code=f"{head['origin']}\n{head['size']}\n{head['root']}\n",
        code_is=sentences.told("figure"),
        head=(
            head["origin"],
            f"{sentences.number(head['size'])} {sentences.wording('label', 'entries')}",
            head["root"],
            sentences.stamp(),
            sentences.wording("sentence", "compare"),
        ),
        trust=sentences.wording("sentence", "trust"),
        times=sentences.told("times"),
        made=(facts["destruction"]["destroyedAt"], max(_moments(facts))),
    )


def _moments(facts: dict[str, Any]) -> Iterator[str]:
    yield facts["destruction"]["destroyedAt"]
    ends = (facts["fate"].get(copy, {}).get("end") for copy in ("source", "package"))
    yield from (told["at"] for told in (*ends, facts["stamp"]) if told)


class _Sentences:
    """Expresses the facts in one language."""

    def __init__(self, facts: dict[str, Any], language: str) -> None:
        self.facts, self.language = facts, language

    def told(self, name: str) -> str:
        """Returns the certificate's text of this name."""
        return self.set(text(self.language, f"certificate.{name}"))

    def set(self, told: str) -> str:
        return typeset(self.language, told)

    def wording(self, kind: str, code: str, /, **values: str) -> str:
        """Returns the name of a code of this kind."""
        return self.set(text(self.language, f"certificate.{kind}.{code}", **values))

    def sentence(self, name: str) -> Block:
        return Block("text", (self.wording("sentence", name),))

    def rows(self, **values: str) -> Block:
        """Returns a block of values with their labels."""
        return Block(
            "rows", rows=tuple((self.wording("label", name), value) for name, value in values.items())
        )

    def questions(self, **answers: str) -> tuple[Block, ...]:
        rows = ((self.wording("question", name), _capital(answer)) for name, answer in answers.items())
        return (Block("questions", rows=tuple(rows)),)

    def number(self, count: int) -> str:
        return number(self.language, count)

    def size(self, count: int) -> str:
        return size(self.language, count)

    def moment(self, at: str) -> str:
        """Returns a moment to the minute."""
        return moment(self.language, parse_utc(at).replace(second=0))

    def joined(self, *parts: str) -> str:
        """Returns the parts of one sentence, with semicolons between."""
        return self.set(_SEMICOLON.get(self.language, "; ").join(part for part in parts if part))

    def sections(self, names: Names | None) -> Iterator[Section]:
        named = (
            *((("concerns", self.concerns(names)),) if names else ()),
            ("doctor", self.for_doctor()),
            ("officer", self.for_officer()),
            ("came", self.came()),
            ("authorised", self.authorised()),
            ("destroyed", self.destroyed()),
            ("checks", self.checks()),
            ("exceptions", self.exceptions()),
            ("channels", self.channels()),
            *((("verify", self.verify()),) if "programs" in self.facts else ()),
        )
        for name, blocks in named:
            yield Section(self.wording("section", name), blocks)

    def concerns(self, names: Names) -> tuple[Block, ...]:
        """Returns whom the certificate concerns: only in the practice's edition."""
        doctors = (
            self.wording(
                "named",
                "doctor",
                name=one.name,
                nihii=inami(one.nihii),
                role=self.wording("signed_as", one.role),
            )
            for one in names.controllers
        )
        source = names.source or self.wording("named", "not_stated")
        values = {
            "practice": "\n".join(doctors),
            "software": self.wording("named", "from_to", source=source, target=names.target),
            "processor": names.processor,
            "site": self.facts["head"]["origin"],
            "contact": names.contact,
        }
        rows = tuple((self.wording("named", name), value) for name, value in values.items() if value)
        return (Block("questions", rows=rows),)

    def for_doctor(self) -> tuple[Block, ...]:
        return self.questions(
            everybody="\n".join(self.everybody()),
            look=self.look(),
            next=self.wording("next", self.facts["import_state"]),
        )

    def everybody(self) -> Iterator[str]:
        """Yield whether every patient is there, as far as the facts say, and what became of the items."""
        source, persons = self.number(self.facts["came"]["patients"]), self.facts.get("persons")
        found = self.facts["dispositions"]
        if not self.delivered():
            yield self.wording("answer", "everybody_nothing", source=source)
        elif not persons:
            yield self.wording("answer", "everybody_counted", source=source)
        else:
            yield self.persons(persons, whole=not found.get("out_of_scope", 0) + found.get("unscoped", 0))
        if found:
            counts = {
                name: self.number(found.get(name, 0)) for name in ("delivered", "degraded", "quarantined")
            }
            units = self.number(self.facts["came"]["units"])
            yield self.wording("answer", "units", units=units, **counts)

    def persons(self, persons: dict[str, int], *, whole: bool) -> str:
        told = {name: self.number(persons[name]) for name in ("source", "charts")}
        if not whole or persons["charts"] + persons["joined"] != persons["source"]:
            return self.wording("answer", "everybody_not_all", **told)
        if persons["joined"]:
            return self.wording("answer", "everybody_joined", **told, joined=self.number(persons["joined"]))
        return self.wording("answer", "everybody_all", **told)

    def look(self) -> str:
        if not self.delivered():
            return self.wording("answer", "look_nothing")
        points = self.facts["findings"]
        return (
            self.wording("answer", "look", count=self.number(points))
            if points
            else self.wording("answer", "look_none")
        )

    def delivered(self) -> bool:
        return bool(self.facts["import_state"] != "nothing_delivered")

    def for_officer(self) -> tuple[Block, ...]:
        destruction = self.facts["destruction"]
        passed = ", ".join(self.wording("check", n) for n in _CHECKS if destruction["verification"][n])
        return self.questions(
            authorised=self.who(),
            processed=" ".join(self.processed()),
            copies="\n".join(self.line(*copy) for copy in self.copies()),
            proof=self.wording(
                "answer", "proof", moment=self.moment(destruction["destroyedAt"]), checks=passed
            ),
            not_claimed=self.wording(
                "answer",
                "not_claimed",
                items=self.joined(*(self.wording("not_claimed", n) for n in destruction["notClaimed"])),
            ),
        )

    def line(self, name: str, value: str) -> str:
        return self.set(f"{name}{_COLON.get(self.language, ':')} {value}.")

    def who(self) -> str:
        order = self.facts["authorisation"]
        kind = "handwritten" if order["signature"] == "handwritten" else "electronic"
        return self.wording(
            "answer",
            "authorised",
            signers=", ".join(self.capacities(order["signedAs"])),
            signature=self.wording("signature", kind),
            id=order["id"],
            moment=self.moment(order["checkedAt"]),
        )

    def processed(self) -> Iterator[str]:
        """Yield what the instruction covers, if the run recorded it, and what was read."""
        came, scope = self.facts["came"], self.facts.get("scope")
        if scope:
            rule = scope["patients"]
            given = {"since": self.day(rule["since"])} if "since" in rule else {}
            yield self.wording(
                "answer",
                "processed_scope",
                kinds=", ".join(self.wording("scope", kind) for kind in KINDS if kind in scope["kinds"]),
                patients=self.wording("scope", f"patients_{rule['mode']}", **given),
            )
        yield self.wording(
            "answer",
            "processed",
            use=self.wording("use", self.facts["use"]),
            files=self.number(came["files"]),
            size=self.size(came["bytes"]),
        )

    def day(self, iso: str) -> str:
        return day(self.language, parse_utc(f"{iso[:10]}T00:00:00Z"))

    def came(self) -> tuple[Block, ...]:
        came, found = self.facts["came"], self.facts["dispositions"]
        rows = [
            (self.wording("came", "files"), self.number(came["files"])),
            (self.wording("came", "patients"), self.number(came["patients"])),
            (self.wording("came", "size"), self.size(came["bytes"])),
            (self.wording("came", "units"), self.number(came["units"])),
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
                checked_at=self.moment(order["checkedAt"]),
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
        return (
            self.sentence("destroyed_text"),
            self.rows(
                destroyed_at=self.moment(destruction["destroyedAt"]),
                extent=self.joined(self.size(inventory["bytes"]), self.number(inventory["files"])),
                category=self.wording("category", destruction["preSanitizationCategory"]),
                method=self.wording("method", destruction["method"]),
                encryption=self.wording("encryption", "encrypted"),
                key=self.wording("key", destruction["key"]["provider"]),
                **self.key_processes(destruction["key"]),
                place=self.place(media),
                disk=self.joined(self.wording("disk", disk["disk"]), self.wording("luks", disk["luks"])),
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
                validated_by=f"{self.wording('validated_by', validation['by'])}, {self.moment(validation['at'])}",
                validation=self.wording("result", validation["result"]),
            ),
        )

    def exceptions(self) -> tuple[Block, ...]:
        declared = self.facts["destruction"]["validation"]["exceptions"]
        if declared:
            return (Block("points", tuple(self.wording("exception", code) for code in declared)),)
        return (Block("text", (_sentence(self.wording("sentence", "none")),)),)

    def copies(self) -> Iterator[tuple[str, str]]:
        """Yield each copy and where it is now, as far as is known here."""
        fate = self.facts["fate"]
        yield self.wording("label", "source"), self.source(fate["source"])
        yield self.wording("label", "staging"), self.wording("staging", fate["staging"])
        state = self.wording("import_state", self.facts["import_state"])
        held = self.held(fate["package"]) if self.delivered() else ""
        yield self.wording("label", "package"), self.joined(state, held)

    def source(self, copy: dict[str, Any]) -> str:
        """Returns where the export is, and whether the operator held it in clear."""
        if copy.get("evidence") == "encrypted_always" or copy["end"]:
            return self.held(copy)
        by_operator = copy["holder"] == "operator"
        clear = self.wording("holder", "clear_operator" if by_operator else "clear")
        return self.joined(self.held(copy), clear if self.read_in_clear() else "")

    def read_in_clear(self) -> bool:
        """Whether the run, or one before it under the same instruction, read a clear export on the operator's machine."""
        source = self.facts["destruction"]["source"]
        clear = source["evidence"] == "stated" or source.get("clearSeen", False)
        return bool(clear and self.facts["came"]["files"])

    def held(self, copy: dict[str, Any]) -> str:
        if copy.get("evidence") == "encrypted_always":
            return self.wording("copy", "encrypted_always")
        if copy["end"]:
            return self.ended(copy["end"])
        until = copy["until"]
        limit = (
            self.wording("holder", "until", day=self.moment(until))
            if until
            else self.wording("holder", "no_date")
        )
        holder = self.wording("holder", copy["holder"])
        return self.wording("holder", "stated", holder=holder, until=limit)

    def ended(self, end: dict[str, Any]) -> str:
        """Returns how the operator's copy ended, and what weakens the evidence."""
        if not end["complete"]:
            return self.wording("copy", "incomplete")
        ending = f"{self.wording('copy', end['evidence'])} ({self.moment(end['at'])})"
        return self.joined(ending, *(self.wording("weakness", code) for code in end["exceptions"]))

    def channels(self) -> tuple[Block, ...]:
        used = self.facts["channels"] or ["no_channel"]
        return self.sentence("channels_text"), Block(
            "points", tuple(self.wording("channel", n) for n in used)
        )

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
        return f"{self.wording('sentence', 'stamped')} {self.moment(stamp['at'])}."


def _capital(phrase: str) -> str:
    return phrase[0].upper() + phrase[1:]


def _sentence(phrase: str) -> str:
    return f"{_capital(phrase)}."


def _grouped(digest: str) -> str:
    """Format a digest for a person who compares it sign by sign."""
    return " ".join(digest[at : at + 8] for at in range(0, len(digest), 8))
