"""The doctor's side: sign an instruction or a withdrawal as detached CAdES with a certificate in PKCS#12."""

from __future__ import annotations

import asyncio
from typing import Any

from pyhanko.sign import signers

from schemas.errors import AuthorisationError


def load_p12(data: bytes, password: str) -> signers.SimpleSigner:
    """The key and certificates of a .p12. Raises AuthorisationError: p12_unusable (wrong password, or none)."""
    try:
        signer = signers.SimpleSigner.load_pkcs12_data(data, other_certs=[], passphrase=password.encode())
    except Exception:  # noqa: BLE001 - whatever pyHanko raises could quote the certificate
        signer = None
    if signer is None:
        raise AuthorisationError("p12_unusable")
    return signer


def sign_cades(document: bytes, signer: signers.Signer) -> bytes:
    """A detached CAdES signature over the document, DER."""
    signed: Any = asyncio.run(
        signer.async_sign_general_data(document, "sha256", detached=True, use_cades=True)
    )
    return bytes(signed.dump())
