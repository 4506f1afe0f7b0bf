"""Nothing foreign is executed or read: every command and every child, in a folder of booby traps and an environment of them."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import every_command
import pytest
import traps
import typer

from flows.cli import app

ROOT = Path(__file__).resolve().parents[2]
REPRISE = Path(sys.executable).with_name("reprise")
STRACE = ("strace", "-f", "-y", "-qq", "-s", "64", "--seccomp-bpf", "-e", "trace=%file", "-o")
MODULES = [
    p
    for room in ("flows", "connectors", "schemas", "vault", "trial", "dashboard")
    for p in (ROOT / room).rglob("*.py")
]


def started_children() -> set[str]:
    """The modules that are handed to the one way of starting a child."""
    found: set[str] = set()
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        names = set(re.findall(r"(?:start|run)_python\(\s*\"([\w.]+)\"", text))
        names |= {
            ast.literal_eval(line.partition("=")[2].strip())
            for line in re.findall(r"^MODULE = .*$", text, re.MULTILINE)
        }
        found |= names
    return found


_MODULES_THAT_START = {"subprocess", "multiprocessing", "concurrent", "pty", "runpy"}
_CALLS_THAT_START = ("exec", "spawn", "posix_spawn", "fork", "popen", "system")


def started_by(path: Path) -> set[str]:
    """What in a file can start a process: modules that it imports, and functions of `os`."""
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names} & _MODULES_THAT_START
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module.partition(".")[0]} & _MODULES_THAT_START
            found |= {
                f"os.{a.name}"
                for a in node.names
                if node.module == "os" and a.name.startswith(_CALLS_THAT_START)
            }
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            found |= {f"os.{node.attr}"} if node.attr.startswith(_CALLS_THAT_START) else set()
    return found


def test_one_module_starts_children_and_one_begins_anew():
    by = {
        "subprocess": {"_ipc.py", "child_process.py", "work_pool.py"},  # two of them name its type
        "os.execv": {"isolation.py"},
        "os.fork": {"child_process.py", "trial_runs.py"},
    }
    starting = {path: started_by(path) for path in MODULES}
    for path, names in starting.items():
        for found in names:
            assert path.name in by.get(found, ()), (path.name, found)
    assert set[str]().union(*starting.values()) == set(by), "the search finds those that there are"
    for name in ("flows/engine/_ipc.py", "flows/worker/work_pool.py"):
        assert "subprocess.Popen(" not in (ROOT / name).read_text(encoding="utf-8")
    assert len(started_children()) == 6


def test_every_command_gets_its_paths_absolute():
    for words, command in every_command.commands_below(typer.main.get_command(app)):
        assert hasattr(command.callback, "__wrapped__"), words
        assert command.callback.__wrapped__.__globals__["guarded"], words


def trace(
    scratch: Path, program: list[str | Path], environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    scratch.mkdir()
    settings = {"TMPDIR": str(scratch), "REPRISE_STATE": str(scratch / "state"), "REPRISE_OPERATOR": "trial"}
    return subprocess.run(
        [*STRACE, scratch / "trace", *program],
        cwd=scratch.parent / "traps",
        env={**os.environ, **environment, **settings},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trial")
    subprocess.run([REPRISE, "trial", "made", "--patients", "1"], cwd=folder, check=True, capture_output=True)
    assert (folder / "made/home/site.toml").is_file(), (
        "a relative path means what it meant where the command was started"
    )
    return folder / "made"


@pytest.fixture
def laid(tmp_path):
    (tmp_path / "traps").mkdir()
    return traps.lay(tmp_path / "traps", tmp_path / "marks")


def test_the_traps_fire(tmp_path, laid):
    script = "import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'import json; open(\".env\")'])"
    trace(
        tmp_path / "scratch", [sys.executable, "-I", "-c", script], {**laid, "LD_PRELOAD": "", "LD_AUDIT": ""}
    )
    marks = (tmp_path / "marks").read_text()
    assert "sitecustomize.py" in marks
    assert "json.py" in marks
    assert "trapped.py" in marks, "PYTHONWARNINGS imports the module of a category"
    seen = "\n".join(traps.touched(tmp_path / "scratch/trace", tmp_path / "traps"))
    assert "sitecustomize" in seen
    assert '".env"' in seen


@pytest.mark.slow
def test_the_program_begins_isolated(tmp_path, laid, trial):
    """PYTHONPATH is left out: by it the caller replaces this program before its first line (docs/threat-model.md)."""
    del laid["PYTHONPATH"]
    home = os.path.relpath(trial / "home", tmp_path / "traps")
    done = trace(tmp_path / "scratch", [REPRISE, "status"], {**laid, "REPRISE_HOME": home})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("REPRISE OK")
    assert not (tmp_path / "marks").exists()
    assert traps.touched(tmp_path / "scratch/trace", tmp_path / "traps") == []


@pytest.mark.slow
def test_every_command_and_every_child(tmp_path, laid, trial):
    words = [trial / "home", trial / "authorisation.json", tmp_path / "scratch"]
    done = trace(tmp_path / "scratch", [sys.executable, "-I", every_command.__file__, *words], laid)
    ran = re.findall(r"^RAN (\d+) (\d+) (.+)$", done.stderr, re.MULTILINE)
    assert {name for _, _, name in ran} == {
        " ".join(words) for words, _ in every_command.commands_below(typer.main.get_command(app))
    }, done.stderr[-2000:]
    assert {helped for helped, _, _ in ran} == {"0"}
    assert [name for _, ended, name in ran if ended == "1"] == [], "1 is a defect of ours"
    assert "PREFECT None migrate" in done.stderr
    assert not (tmp_path / "marks").exists(), (tmp_path / "marks").read_text()
    assert traps.touched(tmp_path / "scratch/trace", tmp_path / "traps") == []
    assert traps.children(tmp_path / "scratch/trace") == started_children()
