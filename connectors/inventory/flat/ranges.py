"""Reference ranges for the counter: read from both ends, without a pattern for the whole."""

from __future__ import annotations

from decimal import Decimal


def _with_a(begin: str) -> list[str]:
    """`inférieur à` and `supérieur à` in their forms, with and without accents."""
    return [f"{begin}{e}rieur{end} {a}" for e in "ée" for end in ("", "e") for a in "àa"]


_HIGHEST = (
    "<=", "<", "=<", "≤", "< ou =", "<ou=", "moins de", *_with_a("inf"), "inf. à", "inf à", "jusqu'à", "jusqu’à", "jusque",
    "minder dan", "lager dan", "kleiner dan", "hoogstens", "tot", "weniger als", "unter", "bis", "höchstens", "maximum",
    "max.", "max",
)  # fmt: skip
_LOWEST = (
    ">=", ">", "=>", "≥", "> ou =", ">ou=", "plus de", *_with_a("sup"), "sup. à", "sup à", "au moins", "à partir de",
    "meer dan", "hoger dan", "groter dan", "minstens", "vanaf", "mehr als", "über", "mindestens", "ab", "minimum", "min.",
    "min",
)  # fmt: skip
_BETWEEN = ("à", "tot", "to", "bis")
_AND = ("et", "en", "und", "and")
_BEGIN = ("entre", "tussen", "zwischen", "between")
_FROM = ("de", "van", "von", "from")


def limits(stated: str, unit: str) -> tuple[str, str]:
    """The lowest and the highest normal value, with a point; empty where none is stated."""
    text = stated.strip()
    if len(text) > 1 and text[0] + text[-1] in ("()", "[]"):
        text = text[1:-1].strip()
    unit = unit.strip().casefold()
    if unit and text.casefold().endswith(unit):
        text = text[: -len(unit)].rstrip()
    word, rest = _leading_word(text)
    if word in _BEGIN:
        both = _two(rest, (*_BETWEEN, *_AND))
    elif word in _FROM:
        both = _two(rest, _BETWEEN)
    else:
        both = _two(text, _BETWEEN)
    if both is not None:
        low, high = (number.replace(",", ".") for number in both)
        return (low, high) if Decimal(low) <= Decimal(high) else ("", "")
    return _after(text, _LOWEST), _after(text, _HIGHEST)


def _leading_word(text: str) -> tuple[str, str]:
    word, blank, rest = text.partition(" ")
    return (word.casefold(), rest.lstrip()) if blank else ("", text)


def _two(text: str, words: tuple[str, ...]) -> tuple[str, str] | None:
    first = number_at(text)
    rest = text[len(first) :]
    tail = rest.lstrip()
    lead = rest[: len(rest) - len(tail)]
    if not first or not tail:
        return None
    ends = [tail[len(sign) :].lstrip() for sign in ("-", "–", "...", "..", "…") if tail.startswith(sign)]
    if lead:
        for word in words:
            behind = tail[len(word) :]
            alone = not (behind[:1].isalnum() or behind[:1] == "_") or not word[-1].isascii()
            if tail[: len(word)].casefold() == word and alone:
                ends.append(behind.lstrip())
        if tail[:1] == ":" and tail[1:2].isspace():
            ends.append(tail[1:].lstrip())
    if len(lead) > 1 or lead == "\t":
        ends.append(tail)
    return next(((first, end) for end in ends if end and number_at(end) == end), None)


def number_at(text: str) -> str:
    """The number with which a text begins: a sign, digits, and a comma or point with further digits."""
    at = 1 if text[:1] in ("+", "-") else 0
    digits = _digits(text, at)
    if digits == at:
        return ""
    if text[digits : digits + 1] in (",", ".") and _digits(text, digits + 1) > digits + 1:
        digits = _digits(text, digits + 1)
    return text[:digits]


def _digits(text: str, at: int) -> int:
    while at < len(text) and text[at].isdecimal():
        at += 1
    return at


def _after(text: str, words: tuple[str, ...]) -> str:
    for word in words:
        if text[: len(word)].casefold() == word:
            number = text[len(word) :].lstrip()
            if number and number_at(number) == number:
                return number.replace(",", ".")
    return ""
