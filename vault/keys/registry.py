"""The key providers by name."""

from __future__ import annotations

from schemas.errors import KeyUnavailableError
from vault.keys._process_memory import ProcessMemory
from vault.keys.linux_keyring import KernelKeyring
from vault.keys.provider import KeyProvider

PROVIDERS: dict[str, type[KernelKeyring | ProcessMemory]] = {
    "keyring": KernelKeyring,
    "memory": ProcessMemory,
}


def provider(name: str) -> KeyProvider:
    """Return the provider of this name. Raises KeyUnavailableError for an unknown name."""
    if name not in PROVIDERS:
        raise KeyUnavailableError("unknown_provider")
    return PROVIDERS[name]()
