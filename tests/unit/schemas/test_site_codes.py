"""A site's tables of codes: what is read, and each way in which one is refused."""

from __future__ import annotations

import pytest

from schemas.errors import HomeError
from schemas.site_codes import FOLDER, SCHEMES, SiteCode, load_site_codes

HEAD = "system,code,scheme,value,owner,source,dated"
ROW = SiteCode("OLDEMR", "HTA-1", "ICPC", "K86", "Dr A", "list of 2024", "2024-05-06")
GOOD = {
    "ICPC": "K86", "ICD": "I10", "CD-LAB": "2160-0", "CD-ATC": "C09AA02", "CD-DRUG-CNK": "1234567", "CD-INNCLUSTER": "1234567",
    "CD-VMPGROUP": "26625", "CD-SNOMED": "38341003", "CD-CLINICAL": "10012345", "CD-PARAMETER": "weight",
}  # fmt: skip


def tables(tmp_path, *texts):
    (tmp_path / FOLDER).mkdir(exist_ok=True)
    for n, text in enumerate(texts):
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / FOLDER / f"{n}.csv").write_bytes(data)
    return tmp_path


def line(**changes):
    return ",".join(ROW._replace(**changes))


def test_rows_of_all_tables_are_known_by_system_and_code(tmp_path):
    assert load_site_codes(tmp_path) == {}
    rows = [line(code=f"c{n}", scheme=scheme, value=value) for n, (scheme, value) in enumerate(GOOD.items())]
    home = tables(tmp_path, "\n".join([HEAD, *rows]), f"\ufeff{HEAD}\r\n{line()}\r\n{line(owner='Dr B')}\r\n")
    found = load_site_codes(home)
    assert found["OLDEMR", "HTA-1"] == ROW
    assert len(found) == len(GOOD) + 1
    assert GOOD.keys() == SCHEMES


@pytest.mark.parametrize(
    ("table", "at"),
    [
        ("", 1),
        (line(), 1),
        (f"{HEAD},more\n{line()}", 1),
        (f"{HEAD}\n{line()},more", 2),
        *(
            (f"{HEAD}\n{line()}\n{line(code='b', **{name: ' '})}", 3)
            for name in SiteCode._fields
            if name != "code"
        ),
        (f"{HEAD}\n{line(code='')}", 2),
        (f"{HEAD}\n{line(scheme='CD-ITEM')}", 2),
        (f"{HEAD}\n{line(dated='06/05/2024')}", 2),
        (f"{HEAD}\n{line(scheme='CD-LAB', value='2160-1')}", 2),
        *((f"{HEAD}\n{line(scheme=scheme, value='?')}", 2) for scheme in GOOD),
        (f'{HEAD}\n"a"b,c', 2),
        (b"\xff\xfe", 0),
    ],
)
def test_a_malformed_table_is_refused_by_its_line(tmp_path, table, at):
    with pytest.raises(HomeError) as error:
        load_site_codes(tables(tmp_path, table))
    assert (error.value.code, error.value.facts["line"]) == ("code_table_malformed", at)


def test_two_meanings_of_one_code_are_refused_also_across_tables(tmp_path):
    home = tables(tmp_path, f"{HEAD}\n{line()}", f"{HEAD}\n{line(value='K87')}")
    with pytest.raises(HomeError) as error:
        load_site_codes(home)
    assert (error.value.code, error.value.facts["line"]) == ("code_table_contradicts", 2)
