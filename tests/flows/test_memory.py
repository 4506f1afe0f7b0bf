"""Memory of the data process: bounded, whatever the number of patients and the size of a document.

What is compared is the high-water mark that the kernel keeps (VmHWM), read while the process waits at a step.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.whole_run import HighWater, WholeRun

from trial.practice.write import write_practice

pytestmark = [pytest.mark.slow, pytest.mark.cold]
BOUND_MIB = 450


def high_water(folder: Path, **practice: Any) -> float:
    write_practice(folder / "export", patients_per_file=1_000_000, **practice)
    case = WholeRun(folder / "trial", folder / "export")
    observer = HighWater(case.home)
    result = case.start(observer)
    assert result.dispositions["quarantined"] == 0
    case.nothing_left()
    return observer.mib


def test_two_thousand_patients_need_no_more_than_five_hundred(tmp_path):
    few = high_water(tmp_path / "few", patients=500)
    many = high_water(tmp_path / "many", patients=2000)
    print(f"500 patients {few:.0f} MiB, 2,000 patients {many:.0f} MiB")
    assert few > 100
    assert many <= few * 1.2
    assert many < BOUND_MIB


def test_an_attachment_of_300_mib_stays_within_the_bound(tmp_path):
    peak = high_water(tmp_path / "big", patients=3, big_attachment_bytes=300 << 20)
    print(f"attachment of 300 MiB: {peak:.0f} MiB")
    assert peak < BOUND_MIB
