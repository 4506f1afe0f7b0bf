"""Names of KMEHR elements, grouped by their role in the reader (docs/formats/facts.md)."""

from __future__ import annotations

import re

from schemas.disposition import UnitKind

MESSAGE = "kmehrmessage"
ENCRYPTED = frozenset({"EncryptedData", "Base64EncryptedData"})
TEXTS = frozenset({"text", "text-with-layout"})
NESTED = {"transaction": UnitKind.TRANSACTION, "heading": UnitKind.HEADING, "item": UnitKind.ITEM}
OF_A_FOLDER = frozenset({*NESTED, *TEXTS, "lnk", "patient"})  # elsewhere in a message they are loose
RECORDS = frozenset({"folder", MESSAGE})  # inside a record their owner is unknown
MAY_LEAVE = frozenset({*NESTED, *TEXTS, *RECORDS, "lnk"})  # may be separate units inside another
CONTAINERS = frozenset({UnitKind.TRANSACTION, UnitKind.HEADING})
HEADS = CONTAINERS | {UnitKind.ITEM}
POSITION_VALUE = re.compile(r"[0-9a-fA-F.\-\s]*")  # of an ID-KMEHR: a sequence number or a random one
LABELS = frozenset({"TYPE", "URL", "SIZE", "MEDIATYPE", "L"})
IDENTITY = frozenset({"id", "firstname", "familyname", "birthdate", "deathdate", "sex", "usuallanguage"})
IDENTITY_FIELDS = 1000
