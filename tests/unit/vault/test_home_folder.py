"""The home: every place has one name, and the documentation lists it."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.errors import HomeError
from vault.home.create import create_home
from vault.home_folder import Home

ARCHITECTURE = Path(__file__).parents[3] / "docs" / "architecture.md"
PLACES = [name for name, place in vars(Home).items() if isinstance(place, property) and name != "id"]


@pytest.mark.parametrize("name", PLACES)
def test_the_documentation_lists_every_place(tmp_path, name):
    listed = (
        ARCHITECTURE.read_text(encoding="utf-8")
        .partition("## The files of a home")[2]
        .partition("Each host")[0]
    )
    place = getattr(Home(tmp_path), name).relative_to(tmp_path)
    assert f"      {place.as_posix()}" in listed


def test_places_differ_and_lie_in_the_home(tmp_path):
    places = [getattr(Home(tmp_path), name) for name in PLACES]
    assert len(set(places)) == len(places) > 20
    assert {place.parent for place in places} == {tmp_path}


def test_settings_are_read_once_and_a_missing_home_is_refused(tmp_path):
    home = Home(tmp_path / "home")
    with pytest.raises(HomeError, match="home_not_found"):
        _ = home.site
    create_home(home, trial=True, origin="x.example/log", ceiling_hours=5)
    assert home.site is home.site
    assert (home.site.ceiling_hours, str(home)) == (5, str(tmp_path / "home"))
    assert home == Home(tmp_path / "home")
