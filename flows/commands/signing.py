"""`reprise authorise sign`: at the practice, with a certificate in a file or on a card."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.apps import authorise
from flows.commands.shared import HomeOption, command, home_at_hand
from schemas.errors import AuthorisationError
from schemas.regular_file import read_regular
from vault.authorisation.signatories import places_of
from vault.instruction.acceptance import is_acceptance
from vault.instruction.document import Controller, parse
from vault.instruction.printable import visible
from vault.instruction.signed_page import is_pdf, open_pdf
from vault.pki.signed_document import Signed
from vault.pki.signer_profiles import EID_KEY
from vault.system.files import write_durably


@command(authorise)
def sign(
    file: Annotated[
        Path,
        typer.Argument(
            help="What is to be signed: an instruction, an acceptance or a withdrawal.", show_default=False
        ),
    ],
    p12: Annotated[
        Path | None,
        typer.Option(
            "--p12", help="The signing certificate (.p12); its password is asked, or REPRISE_P12_PASSWORD."
        ),
    ] = None,
    token: Annotated[
        Path | None,
        typer.Option("--token", help="A card's PKCS#11 library; its PIN is asked, or REPRISE_PIN."),
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="The token's label.")] = None,
    key: Annotated[str, typer.Option("--key", help="Label of the key and of its certificate.")] = EID_KEY,
    as_whom: Annotated[
        str | None,
        typer.Option("--as", help="Whose box of the page: its number on the page, or the role."),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Sign at the practice, with a .p12 or a card.

    JSON: detached CAdES in FILE.p7s, FILE.1.p7s for a second controller. A PDF: PAdES, appended to FILE itself, one
    controller after another, each in his or her own box; every byte that was there stays. Whose box it is when there are
    several: --as; or the enrolment, where a home is at hand; or you are asked.
    """
    if (p12 is None) == (token is None):
        raise AuthorisationError("one_of_p12_and_token")
    if token is not None and label is None:
        raise AuthorisationError("token_label_missing")
    from vault.instruction.signing import (  # pyHanko takes seconds to load: import it when needed, as below
        sign_cades,
        sign_pades,
    )

    document = read_regular(file)
    with _p12(p12) if p12 else _token(token or Path(), label or "", key) as signer:
        if is_pdf(document):
            place = _place(open_pdf(document), as_whom, signer, home)
            out, data = file, sign_pades(document, signer, place)
        else:
            out, data = _next_signature(file), sign_cades(document, signer)
    write_durably(out, data)
    typer.echo(f"signed: {out.name}")


def _place(page: Signed, as_whom: str | None, signer: Any, home: Path | None) -> int:
    """Return the number of the box to sign in. Raises AuthorisationError: no_such_place, page_is_signed, place_not_named."""
    if is_acceptance(page.document):
        return 1
    controllers = parse(page.document).controllers
    signed = {one.place for one in page.signatures}
    free = [place for place in range(1, len(controllers) + 1) if place not in signed]
    if not free:
        raise AuthorisationError("page_is_signed")
    if as_whom is not None:
        return _named(as_whom, controllers, free)
    if len(controllers) == 1:
        return 1
    own = _enrolled(page.document, signer, home)
    if own is not None:
        return next((place for place in free if place in own), min(own))
    if not sys.stdin.isatty():
        raise AuthorisationError("place_not_named")
    return _asked(controllers, free)


def _named(as_whom: str, controllers: tuple[Controller, ...], free: list[int]) -> int:
    """Return the box that --as means: 1 to n, or a role; among several, a free one."""
    fitting = [place for place, one in enumerate(controllers, 1) if as_whom in (str(place), one.role)]
    if not fitting:
        raise AuthorisationError("no_such_place")
    left = [place for place in fitting if place in free]
    if as_whom in {one.role for one in controllers} and len(left) > 1:
        raise AuthorisationError("place_not_named")
    return (left or fitting)[0]


def _enrolled(document: bytes, signer: Any, home: Path | None) -> frozenset[int] | None:
    """Return the boxes of the certificate's holder, as the home knows them; None without a home, or without a number."""
    from vault.instruction.signing import signer_number

    inss = signer_number(signer)
    control = home_at_hand(home) if inss is not None else None
    if inss is None or control is None:
        return None
    return places_of(control.home, document, inss, control.clock.now().date())


def _asked(controllers: tuple[Controller, ...], free: list[int]) -> int:
    for place, one in enumerate(controllers, 1):
        state = "" if place in free else "  (signed)"
        typer.echo(f"  {place}  {visible(one.name)}, {one.role}, {visible(one.nihii)}{state}")
    while True:
        answer = str(typer.prompt("In whose box do you sign")).strip()
        if answer.isdigit() and int(answer) in free:
            return int(answer)
        typer.echo(f"One of: {', '.join(map(str, free))}")


@contextmanager
def _p12(file: Path) -> Iterator[Any]:
    secret = os.environ.get("REPRISE_P12_PASSWORD")
    if secret is None:
        secret = typer.prompt("Password", hide_input=True)
    from vault.instruction.signing import load_p12

    yield load_p12(read_regular(file), secret)


@contextmanager
def _token(library: Path, label: str, key: str) -> Iterator[Any]:
    pin = os.environ.get("REPRISE_PIN") or typer.prompt("PIN", hide_input=True)
    from vault.pki.pkcs11 import token_signer

    with token_signer(library, label, pin, key) as signer:
        yield signer


def _next_signature(file: Path) -> Path:
    taken = len(list(file.parent.glob(file.name + "*.p7s")))
    return file.with_name(f"{file.name}{f'.{taken}' if taken else ''}.p7s")
