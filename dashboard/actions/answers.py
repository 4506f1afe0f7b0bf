"""What an act is answered with: the page it was begun on, with one sentence: what was done, or why not and what to do now."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import UploadFile
from starlette.responses import Response

from dashboard.advice import advice_of
from dashboard.visit import Visit
from flows.session.coded_errors import CodedFailure, parts_of
from schemas.errors import RepriseError
from schemas.texts import text

SHORT = 8
"""How many characters of an id a person types to confirm what cannot be undone: those that the pages show of it."""


def attempt(visit: Visit, act: Callable[[], str], back: str = "") -> Response:
    """Do something and go back. `act` returns the name of a sentence (`dashboard.done`), or a path to go to instead.

    A refusal is in the ledger by construction; here it becomes a sentence with advice.
    """
    try:
        done = act()
    except (RepriseError, CodedFailure, OSError) as refused:
        refuse(visit, refused)
    else:
        if done.startswith("/"):
            return visit.go(done)
        say(visit, done)
    return visit.go(back or "/work")


def say(visit: Visit, done: str, **values: object) -> None:
    """Keep a sentence for the next page of this session."""
    _keep(visit, "good", text(visit.language, f"dashboard.done.{done}", **values), "", visit.language)


def refuse(visit: Visit, error: Exception) -> None:
    """Keep a refusal for the next page, in the person's language or else in English, and its code for the access log."""
    code, _, message, advice = parts_of(error)
    visit.result = code
    known = advice_of(visit.language, code)
    if known is None or known.language != visit.language:
        _keep(visit, "bad", message, advice, "en")
    else:
        _keep(visit, "bad", f"{known.words} [{code}]", known.advice, known.language)


def is_confirmed(visit: Visit, name: str) -> bool:
    """Whether the person typed the short code of what they mean to end; if not, the next page says so."""
    if visit.entered("code").lower() == name[:SHORT]:
        return True
    visit.result = "code_differs"
    _keep(visit, "bad", text(visit.language, "dashboard.work.code_differs"), "", visit.language)
    return False


def sent(visit: Visit, name: str) -> bytes:
    """Returns the file that a form carries under this name; nothing if there is none."""
    value = visit.form.get(name)
    return value.file.read() if isinstance(value, UploadFile) else b""


def as_file(data: bytes, name: str) -> Response:
    """Returns a file to save. `name` is of our making."""
    kind = {".pdf": "application/pdf", ".json": "application/json"}.get(name[name.rfind(".") :])
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=kind or "application/octet-stream", headers=headers)


def _keep(visit: Visit, kind: str, words: str, advice: str, language: str) -> None:
    session = visit.begin_session()
    for name, value in (("kind", kind), ("words", words), ("advice", advice), ("language", language)):
        session.keep(f"said_{name}", value)
