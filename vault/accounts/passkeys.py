"""Passkeys (WebAuthn): the options that a browser gets, and the checks of the answer of its authenticator.

An authenticator answers one challenge. The caller stores the challenge and uses it once, so a second use of an answer fails. The
device verifies the person (PIN, finger, face), so a passkey suffices to sign in.
"""

from __future__ import annotations

import json
from datetime import datetime

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from schemas.errors import AccountError
from vault.accounts.account import Account, Passkey
from vault.system.clock import format_utc


def registration_options(account: Account, rp_id: str, challenge: bytes) -> str:
    """Return the options for `navigator.credentials.create`, as JSON."""
    return options_to_json(
        generate_registration_options(
            rp_id=rp_id,
            rp_name="Reprise",
            user_name=account.login,
            user_id=bytes.fromhex(account.id),
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.id)) for key in account.passkeys
            ],
        )
    )


def registered(
    answer: str, *, rp_id: str, origin: str, challenge: bytes, name: str, moment: datetime
) -> Passkey:
    """Check an authenticator's answer and return the passkey. Raises AccountError (passkey_refused)."""
    try:
        verified = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        refused = AccountError("passkey_refused")
    else:
        return Passkey(
            id=bytes_to_base64url(verified.credential_id),
            public_key=bytes_to_base64url(verified.credential_public_key),
            sign_count=verified.sign_count,
            added=format_utc(moment),
            name=name[:60],
        )
    raise refused


def authentication_options(rp_id: str, challenge: bytes) -> str:
    """Return the options for `navigator.credentials.get`, as JSON. The person chooses the account on the device."""
    return options_to_json(
        generate_authentication_options(
            rp_id=rp_id, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
        )
    )


def passkey_named_in(answer: str) -> str:
    """Return the id of the passkey that an answer names, unchecked; "" if the answer names no passkey."""
    try:
        passkey_id = json.loads(answer)["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return passkey_id if isinstance(passkey_id, str) else ""


def sign_count_of(answer: str, *, account: Account, rp_id: str, origin: str, challenge: bytes) -> int:
    """Check an authenticator's answer and return its new sign count. Raises AccountError (passkey_refused)."""
    named = passkey_named_in(answer)
    key = next((key for key in account.passkeys if key.id == named), None)
    if key is not None:
        try:
            return verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=rp_id,
                expected_origin=origin,
                credential_public_key=base64url_to_bytes(key.public_key),
                credential_current_sign_count=key.sign_count,
                require_user_verification=True,
            ).new_sign_count
        except (WebAuthnException, ValueError, KeyError, TypeError):
            pass
    raise AccountError("passkey_refused")
