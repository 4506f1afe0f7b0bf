"""The units of a Prefect server and of the worker, as systemd's own checker reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from flows.worker.units import MARK, write_units
from schemas.errors import HostError
from vault.home.create import create_home
from vault.home_folder import Home


@pytest.fixture
def homes(tmp_path):
    for name in ("one", "two of $x"):
        create_home(Home(tmp_path / name), trial=True, origin="trial.example/units")
    return [Home(tmp_path / "one"), Home(tmp_path / "two of $x")]


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing (apt: systemd)"
)
def test_systemd_reads_them(tmp_path, homes):
    folder = tmp_path / "units"
    write_units(folder, homes, Path("/etc/reprise/prefect.env"))
    write_units(folder, homes, Path("/etc/reprise/prefect.env"))  # again: ours
    written = sorted(folder.iterdir())
    assert [path.name for path in written] == ["reprise-prefect.service", "reprise-worker.service"]
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, written)], capture_output=True, text=True, check=False, timeout=120
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    worker = written[1].read_text()
    assert f'worker "--home" "{homes[0]}" "--home" "{str(homes[1]).replace("$", "$$")}"' in worker.replace(
        '"worker"', "worker"
    )
    for path in written:
        text = path.read_text()
        assert "AUTH_STRING=" not in text  # the password is in the file alone
        assert "\nEnvironmentFile=/etc/reprise/prefect.env\n" in text


def test_a_unit_of_others_is_left_alone(tmp_path, homes):
    folder = tmp_path / "units"
    folder.mkdir()
    theirs = folder / "reprise-worker.service"
    theirs.write_text("[Service]\n")
    with pytest.raises(HostError, match="unit_not_ours"):
        write_units(folder, homes, Path("/etc/reprise/prefect.env"))
    assert theirs.read_text() == "[Service]\n"
    assert list(folder.iterdir()) == [theirs]
    theirs.write_text(MARK + "\n")
    write_units(folder, homes, Path("/etc/reprise/prefect.env"))
