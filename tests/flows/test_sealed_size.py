"""A large sealed export: constant memory where it is sealed and where it is read. `make intake-2gib` does it with 2 GiB."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.sealing import needs_age, needs_browser, seal_by_age, seal_by_page
from support.whole_run import HighWater, WholeRun

from schemas.errors import IntakeError, SealedSourceError
from trial.practice.write import write_practice

MIB = int(os.environ.get("REPRISE_INTAKE_MIB", "64"))
PATIENT_MIB = 5.24  # of the shape `attachments`
BOUND_MIB = 450
pytestmark = [pytest.mark.slow, needs_age, needs_browser]


@pytest.fixture(scope="module")
def export(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    write_practice(folder, patients=int(MIB / PATIENT_MIB) + 2, shape="attachments", patients_per_file=10_000)
    (file,) = folder.iterdir()
    assert file.stat().st_size >= MIB << 20
    return file


@pytest.mark.parametrize(("way", "use"), [("page", "migration"), ("age", "inventory")])
def test_a_large_sealed_export_needs_no_more_memory(export, tmp_path, way, use):
    case = WholeRun(tmp_path / "trial", export)
    page, sealed = tmp_path / "seal.html", tmp_path / "export.age"
    opened = case.open_intake(page=page)
    if way == "page":
        sealing = seal_by_page(page, export, out=sealed)["mib"]
        assert max(sealing.values()) < BOUND_MIB
    else:
        sealing = round(seal_by_age(opened.recipient, export, sealed))
        assert sealing < BOUND_MIB
    assert sealed.stat().st_size > export.stat().st_size

    whole = sealed.stat().st_size
    flip(sealed, whole // 2)
    with pytest.raises(SealedSourceError) as refused:
        case.start(source=str(sealed), use=use)
    assert refused.value.code == "sealed_altered"
    flip(sealed, whole // 2)

    observer = HighWater(case.home)
    result = case.resume(observer)  # the intact file, sent again, in the same place
    assert result.state == "certified"
    assert result.dispositions.get("quarantined", 0) == 0
    case.nothing_left()
    print(
        f"{export.stat().st_size >> 20} MiB sealed by {way}: MiB there {sealing}, here {observer.mib:.0f} ({use})"
    )
    assert 100 < observer.mib < BOUND_MIB
    with pytest.raises(IntakeError) as spent:
        case.start(source=str(sealed), use="inventory")
    assert spent.value.code == "intake_spent"


def flip(path: Path, at: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(at)
        byte = stream.read(1)[0]
        stream.seek(at)
        stream.write(bytes([byte ^ 1]))
