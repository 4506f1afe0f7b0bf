"""Acts that need two people: one proposes, another approves, each signed in to an account of their own; both are on record."""

from __future__ import annotations

from starlette.responses import Response

from dashboard.actions.answers import attempt, refuse, say
from dashboard.names import names_of
from dashboard.visit import NotFound, Visit
from flows.admin import enrolment, handwritten
from flows.admin.erasure import show_subject
from flows.views.proposals import Proposal, facts_of, proposals
from schemas.errors import AuthorisationError, RepriseError
from schemas.texts import text

FIELD_OF = {
    "national_number_invalid": "inss",
    "inami_number_invalid": "nihii",
    "inami_number_of_another": "nihii",
    "evidence_missing": "shown",
    "basis_unknown": "basis",
    "trial_basis": "basis",
}
"""The field of the form that a refusal is about."""
_KINDS = {
    b"%PDF-": ("application/pdf", "pdf"),
    b"\x89PNG": ("image/png", "png"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
}


def show(visit: Visit) -> Response:
    """What waits for a second person, and the form that proposes a doctor."""
    return _page(visit)


def _page(visit: Visit, *, status: int = 200, errors: dict[str, str] | None = None) -> Response:
    control = visit.look()
    found = proposals(control)
    entered = {name: visit.entered(name) for name in ("inss", "name", "nihii", "basis", "number_basis")}
    return visit.page(
        "actions/approvals.html",
        status=status,
        proposals=found,
        names=names_of(visit, control, [one.person for one in found]),
        bases=_offered(visit, enrolment.LegalBasis),
        number_bases=_offered(visit, enrolment.NumberBasis),
        shown=tuple(enrolment.Shown),
        ways=tuple(handwritten.Verification),
        errors=errors or {},
        entered=entered,
    )


def _offered(visit: Visit, kinds: type[enrolment.LegalBasis | enrolment.NumberBasis]) -> list[str]:
    return [one.value for one in kinds if one.value != "trial" or visit.home.site.trial]


def propose_doctor(visit: Visit) -> Response:
    """Tie a national number to INAMI numbers, pending: the first of two people."""
    shown = tuple(one for one in visit.form.getlist("shown") if one in set(enrolment.Shown))
    ground = enrolment.Ground(visit.entered("basis"), visit.entered("number_basis"), tuple(map(str, shown)))
    if not visit.entered("name"):
        visit.result = "name_missing"
        return _page(
            visit, status=422, errors={"name": text(visit.language, "dashboard.approvals.name_missing")}
        )
    try:
        begun = enrolment.begin_doctor(
            visit.acting(),
            inss=visit.entered("inss"),
            name=visit.entered("name"),
            nihii=tuple(visit.entered("nihii").split()),
            ground=ground,
        )
    except AuthorisationError as refused:
        if refused.code not in FIELD_OF:
            refuse(visit, refused)
            return visit.go("/approvals")
        visit.result = refused.code
        wrong = text(visit.language, f"dashboard.approvals.wrong.{refused.code}")
        return _page(visit, status=422, errors={FIELD_OF[refused.code]: wrong})
    except RepriseError as refused:
        refuse(visit, refused)
        return visit.go("/approvals")
    visit.about = begun.subject_id
    say(visit, "proposed")
    return visit.go("/approvals")


def look(visit: Visit) -> Response:
    """What the second person is asked to attest, in full. That it was shown is a ledger entry."""
    one = _known(visit)
    control = visit.acting()
    visit.about = one.person
    read, facts = "", list[tuple[str, str]]()
    if one.kind == "page":
        page = handwritten.pending(control, one.id)
        read, of = page.text, page.digest
    else:
        show_subject(control, one.person)
        facts, of = facts_of(control, one)
    return visit.page(
        "actions/proposal.html",
        one=one,
        facts=facts,
        of=of,
        read=read,
        shown=tuple(enrolment.Shown),
        ways=tuple(handwritten.Verification),
        own=one.first == visit.person.operator_id,
    )


def scan(visit: Visit) -> Response:
    """The page that was signed by hand, as it was scanned."""
    one = _known(visit)
    if one.kind != "page":
        raise NotFound
    visit.about = one.id
    page = handwritten.pending(visit.acting(), one.id)
    if page.digest != visit.asked("of"):  # another one than the page that led here
        raise AuthorisationError("attestation_altered")
    data = page.scan
    kind, ending = next(
        (found for magic, found in _KINDS.items() if data.startswith(magic)),
        ("application/octet-stream", "bin"),
    )
    headers = {
        "Content-Disposition": f'attachment; filename="scan-{one.id[:8]}.{ending}"',
        "Content-Security-Policy": "sandbox",
    }
    return Response(data, media_type=kind, headers=headers)


def approve(visit: Visit) -> Response:
    """Attest what another person proposed: the second of two. The form names what that person was shown."""
    one = _known(visit)
    visit.about = one.id

    def act() -> str:
        control = visit.acting()
        if one.kind == "page":
            way = visit.entered("way")
            if way not in set(handwritten.Verification):
                raise AuthorisationError("verification_unknown")
            handwritten.attest(control, one.id, handwritten.Verification(way), visit.entered("of"))
        else:
            seen = tuple(
                enrolment.Shown(str(s)) for s in visit.form.getlist("shown") if s in set(enrolment.Shown)
            )
            enrolment.attest(control, one.id, seen, visit.entered("of"))
        return "approved"

    return attempt(visit, act, "/approvals")


def _known(visit: Visit) -> Proposal:
    wanted = visit.request.path_params["proposal"]
    for one in proposals(visit.look()):
        if one.id == wanted:
            return one
    raise NotFound
