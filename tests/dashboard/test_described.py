"""schemathesis asks the interface for programs what its description allows, and what it does not: no 500, nothing undescribed."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from support.dashboard_people import ORIGIN, OWN
from test_machine import issue

from dashboard.machine.openapi import document
from dashboard.routes import ROUTES
from schemas.roles import Role, Scope
from vault.destruction.heartbeat import beat

CHECKS = [
    not_a_server_error, content_type_conformance, response_headers_conformance, response_schema_conformance, status_code_conformance,
    unsupported_method, ignored_auth, negative_data_rejection, positive_data_acceptance,
]  # fmt: skip
PATHS = [route.path for route in ROUTES if route.path.startswith("/api/v1/") and route.scope]
TRIED = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def asked(people):
    """How a program with every scope asks, and the operations that the description has."""
    beat(people.dashboard.home, people.clock, {})
    schema = schemathesis.openapi.from_dict(document(ROUTES))
    schema.app = people.application
    headers = {"Authorization": f"Bearer {issue(people, Role.ENGINEER.value, *Scope)}"}

    def ask(case) -> None:
        if "run" in (case.path_parameters or {}) and len(str(case.path_parameters["run"])) % 2:
            case.path_parameters["run"] = OWN
        people.dashboard.attempts._requests.clear()
        people.dashboard.attempts._tallies.clear()
        answer = case.call(base_url=ORIGIN, headers=headers)
        checks = [
            one for one in CHECKS if one is not positive_data_acceptance or "{" not in case.operation.path
        ]
        case.validate_response(answer, checks=checks, headers=headers, transport_kwargs={"base_url": ORIGIN})

    return ask, {found.ok().path: found.ok() for found in schema.get_all_operations()}


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value
)
@pytest.mark.parametrize("path", PATHS)
def test_whatever_is_asked_is_answered_as_described(asked, path, mode):
    ask, operations = asked
    operation = operations[path]
    if mode is GenerationMode.NEGATIVE and not (operation.query or operation.path_parameters):
        return  # nothing can be asked wrongly

    @given(case=operation.as_strategy(generation_mode=mode))
    @TRIED
    def tried(case) -> None:
        ask(case)

    tried()
