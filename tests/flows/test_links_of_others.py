"""No command writes through a link that somebody else may have put where a file is to be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.whole_run import WholeRun

from trial.practice.write import write_practice


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A home in which a run has ended."""
    folder = tmp_path_factory.mktemp("links")
    write_practice(folder / "export", patients=1)
    case = WholeRun(folder / "trial", folder / "export")
    case.start()
    return case


@pytest.mark.parametrize("there", ["link", "link to nowhere", "file"])
@pytest.mark.parametrize(
    "command",
    [
        ("ledger", "stamp-request", "--to"),
        ("authorise", "stamp-request", "AUTHORISATION", "--to"),
        ("intake", "open", "AUTHORISATION", "--keys", "file", "--page"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_file_is_made_anew_or_not_at_all(command, there, ended, tmp_path):
    victim, asked = tmp_path / "victim", tmp_path / "asked"
    if there != "link to nowhere":
        victim.write_text("mine")
    if there == "file":
        victim.rename(asked)
    else:
        asked.symlink_to(victim)
    names = {"AUTHORISATION": ended.made["authorisation"]}
    done = ended.reprise(*(names.get(word, word) for word in command), str(asked))
    assert done.returncode != 0
    assert (asked if there == "file" else victim).exists() == (there != "link to nowhere")
    if there != "link to nowhere":
        assert (asked if there == "file" else victim).read_text() == "mine"


def test_the_second_file_of_a_proof_that_the_log_grew(ended, tmp_path):
    kept, to = tmp_path / "kept", tmp_path / "to"
    assert (
        ended.reprise(
            "ledger", "consistency", "--head", str(ended.home / "ledger/checkpoint"), "--to", str(kept)
        ).returncode
        == 0
    )
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "to.checkpoint").symlink_to(tmp_path / "victim")
    done = ended.reprise(
        "ledger", "consistency", "--head", str(ended.home / "ledger/checkpoint"), "--to", str(to)
    )
    assert done.returncode != 0
    assert (tmp_path / "victim").read_text() == "mine"
    assert not to.exists()


def test_pages_go_into_a_folder_of_ones_own(ended, tmp_path):
    pages, theirs = tmp_path / "pages", tmp_path / "theirs"
    assert ended.reprise("ledger", "export", "--html", str(pages)).returncode == 0
    (pages / "index.html").unlink()
    (pages / "index.html").symlink_to(tmp_path / "victim")
    assert ended.reprise("ledger", "export", "--html", str(pages)).returncode == 0
    assert not (tmp_path / "victim").exists()
    assert not (pages / "index.html").is_symlink()
    theirs.mkdir()
    linked = tmp_path / "linked"
    linked.symlink_to(theirs)
    assert ended.reprise("ledger", "export", "--html", str(linked)).returncode != 0
    os.chmod(theirs, 0o777)
    assert ended.reprise("ledger", "export", "--html", str(theirs)).returncode != 0
    assert list(Path(theirs).iterdir()) == []
