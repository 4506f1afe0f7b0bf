"""Small exports made of a few words: one message, folders, transactions and items, each stated by what matters to a test."""

from __future__ import annotations

from xml.sax.saxutils import escape

AUTHOR = (
    '<author><hcparty><id S="ID-HCPARTY" SV="1.0">19999054004</id><cd S="CD-HCPARTY" SV="1.6">persphysician</cd>'
    "<firstname>Alice</firstname><familyname>Testdokter</familyname></hcparty></author>"
)


def export(*folders: str, software: str = "OldEmr") -> bytes:
    """A message of the Software Migration Format with these folders."""
    head = (
        '<header><standard><cd S="CD-STANDARD" SV="1.7">20131001</cd><specialisation><cd S="CD-MESSAGE" SV="1.0">'
        "gpsoftwaremigration</cd><version>2.0</version></specialisation></standard>"
        '<id S="ID-KMEHR" SV="1.0">19999054004.20260101064000</id><date>2026-01-01</date><time>12:00:00</time>'
        '<sender><hcparty><id S="ID-HCPARTY" SV="1.0">19999054004</id><cd S="CD-HCPARTY" SV="1.6">persphysician</cd>'
        "<firstname>Alice</firstname><familyname>Testdokter</familyname></hcparty><hcparty>"
        f'<id S="LOCAL" SV="1.0" SL="{software}">1</id><cd S="CD-HCPARTY" SV="1.6">application</cd>'
        f"<name>{software}</name></hcparty></sender><recipient><hcparty>"
        '<cd S="CD-HCPARTY" SV="1.6">application</cd><name>gp-software-migration</name></hcparty></recipient></header>'
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kmehrmessage xmlns="http://www.ehealth.fgov.be/standards/kmehr/schema/v1">'
        f"{head}{''.join(folders)}</kmehrmessage>"
    ).encode()


def folder(
    name: str,
    *transactions: str,
    birth: str | None = "1960-05-06",
    sex: str | None = "female",
    death: str | None = None,
    fields: str = "",
) -> str:
    """The folder of one patient. Dates: year, year and month, or day."""
    stated = f"<firstname>Ann</firstname><familyname>{escape(name)}</familyname>"
    stated += moment("birthdate", birth) + moment("deathdate", death)
    if sex is not None:
        stated += f'<sex><cd S="CD-SEX" SV="1.1">{sex}</cd></sex>'
    return f'<folder><id S="ID-KMEHR" SV="1.0">1</id><patient>{stated}{fields}</patient>{"".join(transactions)}</folder>'


def transaction(
    *content: str, date: str | None = "2020-02-03", kind: str = "contactreport", head: str = ""
) -> str:
    """A transaction of Dr Testdokter; `head` stands before its content."""
    when = f"<date>{date}</date><time>09:30:00</time>" if date is not None else ""
    return (
        f'<transaction><id S="ID-KMEHR" SV="1.0">1</id><cd S="CD-TRANSACTION" SV="1.5">{kind}</cd>{when}{AUTHOR}'
        f"<iscomplete>true</iscomplete><isvalidated>true</isvalidated>{head}{''.join(content)}</transaction>"
    )


def item(kind: str, *content: str, begin: str | None = None, end: str | None = None, tail: str = "") -> str:
    """An item of a kind with these contents; `tail` stands after its dates."""
    inside = "".join(f"<content>{each}</content>" for each in content)
    return (
        f'<item><id S="ID-KMEHR" SV="1.0">1</id><cd S="CD-ITEM" SV="1.6">{kind}</cd>{inside}'
        f"{moment('beginmoment', begin)}{moment('endmoment', end)}{tail}</item>"
    )


def code(value: str, scheme: str, version: str = "1.0", **attributes: str) -> str:
    """A code of a scheme."""
    more = "".join(f' {name}="{escape(said)}"' for name, said in attributes.items())
    return f'<cd S="{scheme}" SV="{version}"{more}>{escape(value)}</cd>'


def words(said: str) -> str:
    """A text in Dutch."""
    return f'<text L="nl">{escape(said)}</text>'


def measured(value: str, unit: str) -> str:
    """A number with its unit."""
    return f"<decimal>{value}</decimal><unit>{code(unit, 'CD-UNIT', '1.3')}</unit>"


def moment(name: str, said: str | None) -> str:
    """A moment with the precision of its text; nothing for None."""
    if said is None:
        return ""
    kind = {4: "year", 7: "yearmonth"}.get(len(said), "date")
    return f"<{name}><{kind}>{said}</{kind}></{name}>"
