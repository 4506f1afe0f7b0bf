"""What may leave the data process of the old software's name: a vendor's fact, but free text in a foreign file.

A name passes only if the instruction names the same software and it has the plain form of a name; a version only if it has the
form of a version. Everything else is reported as a code.
"""

from __future__ import annotations

import re

from connectors.base import MessageHeader

NOT_STATED = "not_stated"
NOT_IN_INSTRUCTION = "not_in_the_instruction"
OTHER_FORM = "other_form"
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 .+&/_-]{0,31}", re.ASCII)
_NUMBER = re.compile(
    r"[0-9]{5}|[0-9]{2}[ ./-][0-9]{2}[ ./-][0-9]{2}", re.ASCII
)  # a number of a person, card or telephone
_VERSION = re.compile(r"[vV]?[0-9]{1,4}([.][0-9A-Za-z-]{1,8}){0,5}", re.ASCII)


def software_of(header: MessageHeader, authorised: str) -> str:
    """Return name and version in one line, or `not_stated`, `not_in_the_instruction`, `other_form`.

    `authorised` is the name in the instruction; a header that states another name is refused
    (`vault.authorisation.check.check_header`).
    """
    if not header.system:
        return NOT_STATED
    name = " ".join(authorised.split())
    if not name:
        return NOT_IN_INSTRUCTION
    if not _NAME.fullmatch(name) or _NUMBER.search(name):
        return OTHER_FORM
    version = header.system_version or ""
    plain = _VERSION.fullmatch(version) is not None and not _NUMBER.search(version)
    return f"{name} {version}" if plain else name
