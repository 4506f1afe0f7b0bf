r"""The `L1` lines of a HealthOne message, read one by one by the counter (docs/formats/flat.md, "HealthOne")."""

from __future__ import annotations

import re

from connectors.inventory.flat.expected import Stated, follows, is_compared, is_number, take_flag

_WIDTH = 24
_CULTURES = frozenset(
    {
        "souche", "souches", "stam", "stammen", "isolat", "isolate", "isolaat", "isolaten", "germe", "germes", "kiem", "kiemen",
        "keim", "keime",
    }
)  # fmt: skip
_REMARKS = (
    "texte de fin", "commentaire", "commentaires", "remarque", "remarques", "conclusion", "conclusions", "opmerking",
    "opmerkingen", "commentaar", "besluit", "eindtekst", "bemerkung", "bemerkungen", "kommentar", "kommentare",
    "schlussfolgerung", "note", "notes",
)  # fmt: skip


class Results:
    """The results found so far. `kind` says what the last line was: result, title, remark or blank."""

    def __init__(self) -> None:
        self.found: list[Stated] = []
        self.kind = ""
        self._last = ("", "")  # code and name of the named line before
        self._goes_on = False
        self._block = ""
        self._in_block = False
        self._germs = 0

    def add(self, line: int, fields: list[str]) -> str | None:
        """Take the next line; returns what it reads like, None if it repeats the line before without a value."""
        code, name, limits, unit, flag, value = (field.strip() for field in fields)
        if code and code != self._block:
            self._in_block = False
        empty = not (limits or unit or value or flag.replace("C", "", 1))
        again = bool(name) and (code, name) == self._last
        if name:
            self.kind = self._line_with_name(
                line, [code, name, limits, unit, flag, value], fields[5], empty, again
            )
            self._last = (code, name)
        else:
            self.kind = self._line_without_name(line, [code, name, limits, unit, flag, value], empty)
        if self.kind == "title":
            self._goes_on = False
        if self.kind in ("twin", "blank"):
            return None if self.kind == "twin" else ""
        shown = [fields[5], fields[3], f"({limits})" if limits else ""]
        if name and flag != "C":
            shown.append(fields[4])
        if name and not (again and value):
            shown.insert(0, fields[1])
        return "  ".join(part.rstrip() for part in shown if part.strip())

    def _line_without_name(self, line: int, fields: list[str], empty: bool) -> str:
        code, _, limits, unit, _, value = fields
        if empty:
            return "blank"
        if limits or unit:
            return self._result(line, fields, code)
        if self._in_block and code in ("", self._block):
            return "title"
        if self._goes_on and code in ("", self.found[-1].code):
            self.found[-1].notes.append(value)
        return "remark"

    def _line_with_name(self, line: int, fields: list[str], cell: str, empty: bool, again: bool) -> str:
        code, name, limits, unit, _, value = fields
        plain = not limits and not unit
        if plain and name.casefold().startswith("antibiogram") and _names_germs(value):
            self._block, self._in_block, self._germs = code, True, len(value.split())
            return "title"
        if code in ("TEXTEF", "CORCOP") or (plain and _is_remark(name) and not _is_measured(value)):
            return "blank" if empty else "remark"
        if self._goes_on and again:
            known = self._continued(fields)
            if known:
                return known
        if empty:
            return "title"
        if self._in_block and _tested(value):
            return self._susceptibility(line, fields, cell)
        return self._result(line, fields, name)

    def _continued(self, fields: list[str]) -> str:
        _, _, limits, unit, flag, value = fields
        result = self.found[-1]
        if not value:
            same = not (limits or unit) or (limits, unit) == (result.limits, result.unit)
            return "twin" if same else ""
        if not result.value:
            result.limits, result.unit = result.limits or limits, result.unit or unit
            self._settle(result, value, result.flag or ("" if flag == "C" else flag))
            return "remark"
        if flag != "C" and _is_measured(value):
            return ""
        result.notes.append(value)
        return "remark"

    def _result(self, line: int, fields: list[str], label: str) -> str:
        code, _, limits, unit, flag, value = fields
        result = Stated(line, "HEALTHONE", code, label, unit=unit, limits=limits)
        self._settle(result, value, "" if flag == "C" else flag)
        self.found.append(result)
        self._goes_on = True
        return "result"

    @staticmethod
    def _settle(result: Stated, value: str, flag: str) -> None:
        result.value, result.flag = take_flag(value, flag)
        result.state = "pending" if follows(result.value) else ""

    def _susceptibility(self, line: int, fields: list[str], cell: str) -> str:
        code, name, _, _, flag, value = fields
        letters = [_tested(value)]
        if self._germs > 1:
            columns = [cell[at : at + _WIDTH].strip() for at in range(0, len(cell), _WIDTH)]
            value = "; ".join(f"{n}: {text}" for n, text in enumerate(columns, start=1) if text)
            letters = [letter for letter in map(_tested, columns) if letter]
        same = letters[0] if letters and len(set(letters)) == 1 else ""
        self.found.append(Stated(line, "HEALTHONE", code, name, value, flag=flag or same))
        self._goes_on = True
        return "result"


def _names_germs(value: str) -> bool:
    return value.casefold() in _CULTURES or all(
        sign.isdecimal() or sign.isspace() or sign == "." for sign in value
    )


def _is_remark(name: str) -> bool:
    said = name.casefold()
    found = (word for word in _REMARKS if said.startswith(word))
    return any(not re.match(r"[\w-]", said[len(word) :]) for word in found)


def _is_measured(value: str) -> bool:
    return is_number(value) or is_compared(value)


def _tested(value: str) -> str:
    """S, I or R, where the value begins with it and no letter follows."""
    letter, after = value[:1], value[1:2]
    is_letter = "A" <= after <= "Z" or "a" <= after <= "z" or "À" <= after <= "ÿ"
    return letter if letter in ("S", "I", "R") and not is_letter else ""
