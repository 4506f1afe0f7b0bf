"""An OpenID Connect provider that vouches for people: authorisation code with PKCE, and the ID token checked.

The provider says who somebody is at its place, and nothing else: which account that is, an accepted invitation said before, and
what the account may do is kept here. A network call goes to the issuer of `site.toml` alone.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from schemas.errors import AccountError
from vault.accounts.account import Identity
from vault.home_folder import Home

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
SECRET = "oidc.secret"  # noqa: S105 - the name of the file in `keys/` that holds it
_SECONDS = 10


class Provider:
    """The provider that the site declares."""

    def __init__(
        self, issuer: str, client: str, secret: str | None, back: str, ca: str | None = None
    ) -> None:
        self.issuer, self.name = issuer, str(urlsplit(issuer).hostname)
        self._client, self._secret, self._back, self._ca = client, secret, back, ca

    @classmethod
    def of(cls, home: Home, origin: str) -> Provider | None:
        """Returns the provider of a site, if it declares one."""
        declared, secret = home.site.dashboard, home.keys / SECRET
        if declared.issuer is None or declared.client is None:
            return None
        kept = secret.read_text(encoding="utf-8").strip() if secret.is_file() else None
        back = f"{origin}/sign-in/provider/back"
        return cls(declared.issuer, declared.client, kept, back, declared.issuer_ca)

    def begin(self) -> tuple[str, str]:
        """Returns where to send the browser, and what to keep in its session until it comes back."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._back,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        kept = json.dumps({"state": state, "nonce": nonce, "verifier": verifier})
        return f"{self._found()['authorization_endpoint']}?{urlencode(asked)}", kept

    def finish(self, kept: str | None, answer: Mapping[str, str]) -> Identity:
        """Redeem the code and check the ID token. Raises AccountError: provider_refused, provider_silent."""
        begun = json.loads(kept) if kept else {}
        state = str(answer.get("state", ""))
        if not begun or not secrets.compare_digest(state.encode(), begun["state"].encode()):
            raise AccountError("provider_refused")
        if "code" not in answer or answer.get("iss", self.issuer).rstrip("/") != self.issuer:
            raise AccountError("provider_refused")
        found = self._found()
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self._back,
            "client_id": self._client,
            "code_verifier": begun["verifier"],
        }
        basic = httpx.BasicAuth(self._client, self._secret) if self._secret else None
        tokens = self._json("POST", found["token_endpoint"], data=form, auth=basic)
        keys = self._json("GET", found["jwks_uri"])
        return Identity(self.issuer, self._subject(str(tokens.get("id_token", "")), keys, begun["nonce"]))

    def _subject(self, id_token: str, keys: dict[str, Any], nonce: str) -> str:
        demanded = jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "values": [self.issuer, f"{self.issuer}/"]},
            aud={"essential": True, "value": self._client},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
        )
        try:
            claims = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims  # type: ignore[arg-type]
            demanded.validate(claims)
            return str(claims["sub"])
        except (JoseError, ValueError, KeyError, TypeError):
            pass
        raise AccountError("provider_refused")

    def _found(self) -> dict[str, str]:
        found = self._json("GET", f"{self.issuer}/.well-known/openid-configuration")
        places = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if str(found.get("issuer", "")).rstrip("/") != self.issuer or not all(
            _is_safe(str(found.get(place, ""))) for place in places
        ):
            raise AccountError("provider_refused")
        return {place: str(found[place]) for place in places}

    def _json(self, method: str, url: str, **sent: Any) -> dict[str, Any]:
        try:
            with httpx.Client(timeout=_SECONDS, trust_env=False, verify=self._verify()) as client:
                answer = client.request(method, url, **sent)
            found = answer.json() if answer.status_code == httpx.codes.OK else None
        except httpx.HTTPError:
            silent = AccountError("provider_silent")
        except ValueError:
            silent = AccountError("provider_refused")
        else:
            if isinstance(found, dict):
                return found
            silent = AccountError("provider_refused")
        raise silent

    def _verify(self) -> Any:
        import ssl

        return ssl.create_default_context(cafile=self._ca) if self._ca else True


def _is_safe(url: str) -> bool:
    """Whether a place may be asked: by TLS, or on this host."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    )
