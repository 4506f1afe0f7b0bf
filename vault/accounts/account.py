"""Accounts: who may sign in, in which roles, and by what. Each is sealed under the site key, in `accounts/<id>`.

An account names its operator or its doctor by their opaque id; their names stay in their own records, so that erasing a person
leaves no name here. The sign-in name is personal data and is sealed with the rest; the file's name is its pseudonym.
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
LONGEST_TOKEN_DAYS = 366
TOKEN_MARK = "reprise_"  # noqa: S105 - how each begins, so that searches for leaked secrets find it
_TOKEN = re.compile(rf"{TOKEN_MARK}([0-9a-f]{{24}})\.([0-9a-f]{{8}})\.([A-Za-z0-9_-]{{43}})")


class Passkey(Record, frozen=True):
    """A public key that a person's device holds the private half of."""

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
    """What a program shows to read in the account's name; its secret is kept as a digest alone."""

    id: str
    digest: str  # SHA-256 of the secret
    scopes: tuple[Scope, ...]
    name: str  # what it is for
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
    epoch: int = 0  # grows with what ends every session of the account

    @property
    def usable(self) -> bool:
        """Whether somebody can sign in with it."""
        return self.closed is None and bool(self.password or self.passkeys or self.identity)

    def may(self, roles: frozenset[Role]) -> bool:
        """Whether the account has one of these roles."""
        return self.closed is None and not roles.isdisjoint(self.roles)


class Accounts:
    """The accounts of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._records = SealedRecords[Account](home, home.accounts, "account", Account)

    def identify(self, login: str) -> str:
        """Returns the opaque id of the account with this sign-in name."""
        return self._home.site_key.pseudonym("account", login.strip().lower())

    def find(self, login: str) -> Account | None:
        """Returns the account with this sign-in name."""
        return self.get(self.identify(login))

    def get(self, account_id: str) -> Account | None:
        """Returns the account with this id. Raises IntegrityError (sealed_record_altered)."""
        known = _ID.fullmatch(account_id) and account_id in self._records
        return self._records.read(account_id) if known else None

    def all(self) -> list[Account]:
        """Returns every account, oldest first."""
        found = map(self.get, self._records.names())
        return sorted((one for one in found if one is not None), key=lambda one: (one.created, one.id))

    def of_identity(self, identity: Identity) -> Account | None:
        """Returns the account that is connected with this person at a provider."""
        return next((one for one in self.all() if one.identity == identity), None)

    def of_passkey(self, passkey_id: str) -> Account | None:
        """Returns the account that holds this passkey."""
        return next((one for one in self.all() if any(key.id == passkey_id for key in one.passkeys)), None)

    def of_invitation(self, token: str, moment: datetime) -> Account | None:
        """Returns the account whose invitation this token accepts, while it is open."""
        digest = _digest(token)
        for one in self.all():
            if one.invitation is not None and hmac.compare_digest(one.invitation, digest):
                return one if one.closed is None and moment < parse_utc(str(one.invited_until)) else None
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
        """Create an account and return it with the token that opens it, once, within three days.

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
        """Take password, passkeys, identity and tokens from an account, and return it with a new invitation."""
        with self._records.locked():
            account = self._known(account_id).changed(
                password=None, passkeys=(), identity=None, tokens=(), closed=None
            )
            return self._invited(account.changed(epoch=account.epoch + 1), moment)

    def close(self, account_id: str, moment: datetime) -> Account:
        """End an account: nobody can sign in with it, and its sessions end."""
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
        """Note the language in which the person reads. Raises AccountError (language_unknown)."""
        if language not in LANGUAGES:
            raise AccountError("language_unknown")
        with self._records.locked():
            return self._write(self._known(account_id).changed(language=language))

    def set_password(self, account_id: str, digest: str) -> Account:
        """Replace the password by its digest; other sessions end, and an invitation is spent."""
        with self._records.locked():
            account = self._known(account_id)
            return self._end_sessions(account, password=digest, invitation=None, invited_until=None)

    def connect(self, account_id: str, identity: Identity) -> Account:
        """Connect an account with a person at a provider; an invitation is spent. Raises AccountError (identity_taken)."""
        with self._records.locked():
            if (other := self.of_identity(identity)) is not None and other.id != account_id:
                raise AccountError("identity_taken")
            account = self._known(account_id)
            return self._end_sessions(account, identity=identity, invitation=None, invited_until=None)

    def add_passkey(self, account_id: str, passkey: Passkey) -> Account:
        """Add a passkey; an invitation is spent. Raises AccountError (passkey_taken)."""
        with self._records.locked():
            if self.of_passkey(passkey.id) is not None:
                raise AccountError("passkey_taken")
            account = self._known(account_id)
            kept = (*account.passkeys, passkey)
            return self._write(account.changed(passkeys=kept, invitation=None, invited_until=None))

    def count_use(self, account_id: str, passkey_id: str, sign_count: int) -> Account:
        """Note how often a passkey's device says that it signed."""
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
        """Add a token and return it with what the program shows, which is nowhere kept.

        Raises AccountError: token_without_scope, token_too_long, token_name_malformed, account_closed.
        """
        if not scopes:
            raise AccountError("token_without_scope")
        if not 1 <= days <= LONGEST_TOKEN_DAYS:
            raise AccountError("token_too_long", limit=LONGEST_TOKEN_DAYS)
        if not 1 <= len(name) <= 60 or not name.isprintable():
            raise AccountError("token_name_malformed")
        secret, until = secrets.token_urlsafe(32), format_utc(moment + timedelta(days=days))
        made = Token(
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
            kept = tuple(one for one in account.tokens if moment < parse_utc(one.until))
            self._write(account.changed(tokens=(*kept, made)))
        return made, f"{TOKEN_MARK}{account_id}.{made.id}.{secret}"

    def drop_token(self, account_id: str, token_id: str) -> Account:
        """End a token. Raises AccountError (token_unknown)."""
        with self._records.locked():
            account = self._known(account_id)
            kept = tuple(one for one in account.tokens if one.id != token_id)
            if len(kept) == len(account.tokens):
                raise AccountError("token_unknown")
            return self._write(account.changed(tokens=kept))

    def of_token(self, shown: str, moment: datetime) -> tuple[Account, Token] | None:
        """Returns the account and the token that a program shows, while both are open."""
        found = _TOKEN.fullmatch(shown)
        account = self.get(found[1]) if found else None
        if found is None or account is None or account.closed is not None:
            return None
        digest = _digest(found[3])
        for one in account.tokens:
            if one.id == found[2] and hmac.compare_digest(one.digest, digest):
                return (account, one) if moment < parse_utc(one.until) else None
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
        """Remove every account of these operators or doctors; returns how many there were."""
        with self._records.locked():
            gone = [one for one in self.all() if persons & {one.operator_id, one.doctor_id}]
            self._records.drop(*(one.id for one in gone))
        return len(gone)

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
        """Write an account that was read under the lock that is still held, so that no change is lost."""
        self._records.write(account.id, account)
        return account

    def _known(self, account_id: str) -> Account:
        found = self.get(account_id)
        if found is None:
            raise AccountError("account_unknown")
        return found


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
