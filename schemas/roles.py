"""The roles of the people who sign in to the dashboard, and what their programs may read."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What an account may see and do; `dashboard.routes` lists it route by route."""

    ENGINEER = "engineer"  # carries out runs, under the operator of the account
    DOCTOR = "doctor"  # sees the runs and instructions that concern them, and no others
    AUDITOR = "auditor"  # sees all proof and no personal data; changes nothing
    OFFICER = (
        "officer"  # the data-protection officer: what an auditor sees, the people on record, the access log
    )
    ADMINISTRATOR = "administrator"  # invites and closes accounts


class Scope(StrEnum):
    """What a program may read with a token, as far as the roles of its account may read it."""

    RUNS = "runs"  # today, the list of runs, one run
    PROOF = "proof"  # whether the log shows an end for each run
    LEDGER = "ledger"  # the signed head
    HOST = "host"  # sweep, alarms, index
    METRICS = "metrics"  # the numbers for Prometheus


ACTING = frozenset({Role.ENGINEER, Role.ADMINISTRATOR})
"""The roles whose acts the ledger records, so that they need an operator."""
WHO_SEES_RUNS = frozenset({Role.ENGINEER, Role.DOCTOR, Role.AUDITOR, Role.OFFICER})
"""The roles that see runs; a doctor their own alone."""
WHO_SEES_ALL = WHO_SEES_RUNS - {Role.DOCTOR}
"""The roles that see the home as a whole."""
