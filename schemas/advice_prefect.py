"""What codes say that concern Prefect: its API, its work pools, and the flow runs that the worker refuses."""

from __future__ import annotations

_ANEW = "Deploy this version's own prefect.yaml again: `prefect --no-prompt deploy --all`."

PREFECT: dict[str, tuple[str, str]] = {
    "prefect_open": (
        "The Prefect API answers without asking for a password.",
        "Start its server with PREFECT_SERVER_API_AUTH_STRING: docs/run-a-migration.md.",
    ),
    "prefect_api_not_given": (
        "The environment does not name a Prefect server.",
        "Set PREFECT_API_URL and PREFECT_API_AUTH_STRING: docs/run-a-migration.md.",
    ),
    "prefect_silent": (
        "The server at PREFECT_API_URL does not answer as a Prefect server.",
        "Start the Prefect server, and check that PREFECT_API_URL names it; or use --direct, which needs no server.",
    ),
    "prefect_not_deployed": ("The Prefect server has no deployment of this flow.", _ANEW),
    "order_has_a_run": (
        "A run of this order has already begun.",
        "Run `reprise status RUN` to see it, or `reprise abandon RUN --yes` to end it.",
    ),
    "pool_of_another_type": (
        "A work pool with this name exists but has another type.",
        "Name another pool with --pool. Prefect's own workers execute any command that a deployment contains.",
    ),
    "flow_unknown": ("This flow does not belong to Reprise.", _ANEW),
    "entry_point_unknown": ("The deployment of this flow run names another entry point.", _ANEW),
    "pull_step_refused": ("The deployment of this flow run has its own pull step.", _ANEW),
    "job_variables_refused": (
        "This flow run or its deployment sets job variables.",
        "Trigger the flow run without them: the worker takes its settings only from its own environment.",
    ),
    "parameters_unknown": (
        "The parameters of this flow run are not exactly a home and an order.",
        "Trigger it with both; `reprise order` prints the order's id. Trigger the sweep with a home only.",
    ),
    "home_not_served": (
        "The worker does not serve this home.",
        "Start the worker with --home for this home, or trigger with the full path of a home that it serves.",
    ),
    "result_refused": (
        "Prefect asked to read a stored result, which Reprise never does.",
        "Find out who wrote to the Prefect API: Reprise stores no results.",
    ),
}
