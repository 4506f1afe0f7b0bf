"""What a command does not need is not loaded: the libraries that take seconds, by the command that is asked."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from trial.home import make_trial

SLOW = {
    "prefect", "great_expectations", "pandas", "numpy", "pyarrow", "duckdb", "pyhanko", "pyhanko_certvalidator", "reportlab",
    "PIL", "jinja2", "segno", "aiohttp", "pkcs11", "paramiko", "s3fs", "lxml", "isal",
    "starlette", "uvicorn", "webauthn", "joserfc", "babel", "httpx",
}  # fmt: skip
OURS = {
    "flows.engine.data_process",
    "trial.practice",
    "trial.home",
    "flows.migrate",
    "vault.staging.segments",
    "vault.pdf.layout",
}
PROGRAM = """
import json, sys
from flows.cli import run
try:
    run(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
names = {name.split(".")[0] for name in sys.modules} | set(sys.modules)
sys.stderr.write(json.dumps(sorted(names & set(json.loads(sys.stdin.read())))))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("start")
    (folder / "export").mkdir()
    (folder / "export" / "1.txt").write_text("nothing")
    return make_trial(folder / "trial", folder / "export")["home"]


def loaded(words: list[str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM, *words],
        input=json.dumps(sorted(SLOW | OURS)), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stderr)


@pytest.mark.parametrize("words", [["--help"], ["migrate", "--help"]], ids=" ".join)
def test_help_loads_no_library_that_takes_seconds(words):
    assert loaded(words) == []


@pytest.mark.parametrize("command", ["runs", "status"])
def test_looking_at_runs_loads_none_either(command, home):
    assert loaded(["--home", home, command]) == []
