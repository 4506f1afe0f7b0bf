"""Accounts of people who sign in, and the log of what they looked at and did.

* `account`: one account, sealed, and the accounts of a home
* `passwords`: passwords, kept as argon2id digests
* `passkeys`: passkeys (WebAuthn)
* `access_log`: the log of views and acts
"""

__all__ = ["access_log", "account", "passkeys", "passwords"]
