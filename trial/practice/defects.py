"""Defects of real exports: each in a patient of its own (KMEHR.md, section 11)."""

from __future__ import annotations

import re
from collections.abc import Callable

Defect = Callable[[str], str]


def _swapped(folder: str) -> str:
    """Put the author of a transaction before its date."""
    return re.sub(r"(<date>[^<]*</date><time>[^<]*</time>)(<author>.*?</author>)", r"\2\1", folder, count=1)


DEFECTS: dict[str, Defect] = {
    "number with separators": lambda f: re.sub(
        r'(<id S="INSS" SV="1.0">)(\d\d)(\d\d)(\d\d)(\d{3})(\d\d)', r"\1\2.\3.\4-\5.\6", f, count=1
    ),
    "number absent": lambda f: re.sub(r'<id S="INSS" SV="1.0">\d+</id>', "", f, count=1),
    "number of zeros": lambda f: re.sub(r'(<id S="INSS" SV="1.0">)\d+', r"\g<1>00000000000", f, count=1),
    "birth date absent": lambda f: re.sub(r"<birthdate>.*?</birthdate>", "", f, count=1),
    "date of six digits": lambda f: re.sub(
        r"<beginmoment><date>(\d{4})-(\d\d)-\d\d", r"<beginmoment><date>\1\2", f, count=1
    ),
    "unknown code": lambda f: f.replace(">active</cd>", ">quite active</cd>", 1),
    "language absent": lambda f: re.sub(r'<text L="\w\w">', "<text>", f, count=1),
    "unknown item": lambda f: f.replace(">healthcareelement</cd>", ">somethingelse</cd>", 1),
    "MF-ID absent": lambda f: re.sub(r'<id S="LOCAL" SV="1.0" SL="MF-ID">med-[^<]*</id>', "", f, count=1),
    "wrong order": _swapped,
    "control character": lambda f: f.replace("<familyname>", "<familyname>\x04", 1),
    "dangling link": lambda f: re.sub(r"&quot;he-[\d-]+&quot;", "&quot;gone&quot;", f, count=1),
    "base64 broken": lambda f: re.sub(r'(MEDIATYPE="application/pdf">)....', r"\1!!!!", f, count=1),
    "sex unknown": lambda f: re.sub(r'(<sex><cd S="CD-SEX" SV="1.0">)\w+', r"\1unknown", f, count=1),
    "text in HTML": lambda f: re.sub(
        r'(<text L="\w\w">)(?=[a-z])', r"\1&lt;p&gt;&amp;eacute;t&amp;eacute;&lt;/p&gt; ", f, count=1
    ),
}
"""Defect name to the change that it makes in a folder."""


def spoil(folder: str, number: int) -> str:
    """Apply the n-th defect to the n-th patient; further patients have none."""
    defects = list(DEFECTS.values())
    return defects[number - 1](folder) if number <= len(defects) else folder
