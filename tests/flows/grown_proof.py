"""A run whose proof folder was issued, stamped from outside, and issued anew after the log had grown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.stamp_authority import Authority
from support.whole_run import WholeRun

from flows.session.control import Control
from trial.practice.write import write_practice
from vault.canonical_json import canonical_json
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.ledger.home_log import load_log_key, open_store
from vault.ledger.notes import sign_note
from vault.proof.folder import seal_files
from vault.proof.statements import envelope
from vault.verify import read_folder

Files = dict[str, bytes]


class GrownProof:
    """`first`: as issued at the end of the run; `files`: issued anew, stamped, with its earlier head."""

    def __init__(self, folder: Path) -> None:
        write_practice(folder / "export", patients=2)
        self.case = WholeRun(folder / "trial", folder / "export")
        self.authority = Authority(folder / "tsa")
        root = (self.authority.folder / "root.pem").read_bytes()
        (self.case.home / "trust/timestamps/root.pem").write_bytes(root)
        self.folder = Path(str(self.case.start().proof))
        self.first = read_folder(self.folder)
        self.policy = Path(self.case.made["policy"]).read_text()
        self.id = json.loads(self.first["certificate.json"])["authorisation"]["id"]
        self.answered("authorise stamp-request", "authorise stamp", self.id)
        self.grow(3)
        self.answered("ledger stamp-request", "ledger stamp")
        self.grow(1)  # what is newer than the stamp stays out of the folder
        self.told = json.loads(self.run("proof", "refresh", self.case.run_id, "--json"))
        self.files = read_folder(self.folder)

    def run(self, *words: str) -> str:
        done = self.case.reprise(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip().splitlines()[-1]

    def answered(self, request: str, answer: str, *identity: str) -> None:
        name = request.replace(" ", "-")
        asked, answered = self.case.folder / f"{name}.tsq", self.case.folder / f"{name}.tsr"
        self.run(*request.split(), *identity, "--to", str(asked))
        answered.write_bytes(self.authority.answer(asked.read_bytes()))
        self.run(*answer.split(), *identity, str(answered))

    def grow(self, entries: int) -> None:
        for _ in range(entries):
            Control.open(Home(self.case.home), "trial").record(EntryType.SUBJECT_SHOWN, None, "access")

    @property
    def size(self) -> int:
        return int(self.files["checkpoint"].split(b"\n")[1])

    @property
    def first_size(self) -> int:
        return int(self.first["checkpoint"].split(b"\n")[1])

    def sealed(self, changes: dict[str, bytes | None], files: Files | None = None) -> Files:
        """The files with some replaced, or left out (None), under a true manifest of the true key."""
        made = {**(files or self.files), **changes}
        rest = {n: d for n, d in made.items() if d is not None and not n.startswith("manifest.")}
        return seal_files(rest, origin=self.origin, key=load_log_key(Home(self.case.home)))

    @property
    def origin(self) -> str:
        return Home(self.case.home).site.origin

    def signed_head(self, size: int, root: str) -> bytes:
        """A head that the true key signed, whatever it says."""
        return sign_note(f"{self.origin}\n{size}\n{root}\n", self.origin, load_log_key(Home(self.case.home)))

    def restated(self, name: str, change: Callable[[dict[str, Any]], object]) -> bytes:
        """A statement changed, and signed by the true key all the same."""
        import base64

        body = json.loads(base64.b64decode(json.loads(self.files[f"statements/{name}.dsse.json"])["payload"]))
        change(body)
        key_id = open_store(Home(self.case.home)).vkey.split("+")[1]
        return envelope(canonical_json(body), load_log_key(Home(self.case.home)), key_id)

    def recertified(self, change: Callable[[dict[str, Any]], object]) -> bytes:
        body = json.loads(self.files["certificate.json"])
        change(body)
        return canonical_json(body)
