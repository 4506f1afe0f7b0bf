"""The key providers by name."""

from __future__ import annotations

from schemas.errors import KeyUnavailableError
from vault.keyring_linux import KernelKeyring
from vault.keyring_memory import ProcessMemory
from vault.keys import KeyProvider

PROVIDERS: dict[str, type[KernelKeyring | ProcessMemory]] = {
    "keyring": KernelKeyring,
    "memory": ProcessMemory,
}


def provider(name: str) -> KeyProvider:
    """The provider of this name. Raises KeyUnavailableError for an unknown one."""
    if name not in PROVIDERS:
        raise KeyUnavailableError("unknown_provider")
    return PROVIDERS[name]()
