"""Small packages, as this project writes them and as another program does."""

from __future__ import annotations

import json
import zipfile
from hashlib import sha256
from io import BytesIO

from connectors.targets.manifest import build_manifest
from flows.steps._zip_stream import ZipStream
from vault.age.sealing import make_identity, seal_bytes

IDENTITY, RECIPIENT = make_identity()
OTHER, _ = make_identity()
Files = dict[str, bytes]


def zipped(*members: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """As another program writes it."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, how)
    return made.getvalue()


def streamed(*members: tuple[str, bytes]) -> bytes:
    """As this project writes it: sizes after each member."""
    made = BytesIO()
    archive = ZipStream(made.write)
    for name, content in members:
        with archive.member(name) as emit:
            emit(content)
    archive.close()
    return made.getvalue()


def package(*zips: bytes, version: int = 1) -> Files:
    parts = {f"part-{n:04}.zip.age": seal_bytes([RECIPIENT], each) for n, each in enumerate(zips, 1)}
    beside = {"README.txt": b"read", "desk.html": b"<p>"}
    rows = [
        [(n, len(data), sha256(data).hexdigest()) for n, data in files.items()] for files in (parts, beside)
    ]
    manifest = json.loads(build_manifest("profile", {"charts": 2}, rows[0], "run", rows[1]))
    return {
        **parts,
        **beside,
        "manifest.json": json.dumps({**manifest, "version": version}, separators=(",", ":")).encode(),
    }


SMALL = package(
    streamed(("patients/a.xml", b"<chart>" * 30), ("patients/\N{LATIN SMALL LETTER E WITH ACUTE}.xml", b"")),
    zipped(("work-list.html", b"none"), ("b.txt", b"stored"), how=zipfile.ZIP_STORED),
)
