"""Whose a folder is: one that holds several people is nobody's, so a restricted scope leaves the whole of it out."""

from __future__ import annotations

import pytest
from inventory_case import PATIENT, Count, item, message, transaction

OTHER = PATIENT.replace("85073003328", "56020500367")
UNKNOWN = PATIENT.replace('<id S="INSS" SV="1.0">85073003328</id>', "")
FOLDER = f'<folder><id S="ID-KMEHR" SV="1.0">2</id>{OTHER}{transaction()}</folder>'


def whose(content: bytes) -> list[tuple[str | None, str | None]]:
    return [(row["inss"], row["last_seen"]) for row in Count(content).patients]


@pytest.mark.parametrize(
    "content",
    [
        message(transaction(), patient=PATIENT + OTHER),
        message(transaction(), patient=OTHER + PATIENT),
        message(transaction(), patient=PATIENT + UNKNOWN),
        message(transaction(), patient=UNKNOWN + PATIENT),
        message(transaction(), tail=FOLDER),
        message(transaction(body=OTHER)),
        message(transaction(body=FOLDER)),
        message(transaction(body=item(more=f"<content>{OTHER}</content>"))),
        message(transaction(), tail=f"<x>{OTHER}</x>"),
        message(transaction(), tail=OTHER.replace("patient>", "Patient>")),
    ],
)
def test_a_folder_of_several_people_is_nobodys(content):
    assert whose(content) == [(None, None)]


def test_the_same_person_twice_is_one():
    assert whose(message(transaction(), patient=PATIENT)) == [("85073003328", "2015-02-03")]
    assert whose(message(transaction(), patient=PATIENT + PATIENT)) == [("85073003328", "2015-02-03")]
    assert whose(message(transaction(), patient=UNKNOWN)) == [(None, "2015-02-03")]
