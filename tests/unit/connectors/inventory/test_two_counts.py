"""The counter over bytes gives what the walk gives: every row, span, digest, header and sum, and every refusal."""

from __future__ import annotations

from pathlib import Path

import pytest
from inventory_case import item, message, sample_files, transaction
from support.rewritings import REWRITINGS
from two_counts import difference

from trial.practice.write import write_practice

VECTORS = Path(__file__).parents[3] / "vectors"


@pytest.fixture(scope="module")
def practice(tmp_path_factory) -> bytes:
    folder = tmp_path_factory.mktemp("practice")
    write_practice(folder, patients=6, defects=True)
    (file,) = folder.iterdir()
    return file.read_bytes()


def test_samples(shared):
    files = sample_files(shared, "kmehr")
    assert len(files) > 20
    for file in files:
        difference(file.read_bytes())


def test_cases_and_vectors(shared):
    for root in (shared / "cases", VECTORS):
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            difference(file.read_bytes())


@pytest.mark.parametrize("rewriting", REWRITINGS)
def test_rewritings(rewriting, practice):
    for content in (practice, message(transaction(body=item()))):
        difference(REWRITINGS[rewriting](content))


@pytest.mark.parametrize("rewriting", REWRITINGS)
def test_rewritings_of_a_sample(rewriting, shared):
    smf = next(path for path in sample_files(shared, "kmehr") if b"<folder>" in path.read_bytes())
    difference(REWRITINGS[rewriting](smf.read_bytes()))


@pytest.mark.parametrize(
    "rewriting", ["as it is", "pretty", "single quotes", "references in texts", "MF-IDs", "messages"]
)
def test_what_is_often_met_is_not_walked(rewriting, practice):
    assert not difference(REWRITINGS[rewriting](practice))


@pytest.mark.parametrize("sign", ["", "(", "\\", "|", "&amp;", "\u00e9", "e\u0301", "\r\n"])
def test_long_texts(sign):
    text = f'<text L="fr">{"a" * 20_000}{sign}</text>'
    assert not difference(message(transaction(body=text * 2 + "<text>(b)</text>")))
