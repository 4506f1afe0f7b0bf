"""A patient whose every trace can be recognised, and a search for traces in any usual encoding."""

from __future__ import annotations

import binascii
import bz2
import gzip
import lzma
import re
import zipfile
import zlib
from base64 import b64decode, b64encode, urlsafe_b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

NAME, GIVEN = "Zorgenkanarie", "Quirinusje"
INSS = "73102516311"
PHONE = "0470918273"
SENTENCE = "de gele vogel zingt vals om middernacht"
NEEDLES = (NAME, GIVEN, INSS, "73.10.25-163.11", PHONE, SENTENCE)
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_\-]{24,}={0,2}")
_DEPTH = 3


def write_practice(folder: Path, shared: Path) -> Path:
    """The reference export, its patient turned into the canary; the file bears the patient's name too."""
    text = (shared / "samples" / "kmehr" / "_ours" / "smf_reference.xml").read_text(encoding="utf-8")
    letter = b64encode(f"%PDF-1.4\n% {SENTENCE} {NAME}\n%%EOF\n".encode()).decode()
    message = b64encode(f"A1\\1\\LAB\\\r\nA2\\1\\{NAME}\\{GIVEN}\\\r\n".encode("cp850")).decode()
    for old, new in (
        ("00000000392", INSS),
        ("<firstname>Jean</firstname>", f"<firstname>{GIVEN}</firstname>"),
        ("<familyname>Exemple</familyname>", f"<familyname>{NAME}</familyname>"),
        ("0470000000", PHONE),
        ("votre patient a été admis ce jour", SENTENCE),
        ('SIZE="9">JVBERi0xLjEK', f">{letter}"),
        ("QTFcMTIzXExBQk9ccg==", message),
    ):
        assert old in text
        text = text.replace(old, new)
    folder.mkdir()
    (folder / f"{NAME} {INSS}.xml").write_text(text, encoding="utf-8")
    return folder


def encodings(needle: str) -> Iterator[bytes]:
    """The needle as bytes: in Unicode, in base64 at each offset, in hexadecimal."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        raw = needle.encode(encoding)
        yield raw
        for shift in range(3):
            coded = b64encode(b"\x00" * shift + raw)
            yield coded[4 if shift else 0 : -4]
    yield binascii.hexlify(needle.encode())


_PATTERNS = [pattern for needle in NEEDLES for pattern in encodings(needle) if len(pattern) >= 8]


def holds_canary(data: bytes, depth: int = _DEPTH) -> bool:
    """Whether any needle is in the data, as it is, decoded from base64, or decompressed."""
    if any(pattern in data for pattern in _PATTERNS):
        return True
    return depth > 0 and any(holds_canary(inner, depth - 1) for inner in _inside(data))


def _inside(data: bytes) -> Iterator[bytes]:
    if data[:2] == b"\x1f\x8b":
        yield from _tried(gzip.decompress, data)
    if data[:2] == b"PK":
        yield from _tried(_unzipped, data)
    if data[:6] == b"\xfd7zXZ\x00":
        yield from _tried(lzma.decompress, data)
    if data[:3] == b"BZh":
        yield from _tried(bz2.decompress, data)
    if data[:1] == b"\x78":
        yield from _tried(zlib.decompress, data)
    for run in _BASE64_RUN.findall(data):
        whole = run[: len(run) // 4 * 4]
        yield from _tried(b64decode, whole)
        if b"-" in whole or b"_" in whole:
            yield from _tried(urlsafe_b64decode, whole)


def _unzipped(data: bytes) -> bytes:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def _tried(decode: object, data: bytes) -> list[bytes]:
    try:
        return [decode(data)]  # type: ignore[operator]
    except Exception:  # noqa: BLE001 - not that kind of data
        return []


def traces(folder: Path) -> tuple[list[str], int]:
    """Ordinals of the files below the folder that hold the canary, in name or content; and how many were read."""
    found, count = [], 0
    for path in sorted(folder.rglob("*")):
        if holds_canary(str(path.relative_to(folder)).encode()):
            found.append(f"name of {count}")
        if path.is_file() and not path.is_symlink():
            count += 1
            if holds_canary(path.read_bytes()):
                found.append(re.sub(r"[0-9a-f\-]{16,}", "ID", str(path.relative_to(folder))))
    return found, count
