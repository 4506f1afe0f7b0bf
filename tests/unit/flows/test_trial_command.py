"""What `reprise trial` prints: full paths, and commands that a shell takes as they stand."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import typer
from typer.testing import CliRunner

from flows.cli import app


def test_paths_are_whole_and_the_next_commands_name_what_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = CliRunner().invoke(app, ["trial", "my trial", "--patients", "1"])
    assert ran.exit_code == 0, ran.output
    listed, _, following = ran.output.partition("\n\nNext:\n")
    made = dict(line.split(maxsplit=1) for line in listed.splitlines())
    for name in ("home", "source", "authorisation", "policy", "p12"):
        assert Path(made[name]).is_absolute()
        assert Path(made[name]).exists()
    assert made["doctor"] == "Dr Bob Specimen, INAMI/RIZIV 11234578004"
    assert made["software"] == "Epicurus 5.2"
    assert made["ceilings"] == "500 in a thousand as text, 200 set aside"
    assert "too_many" not in ran.output, "it has no defects"
    first, *commands = map(shlex.split, following.splitlines())
    assert first == ["export", f"REPRISE_HOME={made['home']}", "REPRISE_OPERATOR=trial"]
    assert [words[1] for words in commands] == ["authorise", "rehearse", "migrate"]
    for program, *words in commands:
        assert program == "reprise"
        command = typer.main.get_command(app)
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        command.make_context("it", words)  # every option is there, nothing is missing
    assert commands[-1][2:] == [
        made["source"],
        "--authorisation",
        made["authorisation"],
        "--to",
        made["destination"],
    ]
    assert json.loads(Path(made["authorisation"]).read_bytes())["destination"] == made["destination"]


def test_an_export_with_defects_says_what_an_instruction_of_ones_own_needs(tmp_path):
    ran = CliRunner().invoke(app, ["trial", str(tmp_path / "t"), "--patients", "1", "--defects"])
    assert ran.exit_code == 0, ran.output
    assert "needs ceilings as high" in ran.output and "too_many_quarantined (exit 72)" in ran.output
