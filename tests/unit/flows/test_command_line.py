"""The command line itself: which program it is, how it is grouped, and that a shell can complete it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from flows.cli import app
from flows.commands import apps
from vault.system.program import describe_tool

REPRISE = Path(sys.executable).with_name("reprise")


def test_which_program_it_is():
    done = CliRunner().invoke(app, ["--version"])
    tool = describe_tool()
    assert done.exit_code == 0
    assert done.stdout == f"reprise {tool['version']} (source digest {tool['sourceDigest']})\n"


def test_every_command_has_its_place_in_help():
    group: Any = typer.main.get_command(app)
    assert group.list_commands(None) == [name for name in apps._COMMAND_ORDER if name in group.commands]
    assert set(apps._COMMAND_ORDER) == set(group.commands)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("reprise re", ["recipient", "rehearse", "resume", "restore"]),
        ("reprise ledger co", ["consistency", "cosign"]),
        ("reprise abandon --y", ["--yes"]),
    ],
)
def test_bash_completes(words, found, tmp_path):
    """What the printed lines do, in a bash; nothing is written into the user's home."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is missing")
    script = subprocess.run(
        [REPRISE, "completion", "bash"], capture_output=True, text=True, check=True
    ).stdout
    asked = f"COMP_WORDS=({words}); COMP_CWORD=$(({len(words.split())} - 1)); _reprise_completion {REPRISE}"
    done = subprocess.run(
        [bash, "--norc", "-c", f'{script}\n{asked}\nprintf "%s\\n" "${{COMPREPLY[@]}}"'],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == found, done.stderr
    assert list(tmp_path.iterdir()) == []
