"""Bech32 (BIP 173): the text encoding of age recipients.

Data may be longer than the 90 characters of BIP 173, as in age.
"""

from __future__ import annotations

from collections.abc import Iterable

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def encode(prefix: str, data: bytes) -> str:
    """Encode as prefix, separator, data in groups of five bits, checksum."""
    values = _five_bit_groups(data)
    checksum = _polymod([*_expanded(prefix), *values, *[0] * 6]) ^ 1
    values += [checksum >> 5 * (5 - i) & 31 for i in range(6)]
    return f"{prefix}1{''.join(_ALPHABET[value] for value in values)}"


def decode(prefix: str, text: str) -> bytes | None:
    """Return the data that `encode` turns into this text, or None if the text is not valid."""
    letters = text.removeprefix(f"{prefix}1")[:-6]
    if not set(letters) <= set(_ALPHABET):
        return None
    number = 0
    for letter in letters:
        number = number << 5 | _ALPHABET.index(letter)
    size, padding = divmod(5 * len(letters), 8)
    data = (number >> padding).to_bytes(size, "big")
    return data if encode(prefix, data) == text else None


def _five_bit_groups(data: bytes) -> list[int]:
    bits = 8 * len(data)
    padding = -bits % 5
    number = int.from_bytes(data, "big") << padding
    return [number >> shift & 31 for shift in range(bits + padding - 5, -1, -5)]


def _expanded(prefix: str) -> list[int]:
    codes = [ord(character) for character in prefix]
    return [*(code >> 5 for code in codes), 0, *(code & 31 for code in codes)]


def _polymod(values: Iterable[int]) -> int:
    state = 1
    for value in values:
        top, state = state >> 25, (state & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            state ^= generator if top >> bit & 1 else 0
    return state
