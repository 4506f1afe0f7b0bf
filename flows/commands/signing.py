"""`reprise authorise sign`: at the practice, with a certificate in a file or on a card."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.commands.shared import guarded
from schemas.errors import AuthorisationError
from vault.files import write_durably
from vault.pades import is_pdf
from vault.pkcs11_token import EID_KEY, token_signer
from vault.signing import load_p12, sign_cades, sign_pades


@guarded
def sign(
    file: Annotated[
        Path, typer.Argument(help="What is to be signed: an instruction or a withdrawal.", show_default=False)
    ],
    p12: Annotated[
        Path | None, typer.Option("--p12", help="The signing certificate with its key (PKCS#12).")
    ] = None,
    password: Annotated[
        str | None,
        typer.Option(envvar="REPRISE_P12_PASSWORD", help="Of the .p12; asked for when not given."),
    ] = None,
    token: Annotated[
        Path | None,
        typer.Option("--token", help="A card's PKCS#11 library; its PIN is asked, or REPRISE_PIN."),
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="The token's label.")] = None,
    key: Annotated[str, typer.Option("--key", help="Label of the key and of its certificate.")] = EID_KEY,
) -> None:
    """Sign at the practice, with a .p12 or a card.

    JSON: detached CAdES in FILE.p7s, FILE.1.p7s for a second controller. A PDF: PAdES, appended to FILE itself, one
    controller after another; every byte that was there stays.
    """
    if (p12 is None) == (token is None):
        raise AuthorisationError("one_of_p12_and_token")
    if token is not None and label is None:
        raise AuthorisationError("token_label_missing")
    document = file.read_bytes()
    with _p12(p12, password) if p12 else _token(token or Path(), label or "", key) as signer:
        if is_pdf(document):
            out, data = file, sign_pades(document, signer)
        else:
            out, data = _next_signature(file), sign_cades(document, signer)
    write_durably(out, data)
    typer.echo(f"signed: {out.name}")


@contextmanager
def _p12(file: Path, password: str | None) -> Iterator[Any]:
    secret = password if password is not None else typer.prompt("Password", hide_input=True)
    yield load_p12(file.read_bytes(), secret)


@contextmanager
def _token(library: Path, label: str, key: str) -> Iterator[Any]:
    pin = os.environ.get("REPRISE_PIN") or typer.prompt("PIN", hide_input=True)
    with token_signer(library, label, pin, key) as signer:
        yield signer


def _next_signature(file: Path) -> Path:
    taken = len(list(file.parent.glob(file.name + "*.p7s")))
    return file.with_name(f"{file.name}{f'.{taken}' if taken else ''}.p7s")
