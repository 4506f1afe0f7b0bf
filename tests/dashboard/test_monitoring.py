"""The alert rules and the board: they name numbers that exist, and Prometheus's own tool accepts and tests the rules."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from dashboard.machine.metrics import exposition
from flows.notices.outbox import counts
from flows.session.control import Control
from flows.views.measures import measure

FOLDER = Path(__file__).resolve().parents[2] / "dashboard/monitoring"
PROMTOOL = shutil.which("promtool")


@pytest.fixture(scope="module")
def told(people) -> str:
    home = people.dashboard.home
    return exposition(measure(Control.open_to_look(home)), counts(home))


def rules() -> list[dict]:
    return [
        rule
        for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
        for rule in group["rules"]
    ]


def expressions() -> list[str]:
    board = json.loads((FOLDER / "grafana.json").read_text())
    return [rule["expr"] for rule in rules()] + [
        t["expr"] for panel in board["panels"] for t in panel["targets"]
    ]


def test_each_number_that_is_asked_for_is_told(told):
    names = set(re.findall(r"^# TYPE (\w+)", told, re.MULTILINE))
    asked = {name for expression in expressions() for name in re.findall(r"reprise_\w+", expression)}
    assert asked <= names
    assert len(asked) > 8


def test_each_rule_says_what_to_do():
    assert len(rules()) == len({rule["alert"] for rule in rules()})
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "action"}


def test_the_board_has_places_for_its_panels():
    board = json.loads((FOLDER / "grafana.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        squares = {
            (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
        }
        assert not squares & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= squares


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)")
@pytest.mark.parametrize("words", [("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")])
def test_prometheus_takes_the_rules(words):
    done = subprocess.run([PROMTOOL, *words], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)")
def test_prometheus_reads_the_numbers(told):
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
