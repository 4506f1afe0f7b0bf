"""Names of KMEHR elements, by what the reader makes of them (docs/formats/facts.md)."""

from __future__ import annotations

import re

from schemas.disposition import UnitKind

MESSAGE = "kmehrmessage"
ENCRYPTED = frozenset({"EncryptedData", "Base64EncryptedData"})
TEXTS = frozenset({"text", "text-with-layout"})
NESTED = {"transaction": UnitKind.TRANSACTION, "heading": UnitKind.HEADING, "item": UnitKind.ITEM}
OF_A_FOLDER = frozenset({*NESTED, *TEXTS, "lnk", "patient"})  # elsewhere in a message they lie loose
RECORDS = frozenset({"folder", MESSAGE})  # in a record: whose they are, nobody says
MAY_LEAVE = frozenset({*NESTED, *TEXTS, *RECORDS, "lnk"})  # may be units of their own inside another
CONTAINERS = frozenset({UnitKind.TRANSACTION, UnitKind.HEADING})
HEADS = CONTAINERS | {UnitKind.ITEM}
POSITION_VALUE = re.compile(r"[0-9a-fA-F.\-\s]*")  # of an ID-KMEHR: a number, or a number drawn at random
LABELS = frozenset({"TYPE", "URL", "SIZE", "MEDIATYPE", "L"})
IDENTITY = frozenset({"id", "firstname", "familyname", "birthdate", "deathdate", "sex", "usuallanguage"})
IDENTITY_FIELDS = 1000
