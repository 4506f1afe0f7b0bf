"""The access log when its retention is over: lines leave at the beginning, and only there can they leave unnoticed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from flows.retention.round import sweep_round
from schemas.errors import HomeError, IntegrityError
from vault.accounts.access_log import Access, AccessLog
from vault.home.create import create_home
from vault.home_folder import Home
from vault.system.clock import SystemClock, format_utc

DAYS = [f"2026-01-{day:02d}T00:00:00Z" for day in range(1, 11)]


@pytest.fixture
def home(tmp_path) -> Home:
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    return Home(tmp_path / "home")


@pytest.fixture
def log(home) -> AccessLog:
    made = AccessLog(home)
    for day in DAYS:
        made.append(access(day))
    return made


def access(at: str, about: str = "a run") -> Access:
    return Access(at, "account", "view", "run", about, "done")


def days(log: AccessLog) -> list[str]:
    return [one.at for one in log.read()]


def test_lines_leave_from_the_beginning_and_the_chain_goes_on(log):
    assert log.drop_before(DAYS[4], "now") == 4
    assert days(log) == DAYS[4:]
    assert log.drop_before(DAYS[4], "now") == 0
    log.append(access("2026-02-01T00:00:00Z"))
    assert days(log) == [*DAYS[4:], "2026-02-01T00:00:00Z"]
    assert log.drop_before(DAYS[6], "now") == 2
    assert log.drop_before("2027-01-01T00:00:00Z", "now") == 5
    assert days(log) == []
    log.append(access("2026-03-01T00:00:00Z"))
    assert days(log) == ["2026-03-01T00:00:00Z"]


@pytest.mark.parametrize(
    "harm", ["a line more", "the cut removed", "an older cut", "the cut altered", "the first kept line"]
)
def test_what_leaves_otherwise_is_found(home, log, harm):
    path = home.access_log
    log.drop_before(DAYS[2], "now")
    older = path.read_bytes().splitlines(keepends=True)[0]
    log.drop_before(DAYS[4], "now")
    cut, *lines = path.read_bytes().splitlines(keepends=True)
    spoilt = {
        "a line more": [cut, *lines[1:]],
        "the cut removed": lines,
        "an older cut": [older, *lines],
        "the cut altered": [cut[:-9] + b"AAAAAAAA\n", *lines],
        "the first kept line": [cut, lines[0][:-9] + b"AAAAAAAA\n", *lines[1:]],
    }[harm]
    path.write_bytes(b"".join(spoilt))
    with pytest.raises(IntegrityError, match="access_log_altered"):
        days(log)


def test_an_altered_log_is_not_shortened(home, log):
    lines = home.access_log.read_bytes().splitlines(keepends=True)
    home.access_log.write_bytes(b"".join([lines[0], *lines[2:]]))
    before = home.access_log.read_bytes()
    with pytest.raises(IntegrityError, match="access_log_altered"):
        log.drop_before(DAYS[8], "now")
    assert sweep_round(home).access_lines == 0
    assert home.access_log.read_bytes() == before


def test_a_line_that_is_written_while_lines_leave_is_kept(home, log):
    written = threading.Thread(
        target=lambda: [log.append(access("2026-02-01T00:00:00Z", str(n))) for n in range(30)]
    )
    written.start()
    for day in DAYS[1:]:
        AccessLog(home).drop_before(day, "now")
    written.join()
    assert [one.about for one in log.read() if one.at.startswith("2026-02")] == [str(n) for n in range(30)]


def test_the_sweep_shortens_it_by_what_the_site_says(home, log):
    young = format_utc(datetime.now(UTC) - timedelta(days=29))
    log.append(access(young))
    assert sweep_round(home, SystemClock()).access_lines in (0, len(DAYS))  # the days of this test pass
    with home.settings.open("a") as settings:
        settings.write("access_log_days = 30\n")
    sweep_round(Home(home.path), SystemClock())
    assert days(log) == [young]


@pytest.mark.parametrize("value", ["29", "3651", '"365"', "true"])
def test_a_retention_that_cannot_be_is_refused(home, value):
    with home.settings.open("a") as settings:
        settings.write(f"access_log_days = {value}\n")
    with pytest.raises(HomeError, match="site_malformed"):
        _ = Home(home.path).site
