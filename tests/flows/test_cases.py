"""Small made-up inputs with the right value of each: what must stand in the chart, in the report, or in the error.

`tests/vectors/cases/expect.json` is the list. A check is true or not; no check looks at how it was reached.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from support.practice_in_process import Package, Practices
from support.told import unexplained

CASES = Path(__file__).resolve().parents[1] / "vectors" / "cases"
EXPECTED: dict[str, dict[str, Any]] = json.loads((CASES / "expect.json").read_text())["cases"]
ALONE = {"alone", "matching"}  # the others lie in a practice of many patients, where a point of each is few
GENEROUS = {"degraded_permille": 1000, "quarantined_permille": 1000}
MARKUP = re.compile(r"<\s*/?\s*[A-Za-z][^<>]*>")


@pytest.fixture(scope="module")
def practices(tmp_path_factory):
    return {
        alone: Practices(tmp_path_factory.mktemp("cases"), **({} if alone else {"ceilings": GENEROUS}))
        for alone in (True, False)
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_case(name, practices, schemas):
    case = EXPECTED[name]
    found = Found(practices[case["group"] in ALONE].carry(CASES / name), case.get("people", {}))
    wrong = [check for check in case["checks"] if not found.holds(check)]
    if not any("exit" in check or "any" in check for check in case["checks"]):
        wrong += [{"exit": [0]}] if found.package.exit_code else []
    wrong += [
        {"valid": chart} for chart in found.charts if not all(s.validate(found.trees[chart]) for s in schemas)
    ]
    if found.package.error is None:
        wrong += [{"told": flaw} for flaw in unexplained(found.package, _bytes_of(CASES / name))]
    assert not wrong, found.package.error and found.package.error.code


def _bytes_of(source: Path) -> bytes:
    files = [source] if source.is_file() else sorted(each for each in source.rglob("*") if each.is_file())
    return b"".join(each.read_bytes() for each in files)


class Found:
    """A package as the checks look at it: namespaces dropped, people by what is stated of them."""

    def __init__(self, package: Package, people: dict[str, dict[str, str]]) -> None:
        self.package, self.people = package, people
        self.trees = {name: etree.fromstring(data).getroottree() for name, data in package.charts.items()}
        self.charts = {name: _folder(data) for name, data in package.charts.items()}
        self.work_list = _shown(package.report.get("work-list.html", b"").decode())

    def holds(self, check: dict[str, Any]) -> bool:
        """Whether a check is true."""
        if "any" in check:
            return any(all(self.holds(each) for each in group) for group in check["any"])
        kind = next(name for name in _CHECKS if name in check)
        return bool(getattr(self, f"_{kind}")(check))

    def _of(self, who: str) -> dict[str, Any]:
        if who in ("*", "own"):
            return self.charts
        return {name: folder for name, folder in self.charts.items() if _is(folder, self.people[who])}

    def _nodes(self, check: dict[str, Any]) -> list[Any]:
        return [node for folder in self._of(check["in"]).values() for node in folder.xpath(check["path"])]

    def _charts(self, check: dict[str, Any]) -> bool:
        return all(_within(len(self._of(who)), count) for who, count in check["charts"].items())

    def _path(self, check: dict[str, Any]) -> bool:
        values = [_value(node) for node in self._nodes(check)]
        if "count" in check:
            return _within(len(values), check["count"])
        if "is" in check:
            return (
                (sorted(values) == sorted(check["is"])) if check.get("any_order") else values == check["is"]
            )
        if "some" in check:
            return check["some"] in values
        if "none" in check:
            return check["none"] not in values
        return any(re.search(check["match"], value) for value in values)

    def _texts(self, who: str) -> str:
        return "\n".join(_value(folder) for folder in self._of(who).values())

    def _reads(self, check: dict[str, Any]) -> bool:
        text = _spaced(self._texts(check["in"]))
        return all(_spaced(words) in text for words in check["reads"])

    def _lacks(self, check: dict[str, Any]) -> bool:
        return not any(words in self._texts(check["in"]) for words in check["lacks"])

    def _contains(self, check: dict[str, Any]) -> bool:
        whole = self._texts(check["in"]) + "".join(
            data.decode("latin-1") for folder in self._of(check["in"]).values() for data in _files(folder)
        )
        return all(words in whole for words in check["contains"])

    def _no_xml(self, check: dict[str, Any]) -> bool:
        texts = (text for folder in self._of(check["in"]).values() for text in folder.itertext())
        return not any(MARKUP.search(text) for text in texts)

    def _file(self, check: dict[str, Any]) -> bool:
        files = [
            sha256(data).hexdigest() for folder in self._of(check["in"]).values() for data in _files(folder)
        ]
        return _within(files.count(check["file"]), check["count"])

    def _link(self, check: dict[str, Any]) -> bool:
        for folder in self._of(check["in"]).values():
            ids = {_value(i) for node in folder.xpath(check["to"]) for i in node.xpath("id[@SL='MF-ID']")}
            for link in folder.xpath(f".//lnk[@TYPE='{check['link']}']"):
                if any(f'"{each}"' in link.get("URL", "") for each in ids):
                    return True
        return False

    def _apart(self, check: dict[str, Any]) -> bool:
        holders = [{n for n, folder in self.charts.items() if folder.xpath(path)} for path in check["apart"]]
        return all(holders) and not set.intersection(*holders)

    def _pair(self, check: dict[str, Any]) -> bool:
        """Two charts of these people stand in one point of the work list."""
        charts = {name for who in check["pair"] for name in self._of(who)}
        rows = _rows(self.package.report.get("work-list.html", b"").decode())
        return any(sum(Path(name).name in row for name in charts) >= 2 for row in rows)

    def _list(self, check: dict[str, Any]) -> bool:
        rows = _rows(self.package.report.get("work-list.html", b"").decode())
        names = {Path(name).name for who in check.get("on", []) for name in self._of(who)}
        rows = [row for row in rows if not names or any(name in row for name in names)]
        return any(re.search(check["list"], row, re.IGNORECASE) for row in rows)

    def _handed(self, check: dict[str, Any]) -> bool:
        wanted = check["handed"]
        data = bytes.fromhex(wanted["hex"]) if "hex" in wanted else wanted["utf8"].encode()
        held = any(
            data in member for name, member in self.package.report.items() if not name.endswith(".html")
        )
        return held or ("name" in wanted and wanted["name"] in self.work_list)

    def _kept(self, check: dict[str, Any]) -> bool:
        members = [data.decode("utf-8", "replace") for data in self.package.report.values()]
        everything = "\n".join([self._texts("*"), *members])
        return all(re.search(words, everything) for words in check["kept"])

    def _exit(self, check: dict[str, Any]) -> bool:
        return self.package.exit_code in check["exit"]

    def _error(self, check: dict[str, Any]) -> bool:
        error = self.package.error
        if error is None:
            return False
        told = error.to_json()
        return re.search(check["error"], f"{told['message']}\n{told['advice']}") is not None

    def _valid(self, _check: dict[str, Any]) -> bool:
        return True  # of every chart of every case, below

    def _cpu_over_base(self, _check: dict[str, Any]) -> bool:
        return True  # tests/unit/connectors/test_growth.py: a line of n and of 2n bytes


_CHECKS = (
    "charts", "path", "reads", "lacks", "contains", "no_xml", "file", "link", "apart", "pair", "list", "handed", "kept",
    "exit", "error", "valid", "cpu_over_base",
)  # fmt: skip


def _folder(data: bytes) -> Any:
    root = etree.fromstring(data)
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    return root.find("folder")


def _is(folder: Any, person: dict[str, str]) -> bool:
    stated = {
        "inss": [_value(i) for i in folder.xpath("patient/id")],
        "family": [_folded(_value(n)) for n in folder.xpath("patient/familyname")],
        "first": [_folded(_value(n)) for n in folder.xpath("patient/firstname")],
        "birth": [_value(n) for n in folder.xpath("patient/birthdate/*")],
    }
    return all(
        (_folded(value) if name in ("family", "first") else value) in stated[name]
        for name, value in person.items()
    )


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("’", "'")).casefold()
    return re.sub(r"[\s'-]+", "", "".join(c for c in plain if not unicodedata.combining(c)))


def _value(node: Any) -> str:
    return str(node) if isinstance(node, str) else "".join(node.itertext())


def _spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _files(folder: Any) -> list[bytes]:
    return [b64decode(_value(link)) for link in folder.xpath(".//lnk") if _value(link).strip()]


def _within(count: int, wanted: int | list[int]) -> bool:
    return wanted[0] <= count <= wanted[1] if isinstance(wanted, list) else count == wanted


def _rows(page: str) -> list[str]:
    return [_shown(row) for row in re.findall(r"<tr.*?</tr>|<li.*?</li>", page, re.DOTALL)]


def _shown(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page))
