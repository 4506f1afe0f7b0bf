"""The command that tells how a package is written."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from flows.commands.apps import AFTERWARDS, app
from flows.commands.documents import write_new
from flows.commands.shared import Shown, command
from schemas.texts import text

if TYPE_CHECKING:
    from flows.package.description import Described


class PageLanguage(StrEnum):
    """The languages of the page."""

    FR = "fr"
    NL = "nl"
    DE = "de"
    EN = "en"


@command(app, panel=AFTERWARDS)
def describe(
    package: Annotated[Path, typer.Argument(help="The delivered folder.", show_default=False)],
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the page, too: every element, code system and check.")
    ] = None,
    language: Annotated[PageLanguage, typer.Option("--language", help="Of the page.")] = PageLanguage.EN,
) -> Shown:
    """Tell how a package is written, for whoever imports it: kinds, fields, codes, what is derived, filled or left out.

    It is read from the package, where it is not sealed; it holds no patient data. --json prints all of it.
    """
    from flows.package.description import description_page, read_description

    described = read_description(package)
    if page is not None:
        write_new(page, description_page(described, language.value))
    data = msgspec.to_builtins(described.description)
    where = "--page FILE writes every field." if page is None else f"The page: {page}"
    return Shown(
        {"run": described.run, "counts": dict(described.counts), "description": data},
        "\n".join([*_lines(described), where]),
    )


def _lines(described: Described) -> Iterator[str]:
    found = described.description
    form = found.format
    yield text(
        "en", "describe.format", message=form.message, version=form.version, releases=", ".join(form.releases),
        profile=found.profile, namespace=form.namespace,
    )  # fmt: skip
    yield "counts: " + ", ".join(f"{name} {count}" for name, count in described.counts.items())
    kinds = found.kinds
    yield f"kinds: {len(kinds.transactions)} of documents, {len(kinds.items)} of items, {len(kinds.links)} of links"
    yield f"types of elements: {len(found.types)}; code systems: {len(found.code_systems)}"
    yield "marks: " + ", ".join(mark.label for mark in found.marks)
    for number, check in enumerate(found.checks, start=1):
        yield f"{number}. " + text("en", f"describe.check.{check}")
