"""One name written in many ways is one name; what two records state is compared, what one leaves out is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.persons import Person, agree, all_agree, fold_birth, fold_name, fold_sex, fold_words, merged

NBSP, RIGHT_QUOTE, HYPHEN = "\u00a0", "\u2019", "\u2010"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lefèbvre", "LEFEBVRE"), ("Lefe\u0300bvre", "Lefèbvre"), ("Noëlla", "NOELLA"), ("Müller", "MULLER"),
        ("De Smet", "De  Smet"), ("De Smet", f"De{NBSP}Smet"), ("De Smet", "desmet"), ("De Smet", " DE\tSMET "),
        ("D'Hondt", f"D{RIGHT_QUOTE}HONDT"), ("D'Hondt", "Dhondt"), ("D'Hondt", "D\u02bcHondt"), ("d`Hondt", "d´hondt"),
        ("De Smedt-Béranger", "DE SMEDT BERANGER"), ("Jean-Pierre", "Jean Pierre"), ("Jean-Pierre", f"Jean{HYPHEN}Pierre"),
        ("Van der Auwera", "Vander Auwera"), ("van den Berghe", "VANDENBERGHE"), ("Cœur", "COEUR"), ("Weiß", "WEISS"),
        ("Møller", "Moller"), ("St. Remy", "St Remy"),
    ],
)  # fmt: skip
def test_spellings_of_one_name(one, other):
    assert fold_name(one) == fold_name(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Jan", "Jan Pieter"), ("Emma", "Lotte"), ("Smet", "Smets"), ("De Smedt", "De Smedt-Béranger"), ("Ян", "Jan")],
)  # fmt: skip
def test_names_that_differ_in_a_letter_are_two(one, other):
    assert fold_name(one) != fold_name(other)


@pytest.mark.parametrize("nothing", ["", " ", "-", "?", "' -", NBSP])
def test_what_has_no_letter_is_no_name(nothing):
    assert fold_name(nothing) == ""


def test_words_of_a_first_name():
    assert fold_words(["Jean-Pierre Ève", "Luc"]) == ("jean", "pierre", "eve", "luc")


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(name):
    assert fold_name(fold_name(name)) == fold_name(name)


@given(
    st.text(max_size=20), st.sampled_from([" ", "-", "'", RIGHT_QUOTE, NBSP, "\u2009"]), st.integers(0, 20)
)
def test_signs_between_letters_do_not_count(name, sign, at):
    assert fold_name(name[:at]) + fold_name(name[at:]) == fold_name(name[:at] + sign + name[at:])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1970", ("1970",)), ("1970-05", ("1970", "05")), ("1970-05-01", ("1970", "05", "01")),
        ("1970-05-01T00:00:00", ("1970", "05", "01")), ("1970-05-01Z", ("1970", "05", "01")),
        ("1970-05-01+02:00", ("1970", "05", "01")), (" 1970-05-01 ", ("1970", "05", "01")),
        ("1970-00-00", ("1970",)), ("0000-00-00", ()), (None, ()), ("", ()),
        ("1 mai 1970", ("?1mai1970",)), ("1970-5-1", ("?197051",)),
    ],
)  # fmt: skip
def test_a_birth_is_what_is_stated_of_it(text, parts):
    assert fold_birth(text) == parts


def test_a_sex_is_stated_or_not():
    assert [fold_sex(code) for code in ("male", "M", "F", "v", "female")] == [*["male"] * 2, *["female"] * 3]
    assert [fold_sex(code) for code in ("unknown", "undefined", "changed", "", None)] == [""] * 5
    assert fold_sex("X") == "x"


def test_unlike_precisions_compare_on_what_both_state():
    born = [Person(birth=fold_birth(text)) for text in ("1970", "1970-05-01", "1992-02-02", "")]
    assert agree(born[0], born[1])
    assert not agree(born[0], born[2])
    assert not agree(born[1], born[2])
    assert all(agree(born[3], one) for one in born)


PEOPLE = st.builds(
    Person,
    st.sampled_from(["", "b", "c"]),
    st.sampled_from(["", "a", "z"]),
    st.sampled_from(
        [(), ("1970",), ("1970", "05"), ("1970", "05", "01"), ("1970", "06"), ("1992", "02", "02")]
    ),
    st.sampled_from(["", "male", "female"]),
)


@given(st.lists(PEOPLE, max_size=6))
def test_all_agree_when_each_pair_does(people):
    assert all_agree(people) == all(agree(one, other) for one in people for other in people)


@given(st.lists(PEOPLE, max_size=6).filter(all_agree))
def test_what_all_state_together_agrees_with_each(people):
    assert all(agree(merged(people), one) for one in people)
