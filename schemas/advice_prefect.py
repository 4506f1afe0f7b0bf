"""What codes say that concern Prefect: its API, its work pools, and the flow runs that the worker refuses."""

from __future__ import annotations

_ANEW = "Deploy this version's own prefect.yaml anew: `prefect --no-prompt deploy --all`."

PREFECT: dict[str, tuple[str, str]] = {
    "prefect_open": (
        "The Prefect API answers anybody, without a password.",
        "Start its server with PREFECT_SERVER_API_AUTH_STRING: docs/run-a-migration.md.",
    ),
    "prefect_api_not_given": (
        "No Prefect server is named.",
        "Set PREFECT_API_URL, and PREFECT_API_AUTH_STRING beside it: docs/run-a-migration.md.",
    ),
    "prefect_silent": (
        "The Prefect server does not answer as one.",
        "Start it, and see whether PREFECT_API_URL names it; or run with --direct, which needs none.",
    ),
    "order_has_a_run": (
        "A run of this order has begun.",
        "`reprise status RUN` shows it, and `reprise abandon RUN --yes` ends it.",
    ),
    "pool_of_another_type": (
        "A work pool of this name is there, of another type.",
        "Name another one: --pool. Prefect's own workers execute whatever a deployment says.",
    ),
    "flow_unknown": ("This flow is none of Reprise's.", _ANEW),
    "entry_point_unknown": ("The deployment of this flow run names another entry point.", _ANEW),
    "pull_step_refused": ("The deployment of this flow run has a pull step of its own.", _ANEW),
    "job_variables_refused": (
        "This flow run, or its deployment, sets job variables.",
        "Trigger it without them: the worker takes its settings from its own environment alone.",
    ),
    "parameters_unknown": (
        "This flow run has other parameters than a home and an order.",
        "Trigger it with both, as `reprise order` prints the order's id; the sweep takes a home alone.",
    ),
    "home_not_served": (
        "The worker does not serve this home.",
        "Start the worker with --home for it, or trigger with the full path of one that it serves.",
    ),
    "result_refused": (
        "A stored result of Prefect's was to be read, and none ever is.",
        "Look who wrote to the Prefect API: Reprise stores no results.",
    ),
}
