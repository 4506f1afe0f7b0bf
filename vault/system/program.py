"""The identity of this program: its version, and a digest over its source. A certificate names them."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

ROOMS = ("connectors", "dashboard", "flows", "schemas", "trial", "vault")


@cache
def source_digest(root: Path | None = None) -> str:
    """Return SHA-256 (hexadecimal) over the list that `sha256sum` prints of all Python files (docs/formats/proof.md)."""
    root = root or Path(__file__).resolve().parents[2]
    names = sorted(
        path.relative_to(root).as_posix() for room in ROOMS for path in (root / room).rglob("*.py")
    )
    lines = (f"{sha256((root / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
    return sha256("".join(lines).encode()).hexdigest()


def describe_tool() -> dict[str, str]:
    """Return name, version and source digest, as certificates and statements hold them."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("reprise")
    except PackageNotFoundError:
        number = "unknown"
    return {"name": "reprise", "version": number, "sourceDigest": source_digest()}
