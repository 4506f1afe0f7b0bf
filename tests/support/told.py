"""What a work list must tell: of each unit that is not in a chart as structure, its patient and every field, in words."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import msgspec
from lxml import etree

from schemas.practice_documents import Point, ReconciliationFile, WorkListFile
from support.practice_in_process import Package

FIELDS = ("what", "why", "content", "instead", "place", "action")
MARKUP = re.compile(r"<[a-z]+[ >]")
CODE = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b|\breprise-itself\b|\{[a-z]+\}")

AS_TEXT = {"not_in_target", "dangling_link", "second_summary", "conflicting_identity"}
OF_A_FILE = {
    "not_well_formed",
    "cut_short",
    "unreadable_file",
    "unknown_format",
    "no_record",
    "document_beside",
    "same_file_twice",
}
"""What befalls a whole file: whose it is, nobody knows."""


def unexplained(package: Package, source: bytes) -> list[str]:
    """What is wrong with the work list of a package. `source`: the texts of the export, for what they hold themselves."""
    listed = msgspec.json.decode(package.report["work-list.json"], type=WorkListFile)
    counted = msgspec.json.decode(package.report["reconciliation.json"], type=ReconciliationFile)
    found = [flaw for point in listed.points for flaw in untold(point)]
    found += [f"{p.reason}: no patient" for p in listed.points if not _has_patient(p, package)]
    ends = {each.code: each.count for each in counted.appendix.units}
    inside = sum(each.count for each in counted.undivided if each.state == "set_aside")
    for end, points, least in (
        ("degraded", {p.unit for p in listed.points if p.reason in AS_TEXT}, 0),
        ("quarantined", {p.unit for p in listed.points if p.member is not None}, inside),
    ):
        units = sum(count for code, count in ends.items() if code.endswith(f".{end}")) - least
        found += [f"{units} {end}, {len(points)} listed"] if units != len(points) else []
    made = [
        json.dumps(json.loads(data), ensure_ascii=False)
        for name, data in package.report.items()
        if name.endswith(".json")
    ]
    found += ["markup in a list"] * sum(bool(MARKUP.search(text)) for text in made)
    came = set(MARKUP.findall(html.unescape(source.decode("utf-8", "replace"))))
    found += ["markup in a chart"] * sum(bool(_markup_of(chart) - came) for chart in package.charts.values())
    return found


def _has_patient(point: Point, package: Package) -> bool:
    if point.patient is None:
        of_a_message = point.reason in ("loose_text", "remark") and point.unit.count(".") <= 1  # in no folder
        return point.reason in OF_A_FILE or "." not in point.unit or of_a_message
    return point.patient.chart in package.charts and point.patient.page in package.report


def _markup_of(chart: bytes) -> set[str]:
    """The starts of markup in the texts of a chart."""
    texts = etree.fromstring(chart, etree.XMLParser(huge_tree=True)).itertext()
    return {each for text in texts for each in MARKUP.findall(text)}


def untold(point: Any) -> list[str]:
    """What is wrong with the words of a point (or of a draft of one)."""
    said = {name: getattr(point, name) for name in FIELDS}
    found = [f"{point.reason}: no {name}" for name, words in said.items() if not words.strip()]
    found += [f"{point.reason}: markup in {name}" for name, words in said.items() if MARKUP.search(words)]
    own = ("why", "instead", "action")  # what else there is quotes the record
    found += [f"{point.reason}: code in {name}" for name in own if CODE.search(_unquoted(said[name]))]
    return found


def _unquoted(words: str) -> str:
    return re.sub(r"[«“„\"][^»”“\"]*[»”“\"]", "", words)
