"""One request: who asks, in which language, what they may see, and what they are answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard import rendering
from dashboard.attempts import Attempts
from dashboard.provider import Provider
from dashboard.sessions import Session, Sessions
from flows.session.control import Control
from schemas.errors import OperatorError
from schemas.roles import Role
from schemas.texts import LANGUAGES, text
from vault.accounts.access_log import NOBODY, Access, AccessLog
from vault.accounts.account import Account, Accounts
from vault.home_folder import Home
from vault.system.clock import Clock, format_utc

LANGUAGE_COOKIE, THEME_COOKIE = "reprise_language", "reprise_theme"
_PAGE = re.compile(r"[0-9]{1,9}")
THEMES = ("auto", "light", "dark")


class NotFound(Exception):
    """There is no such thing, or the person who asks may not know of it."""


@dataclass(frozen=True)
class Dashboard:
    """What every request shares: the home, and who is signed in."""

    home: Home
    clock: Clock
    origin: str  # scheme, host and port that people type
    accounts: Accounts
    access_log: AccessLog
    sessions: Sessions
    attempts: Attempts
    provider: Provider | None
    routes: tuple[Any, ...] = ()  # the table of routes, for what describes it

    @property
    def host(self) -> str:
        """Host and port, as browsers send them."""
        return urlsplit(self.origin).netloc

    @property
    def rp_id(self) -> str:
        """The name for which passkeys are made."""
        return str(urlsplit(self.origin).hostname)

    @property
    def secure(self) -> bool:
        """Whether people reach the dashboard by TLS."""
        return self.origin.startswith("https://")

    @property
    def session_cookie(self) -> str:
        """The name of the session's cookie; with TLS, browsers hold it to this very host."""
        return "__Host-reprise" if self.secure else "reprise"


@dataclass
class Visit:
    """A request and the person behind it."""

    dashboard: Dashboard
    request: Request
    session: Session | None
    account: Account | None
    form: FormData = field(default_factory=FormData)
    menu: tuple[Any, ...] = ()  # the pages that this person may open
    about: str = ""  # what the page or act concerns, for the access log; else its path says it
    result: str = "done"

    @property
    def home(self) -> Home:
        """The home."""
        return self.dashboard.home

    @cached_property
    def language(self) -> str:
        """The language of the account, else the chosen one, else the best of the browser's."""
        chosen = self.request.cookies.get(LANGUAGE_COOKIE, "")
        if self.account is not None and self.account.language:
            return self.account.language
        return chosen if chosen in LANGUAGES else preferred(self.request.headers.get("accept-language", ""))

    @property
    def theme(self) -> str:
        """`light`, `dark`, or `auto` for the system's."""
        chosen = self.request.cookies.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else "auto"

    @property
    def person(self) -> Account:
        """The account that is signed in; on pages for everybody there may be none."""
        if self.account is None:
            raise NotFound
        return self.account

    def has(self, *roles: Role) -> bool:
        """Whether the person who asks has one of these roles."""
        return self.account is not None and self.account.may(frozenset(roles))

    @property
    def only_about(self) -> str | None:
        """The doctor whose runs and instructions alone this person may see; None when they may see all."""
        return self.person.doctor_id if self.has(Role.DOCTOR) else None

    def may_go_on(self) -> bool:
        """Whether the person is still signed in with the same roles: asked again while an answer goes on."""
        account = self.dashboard.accounts.get(self.person.id)
        signed_in = self.session is not None and self.dashboard.sessions.lives(self.session)
        return (
            signed_in
            and account is not None
            and account.closed is None
            and account.epoch == self.person.epoch
        )

    @property
    def sees_names(self) -> bool:
        """Whether this person may read names; each name that is shown is an entry of the access log (`dashboard.names`)."""
        return self.has(Role.ENGINEER, Role.DOCTOR, Role.OFFICER)

    def look(self) -> Control:
        """Open the home to look."""
        return Control.open_to_look(self.home, self.dashboard.clock)

    def acting(self) -> Control:
        """Open the home for the operator of the account that is signed in. Raises OperatorError (no_operator)."""
        if self.person.operator_id is None:
            raise OperatorError("no_operator")
        return Control.open_signed_in(
            self.home, self.person.operator_id, self.person.id, self.dashboard.clock
        )

    def entered(self, name: str) -> str:
        """Returns a field of the form, or nothing; control characters are taken out."""
        value = self.form.get(name, "")
        return "" if isinstance(value, UploadFile) else "".join(c for c in value if c.isprintable()).strip()

    def asked(self, name: str) -> str:
        """Returns a value of the address after `?`."""
        return "".join(c for c in self.request.query_params.get(name, "") if c.isprintable()).strip()

    def asked_page(self) -> int:
        """Returns the number of the page of a list; the first for anything but a number of at most nine digits."""
        given = self.asked("page")
        return max(int(given), 1) if _PAGE.fullmatch(given) else 1

    def asked_day(self, name: str) -> str:
        """Returns a day of the address, as 2026-11-30; nothing for anything else."""
        given = self.asked(name)
        return given if rendering.as_day(given) is not None else ""

    def asked_period(self) -> dict[str, str]:
        """Returns the first and the last day of a filter, each as `asked_day` does."""
        return {name: self.asked_day(name) for name in ("since", "until")}

    def log(self, kind: str, what: str, about: str, result: str = "done") -> None:
        """Write to the access log, before anything is answered."""
        account = self.account.id if self.account else NOBODY
        at = format_utc(self.dashboard.clock.now())
        self.dashboard.access_log.append(
            Access(at, account, "act" if kind == "act" else "view", what, about, result)
        )

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Returns a page."""
        return HTMLResponse(self.render(template, **values), status_code=status)

    def render(self, template: str, **values: Any) -> str:
        """Returns the text of a page or of a part of one."""
        say = partial(text, self.language)
        return (
            rendering.environment()
            .get_template(template)
            .render(
                visit=self,
                say=say,
                csrf=self.session.token if self.session else "",
                asset=rendering.asset_path,
                moment=partial(rendering.moment, self.language),
                day=partial(rendering.day, self.language),
                number=partial(rendering.number, self.language),
                span=partial(rendering.span, self.language),
                size=partial(rendering.size, self.language),
                languages=LANGUAGES,
                trial=self.home.site.trial,
                **values,
            )
        )

    def go(self, path: str) -> Response:
        """Returns a redirection inside the dashboard, after an act."""
        return RedirectResponse(local(path), status_code=303)

    def begin_session(self) -> Session:
        """Returns the session, begun if there is none: pages with a form need one."""
        if self.session is None:
            self.session = self.dashboard.sessions.begin()
        return self.session


Page = Callable[[Visit], Response]


def signed_in(dashboard: Dashboard, request: Request) -> tuple[Session | None, Account | None]:
    """Returns the session that a request names, and its account; neither, once that account may not go on."""
    session = dashboard.sessions.find(request.cookies.get(dashboard.session_cookie, ""))
    if session is None or session.account_id is None:
        return session, None
    account = dashboard.accounts.get(session.account_id)
    if account is None or account.closed is not None or account.epoch != session.epoch:
        dashboard.sessions.end(session)
        return None, None
    return session, account


def local(path: str) -> str:
    """Returns the path if it leads to this dashboard, else the start page."""
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if inside and "\\" not in path else "/"


def preferred(header: str) -> str:
    """Returns the best of our languages by a browser's Accept-Language; French if it wants none of them."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:500].split(",")):
        name, _, weight = part.strip().partition(";q=")
        try:
            rank = float(weight or 1)
        except ValueError:
            continue
        wanted.append((-rank, place, name.partition("-")[0].lower()))
    return next((name for rank, _, name in sorted(wanted) if name in LANGUAGES and rank < 0), "fr")
