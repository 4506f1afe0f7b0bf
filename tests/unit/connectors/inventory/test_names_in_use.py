"""The names that an export uses: those of five patients or more, whatever the pieces it comes in; no value, and no odd name."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.small_export import code, export, folder, item, transaction, words

from connectors.inventory.kmehr import names as module
from connectors.inventory.kmehr.names import NamesInUse

CANARY = "Zwartjens"


class File:
    """As much of a source file as is read."""

    ordinal = 1

    def __init__(self, data: bytes) -> None:
        self._data = data

    def open(self) -> BytesIO:
        return BytesIO(self._data)


def told(*files: bytes, persons: frozenset[str] = frozenset()) -> Any:
    names = NamesInUse()
    for data in files:
        file: Any = File(data)
        names.add(file)
    return names.told(persons)


def person(content: str) -> str:
    return folder(
        CANARY, transaction(item("problem", code(CANARY, "LOCAL", SL="OLDEMR"), words(CANARY)), content)
    )


def test_a_name_of_five_patients_is_told_and_one_of_four_is_not():
    odd = "<odd-field strange='1'>x</odd-field>"
    for patients in (4, 5):
        found = told(export(*[person(odd)] * patients, *[person("")] * 3))
        assert ("odd-field" in found.names["elements"]) is (patients == 5)
        assert ("odd-field@strange" in found.names["attributes"]) is (patients == 5)
    assert found.names["elements"]["odd-field"] == 5
    assert found.names["code_systems"]["LOCAL/OLDEMR"] == 8
    assert found.names["item_kinds"] == {"problem": 8}
    assert found.names["transaction_kinds"] == {"contactreport": 8}
    assert told(export(*[person(odd * 100)] * 4)).names["elements"].get("odd-field") is None


def test_no_value_and_no_name_of_another_form_is_told():
    hostile = (
        f"<x85051512345/><f{'x' * 70}/>"
        + code("v", "85051512345")
        + code("v", "LOCAL", SL="Jan  Zwartjens é")
    )
    found = told(export(*[person(hostile)] * 6))
    said = repr(found)
    assert CANARY not in said
    assert "85051512345" not in said
    assert "Jan" not in said
    assert "xxxx" not in said
    assert found.rare >= 4


def test_a_list_named_after_a_doctor_is_not_told():
    content = code("v", "LOCAL", SL="LIJST-DE-SMET") + code("v", "LOCAL", SL="LIJST")
    found = told(export(*[person(content)] * 5), persons=frozenset({"smet"}))
    lists = {name for name in found.names["code_systems"] if name.startswith("LOCAL")}
    assert lists == {"LOCAL/LIJST", "LOCAL/OLDEMR"}
    assert "SMET" not in repr(found)
    assert found.rare == told(export(*[person(content)] * 5)).rare + 1


def test_what_stands_in_a_comment_or_a_section_is_no_element():
    inside = "<!-- <hidden> --><text L='nl'><![CDATA[<also-hidden a='b'>]]></text><shown a=\"x>y\"/>"
    found = told(export(*[person(inside)] * 5)).names["elements"]
    assert "shown" in found
    assert not {"hidden", "also-hidden"} & found.keys()


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 400))
def test_the_pieces_of_a_file_do_not_matter(size):
    inside = "<!-- <hidden> --><text L='nl'><![CDATA[<also-hidden a='b'>]]></text><shown a=\"x>y\"/>"
    data = export(*[person(inside)] * 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", size)
        small = told(data)
    assert small == told(data)


def test_a_broken_file_and_arbitrary_bytes_are_no_error():
    whole = export(*[person("")] * 6)
    assert told(whole[: len(whole) * 9 // 10]).names["item_kinds"] == {"problem": 5}
    assert told(b"\x00<\xff<<a b='", b"", b"<![CDATA[") is not None
    assert told(whole, whole).names["item_kinds"] == {"problem": 12}


def test_names_without_end_are_counted_and_not_kept(monkeypatch):
    monkeypatch.setattr(module, "_MOST_NAMES", 50)
    many = "".join(f"<a{chr(97 + n // 26)}{chr(97 + n % 26)}/>" for n in range(300))
    assert told(export(*[person(many)] * 5)).rare > 200
