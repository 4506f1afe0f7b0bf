"""Run keys, kept by a provider, and the key of the site.

* `provider`: the interface of key providers, and key derivation
* `registry`: the providers by name
* `linux_keyring`: run keys in the Linux kernel's keyring
* `site_key`: the key that seals what a home keeps
"""

__all__ = ["linux_keyring", "provider", "registry", "site_key"]
