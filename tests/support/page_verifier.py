"""The checks of the page that checks proofs, run under node over many proofs at once, beside those of `vault/verify.py`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import vault.verify as standalone
from vault.verify import Fault, read_zip, verify

ROOT = Path(__file__).resolve().parents[2]
Files = dict[str, bytes]
Answer = tuple[int, str]
"""Exit code, and the code of the refusal or nothing."""
Flip = tuple[str | None, int, int]
"""A file's name (none: of the zip itself), the place of a byte, a bit."""


class Corpus:
    """Proofs on disk as the driver reads them (`desk/drive/judge.mjs`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "blobs").mkdir(parents=True, exist_ok=True)
        self._cases = folder / "cases.jsonl"

    def add(self, files: Files, policy: str | None, flips: Iterable[Flip] = ()) -> None:
        rows = [(name, self._keep(data)) for name, data in files.items()]
        self._append({"policy": policy, "files": rows}, flips)

    def add_zip(self, data: bytes, policy: str | None, flips: Iterable[Flip] = ()) -> None:
        self._append({"policy": policy, "zip": self._keep(data)}, flips)

    def _append(self, case: dict[str, object], flips: Iterable[Flip]) -> None:
        if flips := list(flips):
            case["flips"] = flips
        with self._cases.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(case) + "\n")

    def _keep(self, data: bytes) -> str:
        name = sha256(data).hexdigest()
        path = self.folder / "blobs" / name
        if not path.exists():
            path.write_bytes(data)
        return name

    def said_by_the_page(self) -> list[list[Answer]]:
        """For each case, what the page's modules answer."""
        words = ["node", str(ROOT / "desk/drive/judge.mjs"), str(self.folder)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return [[(code, word) for code, word in json.loads(line)] for line in done.stdout.splitlines()]

    def said_by_python(self) -> list[list[Answer]]:
        """For each case, what `vault/verify.py` answers: all its checks, whatever a test took out of it."""
        blobs = {path.name: path.read_bytes() for path in (self.folder / "blobs").iterdir()}
        cases = [json.loads(line) for line in self._cases.read_text(encoding="utf-8").splitlines()]
        return [list(_answers(case, blobs)) for case in cases]


def _answers(case: dict[str, Any], blobs: dict[str, bytes]) -> Iterable[Answer]:
    policy, flips = case["policy"], case.get("flips")
    if "zip" in case:
        data = blobs[case["zip"]]
        for _, at, bit in flips or [(None, None, 0)]:
            yield judge_zip(data if at is None else flipped(data, at, bit), policy)
        return
    files = {name: blobs[sha] for name, sha in case["files"]}
    for name, at, bit in flips or [(None, 0, 0)]:
        yield judge(files if name is None else {**files, name: flipped(files[name], at, bit)}, policy)


def flipped(data: bytes, at: int, bit: int) -> bytes:
    other = bytearray(data)
    other[at] ^= 1 << bit
    return bytes(other)


def judge(files: Files, policy: str | None) -> Answer:
    code, words = verify(files, policy)
    return code, words[-1].removeprefix("REFUSED: ") if code in (91, 93) else ""


def judge_zip(data: bytes, policy: str | None) -> Answer:
    try:
        return judge(read_zip(data), policy)
    except Fault as fault:
        return fault.exit_code, fault.code
    except UnicodeDecodeError:
        return 93, "folder_malformed"


def record_into(folder: Path) -> None:
    """From now on, keep what the stand-alone verifier is given, for the page to judge as well."""
    corpus, seen = Corpus(folder), set[str]()

    def recording(source: Path | Files, policy: str | None, further: standalone.Further = None) -> object:
        try:
            files = standalone.read_proof(source) if isinstance(source, Path) else source
            told = repr((policy, [(name, sha256(data).hexdigest()) for name, data in files.items()]))
            if told not in seen:
                seen.add(told)
                corpus.add(files, policy)
        except (Fault, OSError, ValueError):
            pass  # links and special files, which a browser does not hand over
        return verify(source, policy, further)

    standalone.verify = recording
