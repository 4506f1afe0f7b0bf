"""A unit written by a template is what it is when it is fitted by itself: same bytes, same outcome, whatever its texts."""

from __future__ import annotations

import io
import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from delivering import Source, read, write
from lxml import etree
from support.mutating import base, mutate
from support.series import sample

from connectors.base import SourceFile
from connectors.targets import templates, units
from connectors.targets.chart import Unit
from connectors.targets.points import Teller
from connectors.targets.templates import Template
from connectors.targets.whole_chart import WholeChart
from schemas.errors import SourceError
from trial.practice.write import write_practice

ODD = (
    "1,5", "-0", "1e3", "x", " ", " true ", "TRUE", "2020-13-01", "2020-01-01T00:00:00", "9:05", "e\u0301", "<&>\"'", "a\rb",
    "a\nb", "50%s %d %", "lab", "medication", "F32", "0b1c", "\u00a0", "1901", "male", "\ue000", "00000000392",
)  # fmt: skip


def file_of(data: bytes) -> SourceFile:
    return SourceFile(1, len(data), lambda: io.BytesIO(data))


@pytest.fixture
def by_itself(monkeypatch):
    """Call it, and no template is used."""

    def switch_off() -> None:
        monkeypatch.setattr(units, "template_of", lambda _unit: None)

    return switch_off


def written(source: Source):
    """The chart, the outcomes, the points as the practice reads them, and the account of each patient."""
    made, teller = [], Teller("en")
    for patient in source.patients:
        outcome, account, chart = write(source, patient)
        told = [teller.tell(point, member=None) for point in outcome.findings]
        made.append((chart, replace(outcome, findings=[]), told, account))
    return made


def with_odd_texts(source: Source, seed: int, share: float) -> Source:
    """The same with some texts replaced."""
    draw = random.Random(seed)
    tables = dict(source.tables)
    tables["unit"] = []
    for batch in source.tables["unit"]:
        texts = [
            [draw.choice(ODD) if draw.random() < share else text for text in each]
            for each in batch["texts"].to_pylist()
        ]
        at = batch.schema.get_field_index("texts")
        tables["unit"].append(
            batch.set_column(at, batch.schema.field(at), pa.array(texts, batch.schema.field(at).type))
        )
    return Source(tables, source.rejects, source.counted)


@pytest.fixture(scope="module", params=["ordinary", "items"])
def practice(request, tmp_path_factory) -> Source:
    folder = tmp_path_factory.mktemp("practice")
    write_practice(folder, patients=sample(4, 2), shape=request.param, defects=request.param == "ordinary")
    (file,) = folder.iterdir()
    return read(file_of(file.read_bytes()))


def test_most_units_of_a_practice_are_written_by_templates(practice, monkeypatch):
    written(practice)
    taken = []
    real = templates.template_of

    def watched(unit: Unit) -> Template | None:
        found = real(unit)
        taken.append(found is not None)
        return found

    monkeypatch.setattr(units, "template_of", watched)
    written(practice)
    assert sum(taken) > 0.95 * len(taken) > 100


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_texts(seed, practice, by_itself):
    source = with_odd_texts(practice, seed, (0.0, 0.01, 0.05, 0.2, 0.5, 1.0)[seed])
    found = [
        written(source) for _ in range(2)
    ]  # by what the first unit of each shape taught, and once all are known
    by_itself()
    assert found == [written(source)] * 2


def test_samples_and_cases(shared: Path, by_itself):
    files = [*(shared / "samples" / "kmehr").rglob("*.xml"), *(shared / "cases").rglob("*.xml")]
    sources = []
    for file in files:
        with suppress(SourceError):
            sources.append(read(file_of(file.read_bytes())))
    assert len(sources) > 50
    sources += [with_odd_texts(source, 1, 0.1) for source in sources if source.tables.get("unit")]
    found = [[written(source) for source in sources] for _ in range(2)]
    by_itself()
    assert found == [[written(source) for source in sources]] * 2


@pytest.mark.parametrize("seed", range(sample(40, 15)))
def test_any_change_of_structure(seed, by_itself):
    sources = [
        read(file_of(etree.tostring(mutate(base(), random.Random(seed * 100 + at))))) for at in range(3)
    ]
    found = [written(source) for source in sources]
    by_itself()
    assert found == [written(source) for source in sources]


def test_a_confidential_item_states_so_before_its_position(by_itself, tmp_path):
    write_practice(tmp_path, patients=2, shape="ordinary")
    (file,) = tmp_path.iterdir()
    party = b'<hcparty><cd S="CD-HCPARTY" SV="1.6">persphysician</cd><name>A</name></hcparty>'
    stated = b"<item><confidentiality>" + party + b"</confidentiality>"
    source = read(file_of(file.read_bytes().replace(b"<item>", stated)))
    found = [written(source) for _ in range(2)]
    for chart, *_ in found[1]:
        judged = WholeChart()
        judged.feed(chart)
        assert stated in chart
        assert judged.close()
    by_itself()
    assert found == [written(source)] * 2
