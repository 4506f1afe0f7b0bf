"""Every page and act of the dashboard: its address, who may use it, and what carries it out.

This table is the only place that grants anything: `dashboard.application` makes the application of it and nothing else, and
`tests/dashboard/test_routes.py` tries each line with each role and without signing in.
"""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.actions import approvals, drafting, instructions, work
from dashboard.actions import runs as run_acts
from dashboard.machine import api, health, metrics, openapi
from dashboard.pages import (
    access_log,
    account,
    accounts,
    authorisation_list,
    deletion,
    doctors,
    downloads,
    host,
    ledger,
    preferences,
    runs,
    sign_in,
    today,
)
from dashboard.visit import Page
from schemas.roles import WHO_SEES_ALL, WHO_SEES_RUNS, Role, Scope

EVERYBODY: frozenset[Role] = frozenset()
"""Needs no sign-in."""
SIGNED_IN = frozenset(Role)
WHO_SEES_PROOF = frozenset({Role.ENGINEER, Role.AUDITOR, Role.OFFICER})
"""The roles that see the proof of every run."""
WHO_READS_NAMES = frozenset({Role.ENGINEER, Role.DOCTOR, Role.OFFICER})
OFFICER, ADMINISTRATOR = frozenset({Role.OFFICER}), frozenset({Role.ADMINISTRATOR})
ENGINEER = frozenset({Role.ENGINEER})
A_FILE, A_SCAN = 10 << 20, 30 << 20
"""The most bytes of a form with a signed document, and of one with a scanned page."""


@dataclass(frozen=True)
class Route:
    """One line of the table."""

    method: str
    path: str
    name: str  # in the access log, in the menu and in the texts
    page: Page
    who: frozenset[Role]
    menu: frozenset[Role] = frozenset()  # whose menu names it
    personal: bool = False  # a view of it is an entry of the access log, like every act
    acts: bool = False  # an act although no form of ours begins it
    issues: bool = False  # a file whose copy is recorded in the ledger: no page of another site may lead here
    most_bytes: int = 64 * 1024  # of the form
    scope: Scope | None = None  # of the token that a program must show; no cookie counts
    open_to_programs: bool = False  # for programs, and without a token too

    @property
    def is_act(self) -> bool:
        """Whether it changes something; each is an entry of the access log."""
        return self.acts or self.issues or self.method == "POST"

    @property
    def for_machines(self) -> bool:
        """Whether programs ask for it: answered by `dashboard.machine.endpoint`, never with a page."""
        return self.scope is not None or self.open_to_programs


ROUTES = (
    Route("GET", "/", "today", today.show, SIGNED_IN, menu=WHO_SEES_RUNS),
    Route("GET", "/runs", "runs", runs.show_all, WHO_SEES_RUNS, menu=WHO_SEES_RUNS),
    Route("GET", "/runs/{run}", "run", runs.show, WHO_SEES_RUNS, personal=True),
    Route("GET", "/runs/{run}/live", "run_live", runs.live, WHO_SEES_RUNS),
    Route("GET", "/access", "access_log", access_log.show, OFFICER, menu=OFFICER, personal=True),
    Route("GET", "/access.csv", "access_log_export", access_log.export, OFFICER, personal=True),
    Route("GET", "/accounts", "accounts", accounts.show, ADMINISTRATOR, menu=ADMINISTRATOR, personal=True),
    Route("POST", "/accounts/invite", "account_invite", accounts.invite, ADMINISTRATOR),
    Route("POST", "/accounts/invite-again", "account_invite_again", accounts.invite_again, ADMINISTRATOR),
    Route("POST", "/accounts/roles", "account_roles", accounts.give_roles, ADMINISTRATOR),
    Route("POST", "/accounts/close", "account_close", accounts.close, ADMINISTRATOR),
    Route("GET", "/account", "account", account.show, SIGNED_IN),
    Route("POST", "/account/password", "password_change", account.change_password, SIGNED_IN),
    Route("POST", "/account/password/drop", "password_drop", account.drop_password, SIGNED_IN),
    Route("POST", "/account/passkey/options", "passkey_options", account.passkey_options, SIGNED_IN),
    Route("POST", "/account/passkey", "passkey_add", account.add_passkey, SIGNED_IN),
    Route("POST", "/account/passkey/drop", "passkey_drop", account.drop_passkey, SIGNED_IN),
    Route("POST", "/sign-out", "sign_out", sign_in.sign_out, SIGNED_IN),
    Route("GET", "/sign-in", "sign_in_form", sign_in.show, EVERYBODY),
    Route("POST", "/sign-in", "sign_in", sign_in.by_password, EVERYBODY),
    Route("POST", "/sign-in/passkey/options", "sign_in_options", sign_in.passkey_options, EVERYBODY),
    Route("POST", "/sign-in/passkey", "sign_in_passkey", sign_in.by_passkey, EVERYBODY),
    Route("POST", "/sign-in/provider", "sign_in_provider", sign_in.go_to_provider, EVERYBODY),
    Route(
        "GET",
        "/sign-in/provider/back",
        "sign_in_provider_back",
        sign_in.back_from_provider,
        EVERYBODY,
        acts=True,
    ),
    Route("GET", "/invitation", "invitation", sign_in.show_invitation, EVERYBODY),
    Route("POST", "/invitation", "invitation_accept", sign_in.accept_invitation, EVERYBODY),
    Route("POST", "/preferences", "preferences", preferences.choose, EVERYBODY),
    # For machines
    Route("GET", "/health", "health", health.show, EVERYBODY, open_to_programs=True),
    Route("GET", "/metrics", "metrics", metrics.show, WHO_SEES_ALL, scope=Scope.METRICS),
    Route("GET", "/api/v1/openapi.json", "openapi", openapi.show, EVERYBODY, open_to_programs=True),
    Route("GET", "/api/v1/today", "api_today", api.today, WHO_SEES_RUNS, scope=Scope.RUNS),
    Route("GET", "/api/v1/runs", "api_runs", api.runs, WHO_SEES_RUNS, scope=Scope.RUNS),
    Route("GET", "/api/v1/runs/{run}", "api_run", api.run, WHO_SEES_RUNS, scope=Scope.RUNS, personal=True),
    Route(
        "GET", "/api/v1/completeness", "api_completeness", api.completeness, WHO_SEES_ALL, scope=Scope.PROOF
    ),
    Route("GET", "/api/v1/proofs", "api_proofs", api.proofs, WHO_SEES_ALL, scope=Scope.PROOF),
    Route("GET", "/api/v1/ledger", "api_ledger", api.ledger, WHO_SEES_ALL, scope=Scope.LEDGER),
    Route("GET", "/api/v1/host", "api_host", api.host, WHO_SEES_ALL, scope=Scope.HOST),
    # pages that people read
    Route(
        "GET",
        "/runs/{run}/certificate.pdf",
        "run_certificate",
        downloads.certificate,
        WHO_SEES_RUNS,
        personal=True,
    ),
    Route(
        "GET",
        "/runs/{run}/proof.zip",
        "run_proof",
        downloads.proof,
        WHO_SEES_RUNS,
        personal=True,
        issues=True,
    ),
    Route(
        "GET", "/doctors", "doctors", doctors.show_all, WHO_READS_NAMES, menu=WHO_READS_NAMES, personal=True
    ),
    Route("GET", "/doctors/{doctor}", "doctor", doctors.show, WHO_READS_NAMES, personal=True),
    Route(
        "GET",
        "/authorisations",
        "authorisations",
        authorisation_list.show_all,
        WHO_SEES_RUNS,
        menu=WHO_SEES_RUNS,
    ),
    Route(
        "GET",
        "/authorisations/{authorisation}",
        "authorisation",
        authorisation_list.show,
        WHO_SEES_RUNS,
        personal=True,
    ),
    Route("GET", "/deletion", "deletion", deletion.show, WHO_SEES_PROOF, menu=WHO_SEES_PROOF),
    Route("GET", "/deletion.csv", "deletion_csv", deletion.export_csv, WHO_SEES_PROOF),
    Route("GET", "/deletion.pdf", "deletion_pdf", deletion.export_pdf, WHO_SEES_PROOF),
    Route("GET", "/deletion.zip", "deletion_zip", deletion.export_zip, WHO_SEES_PROOF, issues=True),
    Route("GET", "/ledger", "ledger", ledger.show, WHO_SEES_PROOF, menu=WHO_SEES_PROOF),
    Route("POST", "/ledger/check", "ledger_check", ledger.check, WHO_SEES_PROOF),
    Route("GET", "/host", "host", host.show, WHO_SEES_PROOF, menu=WHO_SEES_PROOF),
    Route("GET", "/verify.html", "verify_page", deletion.checking_page, SIGNED_IN),
    Route("GET", "/policy.txt", "policy", deletion.policy_file, SIGNED_IN),
    # what engineers do (dashboard/actions)
    Route("GET", "/work", "work", work.show, ENGINEER, menu=ENGINEER, personal=True),
    Route("POST", "/work/sources", "source_register", work.register, ENGINEER),
    Route("POST", "/work/sources/forget", "source_forget", work.forget, ENGINEER),
    Route("POST", "/work/start", "run_start", work.start, ENGINEER),
    Route("POST", "/work/orders/cancel", "order_cancel", work.cancel, ENGINEER),
    Route("POST", "/work/sweep", "sweep", work.sweep, ENGINEER),
    Route("GET", "/orders/{order}", "order", work.wait_for, ENGINEER),
    Route("POST", "/runs/{run}/resume", "run_resume", run_acts.resume, ENGINEER),
    Route("POST", "/runs/{run}/cancel", "run_cancel", run_acts.cancel, ENGINEER),
    Route("POST", "/runs/{run}/abandon", "run_abandon", run_acts.abandon, ENGINEER),
    Route("POST", "/runs/{run}/confirm", "run_confirm", run_acts.confirm, ENGINEER, most_bytes=A_FILE),
    Route("GET", "/runs/{run}/acceptance.pdf", "acceptance_draft", run_acts.draft_acceptance, ENGINEER),
    Route("GET", "/draft", "draft", drafting.show, ENGINEER, menu=ENGINEER),
    Route("POST", "/draft/preview", "draft_preview", drafting.preview, ENGINEER),
    Route("POST", "/draft/page", "draft_page", drafting.make_page, ENGINEER),
    Route("GET", "/instructions", "instructions", instructions.show, ENGINEER, personal=True),
    Route(
        "POST",
        "/instructions/record",
        "instruction_record",
        instructions.record,
        ENGINEER,
        most_bytes=A_FILE,
    ),
    Route(
        "POST",
        "/instructions/by-hand",
        "instruction_by_hand",
        instructions.propose_by_hand,
        ENGINEER,
        most_bytes=A_SCAN,
    ),
    Route(
        "POST",
        "/instructions/{authorisation}/withdraw",
        "instruction_withdraw",
        instructions.withdraw,
        ENGINEER,
        most_bytes=A_FILE,
    ),
    Route(
        "GET",
        "/instructions/{authorisation}/withdrawal.json",
        "withdrawal_draft",
        instructions.draft_withdrawal,
        ENGINEER,
    ),
    Route("POST", "/instructions/{authorisation}/intake", "intake_open", instructions.open_for, ENGINEER),
    Route("GET", "/intakes/{intake}/seal.html", "intake_page", instructions.intake_page, ENGINEER),
    Route("POST", "/intakes/close", "intake_close", instructions.close, ENGINEER),
    Route("GET", "/approvals", "approvals", approvals.show, ENGINEER, menu=ENGINEER, personal=True),
    Route("POST", "/approvals/doctor", "doctor_propose", approvals.propose_doctor, ENGINEER),
    Route("GET", "/approvals/{proposal}", "proposal", approvals.look, ENGINEER, personal=True),
    Route("GET", "/approvals/{proposal}/scan", "proposal_scan", approvals.scan, ENGINEER, personal=True),
    Route("POST", "/approvals/{proposal}/approve", "proposal_approve", approvals.approve, ENGINEER),
)
