"""Fuzz one target with atheris, guided by coverage: `python fuzz/run.py TARGET SECONDS [FOLDER]`.

What it finds is written to FOLDER (build/fuzz/TARGET); copy it to tests/vectors/fuzz/TARGET, mend the cause, keep both.
libFuzzer prints how long it ran and how often.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import atheris

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # the authority of `seeds` is that of the tests
with atheris.instrument_imports(
    include=["vault", "schemas", "flows.package.open_package", "rfc8785", "asn1crypto", "zipfile", "json"]
):
    from fuzz.targets import TARGETS


def main() -> None:
    """Seed the corpus, and go."""
    name, seconds = sys.argv[1], int(sys.argv[2])
    found = Path(sys.argv[3]) if len(sys.argv) > 3 else ROOT / "build" / "fuzz" / name
    target = TARGETS[name]
    (found / "corpus").mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.seeds()):
        (found / "corpus" / f"seed-{number}").write_bytes(data)

    def mutate(data: bytes, size: int, seed: int) -> bytes:
        chance = Random(seed)
        changed = atheris.Mutate(data, size) if chance.random() < 0.2 else target.mutate(data, chance)
        return changed[:size]

    words = [
        f"-max_total_time={seconds}",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-max_len=65536",
        "-print_final_stats=1",
    ]
    words += [f"-artifact_prefix={found}/", str(found / "corpus")]
    atheris.Setup([sys.argv[0], *words], target.check, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
