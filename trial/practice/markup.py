"""KMEHR fragments from which every part of the practice is built."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from trial.practice.people import Person

NIHII, DOCTOR_INSS = "11234578004", "85073003328"
DOCTOR = (
    f'<hcparty><id S="ID-HCPARTY" SV="1.0">{NIHII}</id><cd S="CD-HCPARTY" SV="1.6">persphysician</cd>'
    "<firstname>Bob</firstname><familyname>Specimen</familyname></hcparty>"
)


class Draw:
    """The random source and the running numbers of one patient's folder."""

    def __init__(self, chance: random.Random, number: int, person: Person) -> None:
        self.chance, self.number, self.person, self._mark = chance, number, person, 0
        self.language = person.language

    def mf_id(self, kind: str) -> str:
        """Return a fresh MF-ID."""
        self._mark += 1
        return f"{kind}-{self.number}-{self._mark}"

    def date(self, first: int = 2008, last: int = 2025) -> str:
        """Return a random day between two years."""
        chance = self.chance
        return f"{chance.randint(first, last)}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}"

    def moment(self, name: str) -> str:
        """Return a moment with one of the precisions that practices record."""
        date = self.date(1985)
        forms = (
            f"<date>{date}</date>",
            f"<yearmonth>{date[:7]}</yearmonth>",
            f"<year>{date[:4]}</year>",
            f"<date>{date}</date><time>08:15:00</time>",
        )
        return f"<{name}>{self.chance.choices(forms, (6, 2, 1, 1))[0]}</{name}>"

    def text(self, value: str) -> str:
        """Return a `text` in the patient's language."""
        return f'<text L="{self.language}">{escape(value)}</text>'

    def say(self, words: tuple[str, str, str]) -> str:
        """Return a `text` in the patient's language, chosen from French, Dutch and German."""
        return self.text(words[("fr", "nl", "de").index(self.language)])


def cd(scheme: str, value: str, version: str = "1.0") -> str:
    """Return a code."""
    return f'<cd S="{scheme}" SV="{version}">{value}</cd>'


def content(inside: str) -> str:
    """Return a `content`."""
    return f"<content>{inside}</content>"


def life(state: str, *, relevant: bool = True) -> str:
    """Return lifecycle and relevance."""
    flag = str(relevant).lower()
    return f"<lifecycle>{cd('CD-LIFECYCLE', state, '1.6')}</lifecycle><isrelevant>{flag}</isrelevant>"


def link(kind: str, mf_id: str) -> str:
    """Return a link to an item of the same folder."""
    return f'<lnk TYPE="{kind}" URL="//item[id[@SL=&quot;MF-ID&quot; and .=&quot;{mf_id}&quot;]]"/>'


def item(kind: str, mf_id: str, inside: str) -> str:
    """Return an item; `numbered` fills in its number."""
    own = f'<id S="LOCAL" SV="1.0" SL="MF-ID">{mf_id}</id>' if mf_id else ""
    return f'<item><id S="ID-KMEHR" SV="1.0">#</id>{own}{cd("CD-ITEM", kind, "1.6")}{inside}</item>'


def heading(kind: str, inside: str) -> str:
    """Return a heading."""
    return f'<heading><id S="ID-KMEHR" SV="1.0">#</id>{cd("CD-HEADING", kind)}{inside}</heading>'


def transaction(kind: str, mf_id: str, date: str, body: str, *, author: str = DOCTOR, extra: str = "") -> str:
    """Return a transaction; `body` is what follows its head."""
    return (
        f'<transaction><id S="ID-KMEHR" SV="1.0">#</id><id S="LOCAL" SV="1.0" SL="MF-ID">{mf_id}</id>'
        f"{cd('CD-TRANSACTION', kind, '1.5')}{extra}<date>{date}</date><time>09:30:00</time>"
        f"<author>{author}</author><iscomplete>true</iscomplete><isvalidated>true</isvalidated>{body}</transaction>\n"
    )


def numbered(xml: str) -> str:
    """Replace each `#` of an ID-KMEHR with a running number."""
    pieces = xml.split('<id S="ID-KMEHR" SV="1.0">#</id>')
    made = [pieces[0]]
    for number, piece in enumerate(pieces[1:], start=1):
        made.append(f'<id S="ID-KMEHR" SV="1.0">{number}</id>{piece}')
    return "".join(made)
