"""Accounts: each states who may sign in, in which roles, and by which means. It is sealed under the site key, in `accounts/<id>`.

An account names its operator or its doctor by an opaque id. Their names are only in their own records, so that no name is left
here when a person is erased. The sign-in name is personal data and is sealed with the rest; the file has a pseudonym as its name.
"""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from schemas.errors import AccountError
from schemas.person_records import Doctor
from schemas.record import Record
from schemas.roles import ACTING, Role, Scope
from schemas.texts import LANGUAGES
from vault.home_folder import Home
from vault.records.operators import operator_by_id
from vault.records.sealed_records import SealedRecords
from vault.records.subjects import Subjects
from vault.system.clock import format_utc, parse_utc

INVITATION_HOURS = 72
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{2,63}")
_ID = re.compile(r"[0-9a-f]{24}")
MAX_TOKEN_DAYS = 366
TOKEN_MARK = "reprise_"  # noqa: S105 - every token begins with it, so that a search for leaked secrets finds the token
_TOKEN = re.compile(rf"{TOKEN_MARK}([0-9a-f]{{24}})\.([0-9a-f]{{8}})\.([A-Za-z0-9_-]{{43}})")


class Passkey(Record, frozen=True):
    """The public key of a passkey, whose private key is in a person's device."""

    id: str  # base64url, as browsers name it
    public_key: str  # base64url of the COSE key
    sign_count: int
    added: str
    name: str


class Identity(Record, frozen=True):
    """A person at an OpenID provider."""

    issuer: str
    subject: str


class Token(Record, frozen=True):
    """A program's permission to read in the name of an account. Only a digest of its secret is stored."""

    id: str
    digest: str  # SHA-256 of the secret
    scopes: tuple[Scope, ...]
    name: str  # its purpose, for people
    created: str
    until: str


class Account(Record, frozen=True):
    """One person's account."""

    id: str
    login: str
    roles: tuple[Role, ...]
    created: str
    operator_id: str | None = None
    doctor_id: str | None = None
    language: str | None = None
    password: str | None = None  # an argon2id digest
    passkeys: tuple[Passkey, ...] = ()
    identity: Identity | None = None
    invitation: str | None = None  # SHA-256 of the token in the link
    invited_until: str | None = None
    closed: str | None = None
    tokens: tuple[Token, ...] = ()
    epoch: int = 0  # grows when all sessions of the account end; a session is valid in one epoch only

    @property
    def usable(self) -> bool:
        """Return whether somebody can sign in with the account."""
        return self.closed is None and bool(self.password or self.passkeys or self.identity)

    def may(self, roles: frozenset[Role]) -> bool:
        """Return whether the account is open and has at least one of these roles."""
        return self.closed is None and not roles.isdisjoint(self.roles)


class Accounts:
    """The accounts of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._records = SealedRecords[Account](home, home.accounts, "account", Account)

    def identify(self, login: str) -> str:
        """Return the opaque id of the account with this sign-in name."""
        return self._home.site_key.pseudonym("account", login.strip().lower())

    def find(self, login: str) -> Account | None:
        """Return the account with this sign-in name, or None."""
        return self.get(self.identify(login))

    def get(self, account_id: str) -> Account | None:
        """Return the account with this id, or None. Raises IntegrityError (sealed_record_altered)."""
        known = _ID.fullmatch(account_id) and account_id in self._records
        return self._records.read(account_id) if known else None

    def all(self) -> list[Account]:
        """Return every account, oldest first."""
        accounts = [account for account in map(self.get, self._records.names()) if account is not None]
        return sorted(accounts, key=lambda account: (account.created, account.id))

    def of_identity(self, identity: Identity) -> Account | None:
        """Return the account that is connected with this person at a provider, or None."""
        return next((account for account in self.all() if account.identity == identity), None)

    def of_passkey(self, passkey_id: str) -> Account | None:
        """Return the account that has this passkey, or None."""
        holders = (a for a in self.all() if any(key.id == passkey_id for key in a.passkeys))
        return next(holders, None)

    def of_invitation(self, token: str, moment: datetime) -> Account | None:
        """Return the account whose invitation has this token; None if there is none, or if account or invitation has ended."""
        digest = _digest(token)
        for account in self.all():
            if account.invitation is not None and hmac.compare_digest(account.invitation, digest):
                valid = account.closed is None and moment < parse_utc(str(account.invited_until))
                return account if valid else None
        return None

    def invite(
        self,
        login: str,
        roles: tuple[Role, ...],
        moment: datetime,
        *,
        operator_id: str | None = None,
        doctor_id: str | None = None,
        language: str | None = None,
    ) -> tuple[Account, str]:
        """Create an account. Return it with the token of its invitation, which is valid once and for three days.

        Raises AccountError: login_malformed, account_exists, account_without_role, account_needs_operator, account_needs_doctor,
        language_unknown; OperatorError (operator_not_enrolled).
        """
        self._refuse_link(roles, operator_id, doctor_id)
        login = login.strip().lower()
        if not _LOGIN.fullmatch(login):
            raise AccountError("login_malformed")
        if language is not None and language not in LANGUAGES:
            raise AccountError("language_unknown")
        account = Account(
            id=self.identify(login),
            login=login,
            roles=tuple(sorted(set(roles))),
            created=format_utc(moment),
            operator_id=operator_id,
            doctor_id=doctor_id,
            language=language,
        )
        with self._records.locked():
            if self.get(account.id) is not None:
                raise AccountError("account_exists")
            return self._invited(account, moment)

    def invite_again(self, account_id: str, moment: datetime) -> tuple[Account, str]:
        """Remove password, passkeys, identity and tokens of an account. Return it with the token of a new invitation."""
        with self._records.locked():
            account = self._known(account_id).changed(
                password=None, passkeys=(), identity=None, tokens=(), closed=None
            )
            return self._invited(account.changed(epoch=account.epoch + 1), moment)

    def close(self, account_id: str, moment: datetime) -> Account:
        """Close an account: nobody can sign in with it, and its sessions end."""
        with self._records.locked():
            account = self._known(account_id)
            return self._end_sessions(account, closed=format_utc(moment), invitation=None, invited_until=None)

    def set_roles(self, account_id: str, roles: tuple[Role, ...]) -> Account:
        """Give an account other roles. Raises AccountError like `invite`."""
        with self._records.locked():
            account = self._known(account_id)
            self._refuse_link(roles, account.operator_id, account.doctor_id)
            return self._end_sessions(account, roles=tuple(sorted(set(roles))))

    def set_language(self, account_id: str, language: str) -> Account:
        """Set the language in which the person reads. Raises AccountError (language_unknown)."""
        if language not in LANGUAGES:
            raise AccountError("language_unknown")
        with self._records.locked():
            return self._write(self._known(account_id).changed(language=language))

    def set_password(self, account_id: str, digest: str) -> Account:
        """Set the digest of a new password. All sessions and an invitation end."""
        with self._records.locked():
            account = self._known(account_id)
            return self._end_sessions(account, password=digest, invitation=None, invited_until=None)

    def connect(self, account_id: str, identity: Identity) -> Account:
        """Connect an account with a person at a provider. An invitation ends. Raises AccountError (identity_taken)."""
        with self._records.locked():
            if (other := self.of_identity(identity)) is not None and other.id != account_id:
                raise AccountError("identity_taken")
            account = self._known(account_id)
            return self._end_sessions(account, identity=identity, invitation=None, invited_until=None)

    def add_passkey(self, account_id: str, passkey: Passkey) -> Account:
        """Add a passkey. An invitation ends. Raises AccountError (passkey_taken)."""
        with self._records.locked():
            if self.of_passkey(passkey.id) is not None:
                raise AccountError("passkey_taken")
            account = self._known(account_id)
            kept = (*account.passkeys, passkey)
            return self._write(account.changed(passkeys=kept, invitation=None, invited_until=None))

    def count_use(self, account_id: str, passkey_id: str, sign_count: int) -> Account:
        """Store the number of signatures that a passkey's device states."""
        with self._records.locked():
            account = self._known(account_id)
            counted = (
                key.changed(sign_count=sign_count) if key.id == passkey_id else key
                for key in account.passkeys
            )
            return self._write(account.changed(passkeys=tuple(counted)))

    def add_token(
        self, account_id: str, name: str, scopes: tuple[Scope, ...], days: int, moment: datetime
    ) -> tuple[Token, str]:
        """Add a token. Return it with the text that the program sends to authenticate, which is not stored.

        Raises AccountError: token_without_scope, token_too_long, token_name_malformed, account_closed.
        """
        if not scopes:
            raise AccountError("token_without_scope")
        if not 1 <= days <= MAX_TOKEN_DAYS:
            raise AccountError("token_too_long", limit=MAX_TOKEN_DAYS)
        if not 1 <= len(name) <= 60 or not name.isprintable():
            raise AccountError("token_name_malformed")
        secret, until = secrets.token_urlsafe(32), format_utc(moment + timedelta(days=days))
        token = Token(
            id=secrets.token_hex(4),
            digest=_digest(secret),
            scopes=tuple(sorted(set(scopes))),
            name=name,
            created=format_utc(moment),
            until=until,
        )
        with self._records.locked():
            account = self._known(account_id)
            if account.closed is not None:
                raise AccountError("account_closed")
            kept = tuple(known for known in account.tokens if moment < parse_utc(known.until))
            self._write(account.changed(tokens=(*kept, token)))
        return token, f"{TOKEN_MARK}{account_id}.{token.id}.{secret}"

    def drop_token(self, account_id: str, token_id: str) -> Account:
        """Remove a token. Raises AccountError (token_unknown)."""
        with self._records.locked():
            account = self._known(account_id)
            kept = tuple(token for token in account.tokens if token.id != token_id)
            if len(kept) == len(account.tokens):
                raise AccountError("token_unknown")
            return self._write(account.changed(tokens=kept))

    def of_token(self, shown: str, moment: datetime) -> tuple[Account, Token] | None:
        """Return account and token of the text that a program sends; None if they do not exist, or if one of them has ended."""
        parts = _TOKEN.fullmatch(shown)
        account = self.get(parts[1]) if parts else None
        if parts is None or account is None or account.closed is not None:
            return None
        digest = _digest(parts[3])
        for token in account.tokens:
            if token.id == parts[2] and hmac.compare_digest(token.digest, digest):
                return (account, token) if moment < parse_utc(token.until) else None
        return None

    def drop_passkey(self, account_id: str, passkey_id: str) -> Account:
        """Remove a passkey. Raises AccountError (last_way_in) for the last means of signing in."""
        with self._records.locked():
            account = self._known(account_id)
            kept = tuple(key for key in account.passkeys if key.id != passkey_id)
            if not (kept or account.password or account.identity):
                raise AccountError("last_way_in")
            return self._end_sessions(account, passkeys=kept)

    def drop_password(self, account_id: str) -> Account:
        """Remove the password. Raises AccountError (last_way_in) for the last means of signing in."""
        with self._records.locked():
            account = self._known(account_id)
            if not (account.passkeys or account.identity):
                raise AccountError("last_way_in")
            return self._end_sessions(account, password=None)

    def erase_of(self, persons: frozenset[str]) -> int:
        """Remove every account of these operators or doctors. Return the number of removed accounts."""
        with self._records.locked():
            accounts = [known for known in self.all() if persons & {known.operator_id, known.doctor_id}]
            self._records.drop(*(account.id for account in accounts))
        return len(accounts)

    def _refuse_link(self, roles: tuple[Role, ...], operator_id: str | None, doctor_id: str | None) -> None:
        if not roles:
            raise AccountError("account_without_role")
        if operator_id is not None:
            operator_by_id(self._home, operator_id)
        elif ACTING.intersection(roles):
            raise AccountError("account_needs_operator")
        if doctor_id is None:
            if Role.DOCTOR in roles:
                raise AccountError("account_needs_doctor")
            return
        record = Subjects(self._home).read(doctor_id)
        if not isinstance(record, Doctor) or roles != (Role.DOCTOR,):
            raise AccountError("account_needs_doctor")

    def _invited(self, account: Account, moment: datetime) -> tuple[Account, str]:
        token = secrets.token_urlsafe(32)
        until = format_utc(moment + timedelta(hours=INVITATION_HOURS))
        account = account.changed(invitation=_digest(token), invited_until=until)
        self._records.write(account.id, account)
        return account, token

    def _end_sessions(self, account: Account, **changes: object) -> Account:
        return self._write(account.changed(epoch=account.epoch + 1, **changes))

    def _write(self, account: Account) -> Account:
        """Write an account. The caller read it under the lock and still holds the lock, so that no change is lost."""
        self._records.write(account.id, account)
        return account

    def _known(self, account_id: str) -> Account:
        account = self.get(account_id)
        if account is None:
            raise AccountError("account_unknown")
        return account


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
