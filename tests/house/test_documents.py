"""The README's commands run, the pages it names exist, the commands it names are there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
import typer

from flows.cli import app
from vault.site import Site

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> list[str]:
    block = README.split("## Use it")[1].split("\n\n")[1]
    return [line.strip().partition(" #")[0].strip() for line in block.splitlines()]


@pytest.mark.slow
def test_the_readme_is_true(tmp_path):
    settings = dict(os.environ)
    for line in commands():
        runs = sorted((tmp_path / "trial/home/runs").glob("*")) if (tmp_path / "trial").is_dir() else []
        line = re.sub(r"\bDIR\b", str(tmp_path / "trial"), line.replace("200", "5"))
        line = re.sub(r"\bRUN\b", runs[0].name if runs else "none", line)
        if line.startswith("export "):
            settings |= dict(pair.split("=", 1) for pair in shlex.split(line)[1:])
            continue
        words = shlex.split(line)
        words[0] = str(Path(sys.executable).with_name("reprise"))
        done = subprocess.run(words, env=settings, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, line + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_every_page_named_exists(page):
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)#:]+)\)", prose):
        assert (page.parent / target).exists(), target


def test_every_command_named_exists_and_every_command_is_named():
    rows = README.split("## Use it")[1].split("`reprise --help`")[0]
    named = [words.split() for words in re.findall(r"`([a-z][a-z -]+)`", rows)]
    group: Any = typer.main.get_command(app)
    for words in named:
        command = group
        for word in words:
            if not hasattr(command, "commands"):
                break  # a word that stands for an argument
            command = command.commands[word]
        command.get_help(click.Context(command, info_name=words[-1]))  # its help can be shown
    shown = group.list_commands(None)
    assert set(shown) - {words[0] for words in named} == {"demo", "trial"}  # these two stand above the table


def commands_below(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its words."""
    if hasattr(command, "commands"):
        for word, below in command.commands.items():
            yield from commands_below(below, f"{name} {word}".strip())
    else:
        yield name, command


def test_every_command_takes_json_but_those_that_print_what_a_person_reads():
    silent = {
        name
        for name, command in commands_below(typer.main.get_command(app))
        if not any("--json" in option.opts for option in command.params)
    }
    words = ("draft-withdrawal", "recipient", "scan", "show", "sign")
    assert silent == {"worker", *(f"authorise {word}" for word in words)}


def test_every_document_named_in_the_code_exists():
    for folder in ("flows", "vault", "connectors", "schemas", "trial", "dashboard"):
        for path in (ROOT / folder).rglob("*.py"):
            for name in re.findall(r"docs/[\w/\-]+\.md", path.read_text(encoding="utf-8")):
                assert (ROOT / name).is_file(), (path.name, name)


def test_every_setting_of_a_site_is_documented_with_its_default():
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8").split("## Settings")[1].split("## ")[0]
    rows = dict(re.findall(r"^\| `\[?(\w+)\]?` \| ([^|]+) \|", page, re.MULTILINE))
    assert set(rows) == {setting.name for setting in fields(Site)}
    for setting in fields(Site):
        if type(setting.default) is int:
            assert rows[setting.name] == str(setting.default)
