"""Recorded instructions: record one that was signed, withdraw one, open an intake for one."""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from dashboard.actions.answers import as_file, attempt, is_confirmed, refuse, sent
from dashboard.names import names_of
from dashboard.visit import NotFound, Visit
from flows.admin import authorisations, handwritten
from flows.admin.starting import Choice, choices
from flows.engine import run as engine
from flows.lifecycle.evidence import sent_evidence
from flows.lifecycle.intakes import KEYRING, close_intake, list_described, open_intake, page_of
from schemas.errors import DeadlineError, RepriseError
from schemas.texts import text

PROVIDERS = (KEYRING, "file")


def show(visit: Visit) -> Response:
    """What is recorded, and the forms."""
    return _page(visit)


def _page(visit: Visit, *, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    control = visit.look()
    found = choices(control)
    return visit.page(
        "actions/instructions.html",
        status=status,
        choices=found,
        names=names_of(visit, control, [one.doctor for one in found]),
        intakes=list_described(control),
        providers=PROVIDERS,
        by_hand=control.site.handwritten,
        errors=errors or {},
    )


def record(visit: Visit) -> Response:
    """Check a signed instruction and keep it sealed. It is read from the form and lies in no file."""
    document = sent(visit, "document")
    if not document:
        visit.result = "no_file"
        return _page(
            visit, status=422, errors={"document": text(visit.language, "dashboard.work.choose_file")}
        )

    def act() -> str:
        signature = sent(visit, "signature")
        control = visit.acting()
        visit.about = authorisations.record_sent(control, document, [signature] if signature else [], None)
        return "recorded"

    return attempt(visit, act, "/instructions")


def propose_by_hand(visit: Visit) -> Response:
    """Keep a page that was signed by hand as pending: the first of two people."""
    document, scan = sent(visit, "document"), sent(visit, "scan")
    if not (document and scan):
        visit.result = "no_file"
        return _page(visit, status=422, errors={"scan": text(visit.language, "dashboard.work.choose_file")})

    def act() -> str:
        visit.about = handwritten.record_sent(visit.acting(), document, scan)
        return "proposed"

    return attempt(visit, act, "/instructions")


def withdraw(visit: Visit) -> Response:
    """Record a withdrawal, reported or signed: the instruction's runs end, their staging is destroyed."""
    known = _known(visit)
    document, signature = sent(visit, "document"), sent(visit, "signature")
    if not is_confirmed(visit, known.id):
        return visit.go("/instructions")

    def act() -> str:
        signed = sent_evidence(document, [signature] if signature else []) if document else None
        engine.withdraw(visit.acting(), known.id, signed)
        return "withdrawn"

    return attempt(visit, act, "/instructions")


def draft_withdrawal(visit: Visit) -> Response:
    """What a controller signs to withdraw an instruction, as a file."""
    known = _known(visit)
    document = authorisations.draft_withdrawal(visit.look(), known.id)
    return as_file(document, f"withdrawal-{known.id[:8]}.json")


def open_for(visit: Visit) -> Response:
    """Open an intake, and answer with the page on which the practice seals its export."""
    known, hours = _known(visit), visit.entered("hours")
    try:
        if hours and not (hours.isascii() and hours.isdigit() and len(hours) < 9):
            raise DeadlineError("hours_out_of_range")
        provider = visit.entered("keys") or KEYRING
        opened = open_intake(visit.acting(), known.id, provider, int(hours) if hours else None)
    except RepriseError as refused:
        refuse(visit, refused)
        return visit.go("/instructions")
    return visit.page("actions/intake.html", opened=opened, intake=opened.intake)


def intake_page(visit: Visit) -> Response:
    """The practice's page of an open intake, as a file: it is opened at the practice and never here."""
    found = page_of(visit.look(), str(visit.request.path_params["intake"]))
    if found is None:
        raise NotFound
    headers = {
        "Content-Disposition": 'attachment; filename="seal.html"',
        "Content-Security-Policy": "sandbox",
    }
    return HTMLResponse(found, headers=headers)


def close(visit: Visit) -> Response:
    """Destroy the key of an intake that no run uses."""

    def act() -> str:
        close_intake(visit.acting(), visit.about)
        return "intake_closed"

    visit.about = visit.entered("intake")
    return attempt(visit, act, "/instructions")


def _known(visit: Visit) -> Choice:
    wanted = visit.request.path_params["authorisation"]
    for one in choices(visit.look()):
        if one.id == wanted:
            return one
    raise NotFound
