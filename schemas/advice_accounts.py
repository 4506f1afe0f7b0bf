"""Words of the codes about accounts: who signs in to the dashboard, and by what."""

from __future__ import annotations

ACCOUNTS: dict[str, tuple[str, str]] = {
    "login_malformed": (
        "This is not a usable sign-in name.",
        "Take 3 to 64 of a-z, 0-9 and . _ @ + -, a letter or digit first; an e-mail address fits.",
    ),
    "account_exists": (
        "An account with this sign-in name exists.",
        "Invite the person anew with `reprise account invite NAME --again`, or choose another name.",
    ),
    "account_unknown": (
        "No account has this sign-in name.",
        "Run `reprise account list`, which lists the accounts.",
    ),
    "account_without_role": ("The account has no role.", "Give at least one role with --role."),
    "account_needs_operator": (
        "An engineer or administrator acts as an operator, and the account names none.",
        "Name the enrolled operator with --for; `reprise enrol operator` enrols one.",
    ),
    "account_needs_doctor": (
        "The role of doctor belongs to one enrolled doctor, and to no account with another role.",
        "Give --role doctor alone, with --doctor and the doctor's id from `reprise subject list`.",
    ),
    "role_not_known": (
        "Reprise does not know this role.",
        "Choose engineer, doctor, auditor, officer or administrator.",
    ),
    "language_unknown": ("Reprise does not know this language.", "Choose fr, nl, de or en."),
    "own_account": (
        "Nobody closes their own account or changes their own roles.",
        "Ask another administrator.",
    ),
    "identity_taken": (
        "Another account is connected with this person at the provider.",
        "Sign in with that account, or have an administrator close it.",
    ),
    "passkey_taken": ("This passkey belongs to an account already.", "Use another device or security key."),
    "passkey_refused": (
        "The passkey was not accepted.",
        "Try again; a passkey works only for the account and the address for which it was made.",
    ),
    "last_way_in": (
        "This is the only means of signing in to the account.",
        "Add another one first, then remove this one.",
    ),
    "password_short": ("The password is too short.", "Take at least 12 characters; several words do."),
    "password_long": ("The password is too long.", "Take at most 256 characters."),
    "password_guessable": (
        "The password is easy to guess.",
        "Do not use the sign-in name or one character again and again.",
    ),
    "provider_refused": (
        "The identity provider did not confirm the sign-in.",
        "Try again; if it fails again, compare `[dashboard]` in site.toml with the client at the provider.",
    ),
    "provider_silent": (
        "The identity provider does not answer.",
        "Try again later, or sign in with a password or a passkey.",
    ),
    "account_closed": (
        "The account is closed.",
        "Open it anew with `reprise account invite NAME --again`, or choose another account.",
    ),
    "scope_not_known": ("Reprise does not know this scope.", "Choose runs, proof, ledger, host or metrics."),
    "token_without_scope": ("The token may read nothing.", "Give at least one scope with --scope."),
    "token_too_long": (
        "The token would be valid for too long.",
        "Take 1 to 366 days, and issue a new one before its end.",
    ),
    "token_name_malformed": (
        "This is not a usable name for a token.",
        "Say in 1 to 60 printable characters what the token is for.",
    ),
    "token_unknown": (
        "The account has no token with this id.",
        "Run `reprise account tokens`, which lists the tokens with their ids.",
    ),
    "notice_not_sent": (
        "A message did not arrive.",
        "Compare `[notices]` in site.toml with the server; the codes are explained in docs/dashboard.md.",
    ),
    "index_differs": (
        "The index of the home differs from its ledger and runs.",
        "Run `reprise ledger index`, which makes it anew; then find out who wrote into `index/` of the home.",
    ),
    "access_log_altered": (
        "A line of the access log was removed, moved or altered.",
        "Keep the file as it is and find out who could write there; a copy is in the backup.",
    ),
}
