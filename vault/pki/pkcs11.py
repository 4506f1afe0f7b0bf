"""Signs with a card or token (PKCS#11): the Belgian eID through its middleware, an HSM, SoftHSM in the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pkcs11
from pyhanko.config.pkcs11 import TokenCriteria
from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

from schemas.errors import AuthorisationError
from vault.pki.pyhanko_logging import silence
from vault.pki.signer_profiles import EID_KEY

silence()
_PIN = (
    pkcs11.exceptions.PinIncorrect,
    pkcs11.exceptions.PinInvalid,
    pkcs11.exceptions.PinLenRange,
)


@contextmanager
def token_signer(library: Path, label: str, pin: str, key: str = EID_KEY) -> Iterator[PKCS11Signer]:
    """Yield a signer whose key never leaves the token; key and certificate have the same label.

    Raises AuthorisationError: token_library_unusable, token_not_found, token_pin_wrong, token_pin_locked, token_key_missing,
    token_failed. The texts of PKCS#11 errors are dropped.
    """
    _check_library(library, label)
    problem = "token_failed"
    try:
        with open_pkcs11_session(
            str(library), token_criteria=TokenCriteria(label=label), user_pin=pin
        ) as session:
            if _has_pair(session, key):
                yield PKCS11Signer(session, cert_label=key, key_label=key)
                return
            problem = "token_key_missing"
    except AuthorisationError:
        raise
    except _PIN:
        problem = "token_pin_wrong"
    except pkcs11.exceptions.PinLocked:
        problem = "token_pin_locked"
    except Exception:  # noqa: BLE001, S110 - the library's texts may name the holder
        pass
    raise AuthorisationError(problem)


def _check_library(library: Path, label: str) -> None:
    problem = "token_library_unusable"
    try:
        slots = pkcs11.lib(str(library)).get_slots(token_present=True)
        problem = "token_not_found"
        if any(slot.get_token().label == label for slot in slots):
            return
    except Exception:  # noqa: BLE001, S110 - the library's texts may name the holder
        pass
    raise AuthorisationError(problem)


def _has_pair(session: pkcs11.Session, key: str) -> bool:
    kinds = (pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.ObjectClass.CERTIFICATE)
    return all(
        len(list(session.get_objects({pkcs11.Attribute.CLASS: kind, pkcs11.Attribute.LABEL: key}))) == 1
        for kind in kinds
    )
