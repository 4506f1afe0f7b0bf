"""Numbers, sizes and dates as each language writes them; Belgian time held against the zone data of the host."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from schemas.writing import belgian, day, moment, number, size, typeset

AT = datetime(2026, 11, 30, 12, 5, tzinfo=UTC)


def plain(told: str) -> str:
    return told.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", "_")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", "30 novembre 2026 à 13 h 05"),
        ("nl", "30 november 2026 om 13.05 uur"),
        ("de", "30. November 2026, 13:05 Uhr"),
        ("en", "30 November 2026, 13:05"),
    ],
)
def test_a_moment_is_told_in_belgian_time(language, expected):
    assert plain(moment(language, AT)) == expected
    assert moment(language, AT) != moment(language, AT + timedelta(seconds=1))


def test_belgian_time_is_that_of_the_zone_data():
    zone, at = ZoneInfo("Europe/Brussels"), datetime(1997, 1, 1, tzinfo=UTC)
    while at.year < 2038:
        assert belgian(at).replace(tzinfo=None) == at.astimezone(zone).replace(tzinfo=None), at
        at += timedelta(hours=7, minutes=30)


def test_the_hour_that_comes_twice_is_told_apart():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    told = [moment("en", first + timedelta(hours=n)) for n in range(-1, 4)]
    assert len(set(told)) == 5
    assert [("UTC" in one) for one in told] == [False, True, True, False, False]


def test_numbers_sizes_days():
    assert plain(number("fr", 1234567)) == "1_234_567"
    assert [plain(size("fr", n)) for n in (0, 999, 1000, 999_949, 999_950, 9_100_000)] == [
        "0 octets", "999 octets", "1 ko", "999,9 ko", "1 Mo", "9,1 Mo",
    ]  # fmt: skip
    assert plain(size("de", 2_553_161)) == "2,6 MB"
    assert plain(day("fr", date(2026, 3, 1))) == "1er mars 2026"
    assert plain(day("de", date(2026, 3, 1))) == "1. März 2026"


def test_marks():
    assert plain(typeset("fr", "l'export : « non » ; vu ?")) == "l’export_: «_non_»_; vu_?"
    assert typeset("en", "the practice's: a") == "the practice’s: a"
