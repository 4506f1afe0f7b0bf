"""Nothing personal and no secret on a command line: every user of a machine reads what its processes were started with."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from flows.cli import app
from trial.home import make_trial
from trial.practice.write import write_practice
from vault.home_folder import Home
from vault.records.operator_keys import make_key
from vault.records.operators import find_operator

PASSPHRASE = "four words of no saying"

MAY_STAND_THERE = {
    "files and folders": {
        "source", "authorisation", "to", "export", "folder", "draft", "signed", "policy", "roots", "tsa_roots", "package",
        "identity", "into", "sealed", "receipt", "home", "fields", "file", "p12", "token", "response", "numbers", "out", "scan",
        "answer", "head", "note", "page", "html", "draft_file", "draft_mapping", "person", "template", "proof", "units", "environment",
        "unit",
    },
    "opaque ids": {"run", "order", "subject", "mandate", "intake", "gone", "doctor", "token_id"},
    "what a second operator looked at: keyed by the person's salt, or the digest of a scan": {"of"},
    "public keys, names of servers, labels of keys": {
        "key", "recipient", "name", "sftp", "s3", "user", "host_key", "endpoint", "prefix", "region", "origin", "label",
        "pool",
    },
    "values of enumerations, numbers, dates": {
        "keys", "state", "reason", "kind", "role", "basis", "number_basis", "shown", "mandate_basis", "until", "verified",
        "patients", "shape", "seed", "hours", "limit", "as_whom", "shell", "language", "port", "days", "scope",
    },
    "the handle by which an operator acts: chosen for that, as a login is": {"operator", "who"},
    "the name by which somebody signs in to the dashboard: chosen for that; a work address at most": {"login"},
    "switches": {
        "as_json", "prefect", "strict", "yes", "clock_is_right", "paths", "systemd", "cron", "network", "uninstall", "defects",
        "big_attachment", "again", "served", "check", "test",
    },
}  # fmt: skip
"""Every parameter of every command, by what it takes. A new one is put here by whoever has thought of what it will hold."""


def parameters(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield from parameters(inner, (*words, name))
    if not hasattr(command, "commands"):
        yield from ((" ".join(words), str(parameter.name)) for parameter in command.params)


def test_every_parameter_is_of_a_kind_that_may_stand_there():
    known = set[str]().union(*MAY_STAND_THERE.values())
    found = set(parameters(typer.main.get_command(app)))
    assert {(command, name) for command, name in found if name not in known | {"help"}} == set()
    names = {command for command, name in found if name == "name"}
    assert names == {
        "destination add",
        "destination check",
        "destination remove",
        "enrol key",
        "enrol operator",
    }


@pytest.mark.slow
def test_the_running_command_shows_nobody(tmp_path):
    write_practice(tmp_path / "export", patients=1)
    made = make_trial(tmp_path / "trial", tmp_path / "export")
    words = [
        "enrol",
        "doctor",
        "--basis",
        "trial",
        "--number-basis",
        "trial",
        "--shown",
        "identity_card",
        "--person",
        "-",
    ]
    make_key(Home(Path(made["home"])), find_operator(Home(Path(made["home"])), "trial").id, PASSPHRASE)
    command = subprocess.Popen(
        [str(Path(sys.executable).with_name("reprise")), *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "REPRISE_HOME": made["home"], "REPRISE_OPERATOR": "trial", "REPRISE_PASSPHRASE": PASSPHRASE},
    )  # fmt: skip
    time.sleep(0.5)
    seen = Path(f"/proc/{command.pid}/cmdline").read_bytes()
    given = b'inss = "73102516311"\nname = "Zorgenkanarie"\nnihii = ["11111130004"]\n'
    out, err = command.communicate(given, timeout=120)
    assert command.returncode == 0, err
    assert b"pending" in out
    assert b"--person" in seen
    assert b"73102516311" not in seen and b"Zorgenkanarie" not in seen
