"""National numbers and provider numbers, by the vectors of the identifiers page."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.identifiers import NihiiCheck, check_nihii, clean_inss, clean_nihii, inss_birth

VALID = [
    "85073003328",
    "93051822460",
    "93051822361",
    "03022801131",
    "03022801102",
    "00010100204",
    "00010100272",
    "68000001357",
    "68000100535",
    "60010107397",
    "85493000361",
    "11430501211",
    "72231500950",
    "72200000991",
    "72400000937",
]
INVALID = [
    "85073003329",
    "85073100031",
    "85133003370",
    "8507300332",
    "850730033280",
    "00000000097",
    "43081943647",
    "00000000000",
    "11111111111",
    "99999999999",
    "11111102504",
]


@pytest.mark.parametrize("number", VALID)
def test_valid_national_numbers(number: str) -> None:
    assert clean_inss(number) == number


@pytest.mark.parametrize("number", [*INVALID, "", None, "urn:be:fgov:ehealth:pseudo:x", "\u0661" * 11])
def test_invalid_national_numbers(number: str | None) -> None:
    assert clean_inss(number) is None


def test_separators_and_the_future() -> None:
    assert clean_inss(" 85.07.30-033/28 ") == "85073003328"
    assert clean_inss("11430501211", today=date(2011, 3, 4)) is None
    assert clean_inss("11430501211", today=date(2011, 3, 5)) == "11430501211"


@pytest.mark.parametrize(
    ("number", "birth"),
    [
        ("85073003328", date(1985, 7, 30)),
        ("03022801131", date(2003, 2, 28)),
        ("03022801102", date(1903, 2, 28)),
        ("85493000361", date(1985, 9, 30)),
        ("72231500950", date(1972, 3, 15)),
        ("68000001357", None),
        ("72200000991", None),
        ("85073003329", None),
    ],
)
def test_birth(number: str, birth: date | None) -> None:
    assert inss_birth(number) == birth


@pytest.mark.parametrize(
    ("number", "check"),
    [
        *[(n, NihiiCheck.VALID) for n in ("11234578004", "11234562004", "10000797000", "34450044001", "71000139000",
                                          "81234530998", "1/12345/78/004", "10125032004", "10365035004", "27457532")],
        *[(n, NihiiCheck.UNVERIFIED) for n in ("11234537004", "11234572004")],
        *[(n, NihiiCheck.INVALID) for n in ("11234579004", "12345678004", "99999999999", "", "123")],
    ],
)  # fmt: skip
def test_provider_numbers(number: str, check: NihiiCheck) -> None:
    assert check_nihii(number) is check


def test_provider_number_is_cleaned() -> None:
    assert clean_nihii("1.12345-78 004") == "11234578004"
    assert not clean_nihii(None)
