"""The page docs/contracts.md, made of the suites: `python -m schemas.contracts_page` prints it, and a test compares it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from schemas.contract_tables import code_quantities, sex_specific, unit_quantities
from schemas.contracts import Contract, Suite, load_suites

_SEVERITY = {
    (
        "never",
        "stop",
    ): "**never**: a row that breaks it, or that cannot be judged, stops the run (exit 30, `{id}`).",
    ("never", "quarantine"): "**never**: the unit is kept out of the chart and handed to the doctor, sealed.",
    ("resolve", None): "**resolve**: delivered as it came, and a point of the work list (`{reason}`).",
    ("source", None): "**tells about the source**: counted, and nothing else.",
}
_HEAD = """# Data contracts

Made of [`schemas/checks/suites.json`](../schemas/checks/suites.json) by `python -m schemas.contracts_page`; do not edit it here.

After extract, the data process holds each staged row against the contracts of its table. Of each row, a contract says one of four
things:

| outcome | |
|---|---|
| `passed` | the row keeps the contract |
| `failed` | the row breaks it |
| `not_applicable` | the contract is not about this row, or a value that it compares is missing |
| `error` | a value that it compares is there and cannot be read, for example a 31 February, or the query failed |

Dates are compared by the parts that both state: 1950 and 1950-03 contradict nothing. Zeros in a date state nothing. A date in
words is no date here. Where two rows of one folder state different births, deaths or sexes, none is compared.

Numbers of rows by contract and outcome leave the data process, nothing else. Great Expectations judges them in a process of its
own: for each contract three expectations (no row fails, none is in error, some pass) give the outcome of the contract, and a
fourth that the outcomes add up. `reprise status RUN --json` shows both, under `check` and `reconcile`; so does the journal. Each
unit that a person is to resolve is a point of the sealed work list, with its patient.

Results inside flat messages (HealthOne, MediDoc, MEDAR, HL7, FHIR) are staged as whole messages, so the contracts on items do not
see them; those on patients and contacts do.
"""


def page() -> str:
    """The page, in Markdown."""
    lines = [_HEAD]
    for suite in load_suites():
        lines += [f"## {_title(suite)}\n"]
        for contract in suite.contracts:
            lines += [*_section(contract), ""]
    lines += ["## What the contracts on codes rest on\n", *_tables()]
    return "\n".join(lines).rstrip() + "\n"


def _title(suite: Suite) -> str:
    of = f"rows of `{suite.staged}`" + (f" of kind `{suite.kind}`" if suite.kind else "")
    return f"{suite.table}: {of}"


def _section(contract: Contract) -> Iterator[str]:
    yield f"### `{contract.id}`\n"
    yield f"{contract.name}\n"
    severity = _SEVERITY[contract.severity, contract.then]
    yield f"* {severity.format(id=contract.id, reason=contract.reason)}"
    yield f"* Why: {contract.why}"
    yield f"* Rule `{contract.rule}` on {', '.join(f'`{column}`' for column in sorted(contract.columns))}."


def _tables() -> Iterator[str]:
    yield "Codes that only patients of one sex can have, by their first three characters:\n"
    yield from _table(
        ("scheme", "codes", "sex", "the source says", "source", "of"),
        [
            (f"{r.scheme} {r.version}".strip(), f"{r.first} to {r.last}", r.sex, r.says, r.source, r.dated)
            for r in sex_specific()
        ],
    )
    yield "\nChapter W of ICPC (pregnancy, childbearing, family planning) is left out: planning is of both sexes.\n"
    yield "What codes measure:\n"
    yield from _table(
        ("scheme", "code", "quantity", "the source says", "source", "of"),
        [tuple(r) for r in code_quantities()],
    )
    yield "\nWhat units measure (upper and lower case alike); no other unit is judged:\n"
    yield from _table(("unit", "quantity", "source", "of"), [tuple(r) for r in unit_quantities()])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    yield from ("| " + " | ".join(row) + " |" for row in rows)


if __name__ == "__main__":
    sys.stdout.write(page())
