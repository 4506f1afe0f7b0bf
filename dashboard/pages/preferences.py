"""Language and theme. Without an account they are kept in cookies; the language of an account is kept with it."""

from __future__ import annotations

from starlette.responses import Response

from dashboard.visit import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, Visit
from schemas.texts import LANGUAGES

_A_YEAR = 365 * 24 * 3600


def choose(visit: Visit) -> Response:
    """Note a language or a theme, and go back to the page."""
    language, theme = visit.entered("language"), visit.entered("theme")
    response = visit.go(visit.entered("back"))
    if language in LANGUAGES:
        if visit.account is not None:
            visit.dashboard.accounts.set_language(visit.account.id, language)
        _keep(visit, response, LANGUAGE_COOKIE, language)
    if theme in THEMES:
        _keep(visit, response, THEME_COOKIE, theme)
    return response


def _keep(visit: Visit, response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=_A_YEAR, path="/", secure=visit.dashboard.secure, httponly=True, samesite="lax"
    )
