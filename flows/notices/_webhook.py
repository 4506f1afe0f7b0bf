"""Sends one notice to a program by HTTP: JSON, signed, to that very address and no other."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256

import httpx

from flows.notices.message import Message
from vault.home_folder import Home
from vault.system.clock import Clock

SECRET = "webhook.secret"  # noqa: S105 - the name of the file in `keys/` that holds it
SIGNATURE = "Reprise-Signature"


def send_to_program(home: Home, clock: Clock, url: str, message: Message, timeout: float) -> str:
    """Send a notice; returns nothing when the program took it (any 2xx), else a code. Follows no redirection, reads no answer."""
    try:
        secret = (home.keys / SECRET).read_bytes().strip()
    except OSError:
        return "webhook_secret_missing"
    if len(secret) < 32:
        return "webhook_secret_short"
    body, moment = json.dumps(message.fields, sort_keys=True).encode(), int(clock.now().timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Reprise",
        "Idempotency-Key": message.id,
        SIGNATURE: f"t={moment},v1={sign(secret, moment, body)}",
    }
    try:
        with (
            httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            return "" if answer.is_success else f"webhook_status_{answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return "webhook_silent"


def sign(secret: bytes, moment: int, body: bytes) -> str:
    """Returns the signature: HMAC-SHA256 over the moment in seconds, a point, and the body; hexadecimal."""
    return hmac.new(secret, f"{moment}.".encode() + body, sha256).hexdigest()
