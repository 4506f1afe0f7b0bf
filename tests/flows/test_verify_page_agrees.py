"""The page, `reprise verify` and `vault/verify.py` say the same of each proof: true ones, old ones, lies, and single bits."""

from __future__ import annotations

import io
import os
import random
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
import test_proof_attacks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from grown_proof import GrownProof
from support.page_verifier import Corpus, Files, Flip
from support.sealing import needs_node
from test_proof import HURTING

from vault.ledger.notes import format_vkey
from vault.ledger.policy import format_policy
from vault.proof.folder import seal_files
from vault.proof.full_verifier import verify_fully
from vault.verify import packed, read_folder

pytestmark = [pytest.mark.slow, needs_node]
VECTORS = Path(__file__).resolve().parents[1] / "vectors"
EVERY_BIT = bool(os.environ.get("REPRISE_EVERY_BIT"))
REFUSED = (91, 93)


def agreed(corpus: Corpus) -> list[list[tuple[int, str]]]:
    """What both say, to the code of the refusal."""
    page, python = corpus.said_by_the_page(), corpus.said_by_python()
    apart = [(n, a, b) for n, (a, b) in enumerate(zip(page, python, strict=True)) if a != b]
    assert apart == []
    return page


@pytest.mark.parametrize("release", [1, 2])
def test_proofs_of_former_releases(release, tmp_path):
    folder = VECTORS / f"release-{release}"
    with tarfile.open(folder / "home.tar.xz") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    corpus = Corpus(tmp_path / "corpus")
    proofs = sorted((tmp_path / "unpacked").glob("**/runs/*/proof"))
    for proof in proofs:
        files = read_folder(proof)
        own = files["policy.txt"].decode()
        for policy in (own, None, own.replace("+", "x+", 1), (folder / "policy.txt").read_text()):
            corpus.add(files, policy)
        corpus.add_zip(packed(files), own)
        names = sorted(files)
        chance = random.Random(release)
        picked = [chance.choice(names) for _ in range(200)]
        corpus.add(files, own, [(n, chance.randrange(len(files[n])), chance.randrange(8)) for n in picked])
    said = agreed(corpus)
    assert len(proofs) >= 1
    assert all(rows == [(0, "")] for rows in said[::6])
    assert all(rows == [(92, "")] for rows in said[1::6])
    assert all(rows == [(0, "")] for rows in said[4::6])
    assert all(code in REFUSED for rows in said[5::6] for code, _ in rows)


def test_true_proofs_and_all_lies(grown: GrownProof, tmp_path):
    corpus, given = Corpus(tmp_path), list[Files]()
    lies = [made(grown) for _, made in test_proof_attacks.LIES.values()]
    for hurt in HURTING.values():
        for name in ("manifest.json", "certificate.json", "checkpoint", "policy.txt", "manifest.sig"):
            lies.append({**grown.files, name: hurt})
            lies.append(grown.sealed({name: hurt}) if not name.startswith("manifest") else grown.files)
    for files in (grown.first, grown.files, *lies):
        corpus.add(files, grown.policy)
        given.append(files)
    said = [rows[0] for rows in agreed(corpus)]
    assert said[:2] == [(0, ""), (0, "")]
    assert len({code for _, code in said}) > 25
    full = [verify_fully(files, grown.policy, [], []).exit for files in given[:60]]
    assert [
        code for code, (page, _) in zip(full, said, strict=False) if page in REFUSED and code != page
    ] == []


def test_a_folder_rebuilt_with_another_key(grown: GrownProof, tmp_path):
    """Somebody signs the same files anew, and names his own key in the folder."""
    other, origin = Ed25519PrivateKey.generate(), grown.origin
    vkey = format_vkey(origin, other.public_key().public_bytes_raw())
    rest = {n: d for n, d in grown.files.items() if not n.startswith("manifest.") and n != "README.txt"}
    files = seal_files({**rest, "policy.txt": format_policy(vkey).encode()}, origin=origin, key=other)
    corpus = Corpus(tmp_path)
    for policy in (grown.policy, None, format_policy(vkey)):
        corpus.add(files, policy)
        corpus.add_zip(packed(files), policy)
        assert verify_fully(files, policy, [], []).exit in REFUSED
    assert all(rows[0][0] in REFUSED for rows in agreed(corpus))


POLICIES = {
    "empty": "",
    "no quorum": "log {}\n",
    "two logs": "log {0}\nlog {0}\nquorum none\n",
    "rest": "log {} https://log.example/\nquorum none\n",
    "too much": "log {} a b\nquorum none\n",
    "comment": "# ours\n\n  log {}\t\n#\u00a0\nquorum none",
    "other line ends": "log {}\r\nquorum none\x85\u2028",
    "next line as blank": "log\u00a0{}\nquorum\u3000none\n",
    "a byte-order mark": "\ufefflog {}\nquorum none\n",
    "a witness named none": "log {0}\nwitness none {0}\nquorum none\n",
    "a key of a log as witness": "log {0}\nwitness w {0}\nquorum w\n",
    "a group of nobody": "log {}\ngroup g all\nquorum g\n",
    "a group of itself": "log {}\ngroup g 1 g\nquorum g\n",
    "many lines": "log {}\nquorum none\n" + "quorum none\n" * 300,
    "a cut key": "log trial.example/log+00\nquorum none\n",
    "a key that is no base64": "log a+00+@@@@\nquorum none\n",
}


def test_policies_of_every_form(grown: GrownProof, tmp_path):
    corpus, vkey = Corpus(tmp_path), grown.policy.partition("\nlog ")[2].split()[0]
    for text in POLICIES.values():
        corpus.add(grown.files, text.format(vkey))
    said = dict(zip(POLICIES, [rows[0] for rows in agreed(corpus)], strict=True))
    assert {name for name, (code, _) in said.items() if code == 0} == {
        "rest", "comment", "other line ends", "next line as blank",
    }  # fmt: skip


def bits(data: bytes, name: str | None) -> list[Flip]:
    step = 1 if EVERY_BIT else max(1, len(data) // 30)
    places = range(0, len(data), step)
    return [(name, at, bit) for at in places for bit in (range(8) if EVERY_BIT else (at // step % 8,))]


def test_every_bit_of_a_proof_and_of_its_zip(grown: GrownProof, tmp_path):
    """Sampled; `make page-proofs` flips them all."""
    corpus, data = Corpus(tmp_path), packed(grown.files)
    for name, held in grown.files.items():
        corpus.add(grown.files, grown.policy, bits(held, name))
    sparse = bits(data, None)
    headers = [(None, at, at % 8) for at in range(len(data) - 4000, len(data), 3)]
    corpus.add_zip(data, grown.policy, [*sparse, *([] if EVERY_BIT else headers)])
    said = agreed(corpus)
    tried = sum(map(len, said))
    assert all(code in REFUSED for rows in said for code, _ in rows)
    assert tried > 2_500
    print(f"{tried} bits of {len(grown.files)} files and their zip flipped, each refused by both")


@pytest.mark.skipif("REPRISE_PROOFS" not in os.environ, reason="no recorded proofs: make page-proofs")
def test_proofs_that_other_tests_made():
    said = agreed(Corpus(Path(os.environ["REPRISE_PROOFS"])))
    print(
        f"{len(said)} proofs, {len({code for rows in said for _, code in rows})} different answers, the same of both"
    )


def test_zips_that_hurt(grown: GrownProof, tmp_path):
    """Of another packer, with things before, after and between, overlapping, swollen, of hostile names: each is refused."""
    true = packed(grown.files)

    def other(method: int = zipfile.ZIP_STORED, files: Files = grown.files) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", method) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return made.getvalue()

    hostile = {
        "deflated": other(method=zipfile.ZIP_DEFLATED),
        "a bomb": other(method=zipfile.ZIP_DEFLATED, files={"manifest.json": b"0" * (300 << 20)}),
        "of today": other(),
        "something before": b"MZ" + true,
        "something after": true + b"\0",
        "a comment": true[:-2] + b"\1\0x",
        "cut": true[:-1],
        "no zip": b"%PDF-1.7" + bytes(1000),
        "nothing": b"",
        "an empty zip": packed({}),
        "no manifest": packed({"x": b""}),
        "one that says it is huge": b"PK\3\4" + bytes(18) + b"\xff" * 4 + bytes(8) + b"x" * 100,
        "many": packed({**grown.files, **{f"entries/{n}.json": b"" for n in range(600)}}),
        "a way out": packed({**grown.files, "../../evil.json": b"{}"}),
        "HTML": packed({**grown.files, "authorisation/crls-<img src=x onerror=alert(1)>": b"{}"}),
        "backwards": packed({**grown.files, "authorisation/crls-\u202egnp.exe": b"{}"}),
        "no UTF-8": true.replace(b"README.txt", b"README.tx\xff"),
    }
    corpus = Corpus(tmp_path)
    for data in hostile.values():
        corpus.add_zip(data, grown.policy)
    said = dict(zip(hostile, [rows[0] for rows in agreed(corpus)], strict=True))
    assert all(code in REFUSED for code, _ in said.values()), said
    assert said["HTML"][1] == "files_added_or_missing"
    assert {said[name][1] for name in ("a way out", "backwards")} == {"file_of_unknown_name"}


def test_the_zip_is_one_that_others_open(grown: GrownProof, tmp_path):
    data = packed(grown.files)
    (tmp_path / "proof.zip").write_bytes(data)
    words = ["python3", "-m", "zipfile", "-e", str(tmp_path / "proof.zip"), str(tmp_path / "out")]
    subprocess.run(words, check=True, timeout=60)
    assert read_folder(tmp_path / "out") == grown.files
