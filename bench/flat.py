"""What reading and counting each flat format costs beside a bare pass: `python bench/flat.py [MESSAGES] [ROUNDS]`.

The bare pass opens the same file and splits its bytes into lines, one at a time. Each way reads a small and a large file of
the same messages, in turns; what is compared is the CPU of the difference, so that no start and no table is in it. Every message
has another patient, another day and other numbers. `mail` and `document` are files of their own, of which the bare pass
reads as many.
"""

from __future__ import annotations

import base64
import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from connectors.base import Export, Limits, SourceFile
from connectors.inventory.registry import counter_for
from connectors.registry import by_name, choose
from schemas.sensitive import Sensitive

VECTORS = Path(__file__).resolve().parent.parent / "tests/vectors/messages"
AIM = 8.0
"""How many times the bare pass reader and counter should cost at most, each (docs/performance.md has what they cost)."""
KEY = bytes(32)
Members = dict[str, bytes]


def number(at: int) -> str:
    """A valid national number."""
    nine = f"{50 + at % 40:02}{1 + at % 12:02}{1 + at % 28:02}{1 + at // 40 % 900:03}"
    return f"{nine}{97 - int(nine) % 97:02}"


def healthone(at: int) -> bytes:
    lines = [
        f"A1\\{at}\\LABO VOORBEELD\\",
        f"A2\\{at}\\Specimen{at}\\Bob\\M\\30071985\\{number(at)}\\",
        f"A4\\{at}\\Dr\\{1 + at % 28:02}022026\\0915\\C\\",
    ]
    lines += [
        f"L1\\{at}\\C{n}\\Bepaling {n}\\{n}-{n + 20}\\mg/dL\\{'+' if n % 7 == 0 else ''}\\{n + (at * n) % 50}\\"
        for n in range(40)
    ]
    lines += [f"L1\\{at}\\C3\\Bepaling 3\\\\\\C\\Contrôlé\\", "END"]
    return "".join(f"{line}\r\n" for line in lines).encode("cp1252")


def medidoc(at: int) -> bytes:
    lines = [
        "W841",
        "LABO VOORBEELD",
        "STRAAT 1",
        "8400 OOSTENDE",
        "",
        "RIZIV 8/12345/30/998",
        "202602021130",
        "1/12345/78/004",
        "DR",
    ]
    lines += [
        f"#A{number(at)}",
        f"SPECIMEN{at:<16}BOB",
        "19850730",
        "Y",
        f"202602{1 + at % 28:02}",
        f"{at}",
        "C",
        "STRAAT 1",
        "1000",
        "BRUSSEL",
    ]
    for n in range(40):
        lines += [
            "#Ra",
            f"{13000 + n}A.B",
            f"={n + (at * n) % 50}",
            "22",
            "+" if n % 7 == 0 else "",
            f"\\{n} - {n + 20}",
            "#R/",
        ]
    return "".join(f"{line}\r\n" for line in [*lines, "#A/", "#/"]).encode("cp850")


def medar(at: int) -> bytes:
    said = [
        "S119850730SPEC",
        f"S2Specimen{at}\\Bob",
        "S3Kerkstraat 1\\1000 BRUSSEL",
        "S430/07/1985\\M",
        "S685.07.30-033.28\\12",
        "A115/01/2026",
        "D1Dr\\P",
    ]
    said += [
        f"R1C{n}\\bepaling {n}\\{n}-{n + 20}\\mg/dL\\{'+' if n % 7 == 0 else ' '} {n + (at * n) % 50}"
        for n in range(40)
    ]
    said[0] = f"S1{at:09}R\\19850730SPEC"
    return "".join(f"{n:04}{at % 10**9:09}R{line}\r\n" for n, line in enumerate(said)).encode("cp850")


def hl7(at: int) -> bytes:
    lines = [
        f"MSH|^~\\&|LIS|LABO VOORBEELD|EMD|P|20260202113000||ORU^R01|{at}|P|2.5",
        f"PID|1||{number(at)}^^^RRN^NN||Specimen{at}^Bob||19850730|M",
    ]
    lines += [f"OBR|1|A|{at}|HEMA^Hematologie^L|||202602{1 + at % 28:02}0915||||||||||||||||||F"]
    lines += [
        f"OBX|{n}|NM|C{n}^Bepaling {n}^L||{n + (at * n) % 50}|mg/dL|{n}-{n + 20}|{'H' if n % 7 == 0 else 'N'}|||F"
        for n in range(40)
    ]
    return "".join(f"{line}\r" for line in lines).encode()


def fhir(at: int) -> bytes:
    ssin = "https://www.ehealth.fgov.be/standards/fhir/core/NamingSystem/ssin"
    made: list[dict[str, object]] = [
        {"resourceType": "Patient", "id": "p", "identifier": [{"system": ssin, "value": number(at)}], "gender": "male",
         "name": [{"family": f"Specimen{at}", "given": ["Bob"]}], "birthDate": "1985-07-30"},
        {"resourceType": "DiagnosticReport", "id": "r", "status": "final", "subject": {"reference": "Patient/p"},
         "code": {"text": "Labo"},
         "effectiveDateTime": f"2026-02-{1 + at % 28:02}", "result": [{"reference": f"Observation/{n}"} for n in range(40)]},
    ]  # fmt: skip
    made += [
        {"resourceType": "Observation", "id": f"{n}", "status": "final", "subject": {"reference": "Patient/p"},
         "code": {"coding": [{"system": "urn:local", "code": f"C{n}"}], "text": f"Bepaling {n}"},
         "valueQuantity": {"value": n + (at * n) % 50, "unit": "mg/dL"},
         "referenceRange": [{"low": {"value": n}, "high": {"value": n + 20}}],
         **({"interpretation": [{"coding": [{"code": "H"}]}]} if n % 7 == 0 else {})}
        for n in range(40)
    ]  # fmt: skip
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in made]}
    return json.dumps(bundle).encode() + b"\n"


def joined(make: Callable[[int], bytes]) -> Callable[[int], Members]:
    return lambda size: {"a": b"".join(map(make, range(size)))}


def documents(size: int) -> Members:
    page = b"%PDF-1.4\n" + bytes(range(256)) * 400
    return {f"{number(at)}/2026-02-{1 + at % 28:02} Verslag {at}.pdf": page for at in range(size)}


def mails(size: int) -> Members:
    head = b"From: a@example.be\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    head += b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    page = base64.encodebytes(bytes(range(256)) * 400)
    return {
        f"{number(at)}/2026-02-{1 + at % 28:02} Verslag {at}.eml": head + page + b"--x--\r\n"
        for at in range(size)
    }


FORMATS: dict[str, Callable[[int], Members]] = {
    "healthone": joined(healthone),
    "medidoc": joined(medidoc),
    "medar": joined(medar),
    "hl7": joined(hl7),
    "fhir": joined(fhir),
    "document": documents,
    "mail": mails,
}


def files_of(made: Members) -> list[SourceFile]:
    export = Export()
    files = [
        SourceFile(n, len(data), lambda data=data: io.BytesIO(data), Sensitive(name), export)
        for n, (name, data) in enumerate(made.items(), 1)
    ]
    for file in files:
        export.add(file)
    return files


def bare(files: list[SourceFile]) -> None:
    for file in files:
        with file.open() as stream:
            for line in io.TextIOWrapper(stream, "latin-1", newline=None):
                line.rstrip("\n")


def reader(files: list[SourceFile]) -> None:
    for file in files:
        found = choose(file)
        assert found is not None
        for _ in by_name(found.name).read(file, 1, lambda _unit: None, Limits()):
            pass


def counter(files: list[SourceFile]) -> None:
    for file in files:
        found = choose(file)
        assert found is not None
        for _ in counter_for(found.name).count(file, 1, KEY, Limits()):
            pass


WAYS = {"bare": bare, "reader": reader, "counter": counter}


def seconds(act: Callable[[list[SourceFile]], None], files: list[SourceFile]) -> float:
    begin = time.process_time()
    act(files)
    return time.process_time() - begin


def measure(name: str, messages: int, rounds: int) -> dict[str, float]:
    """The marginal CPU seconds of each way, as medians over the rounds."""
    small, large = (files_of(FORMATS[name](size)) for size in (messages // 4, messages))
    taken: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, act in WAYS.items():
            taken[way].append(-seconds(act, small) + seconds(act, large))
    found = {way: statistics.median(all_of_it) for way, all_of_it in taken.items()}
    return {**found, "mb": sum(file.size for file in large) / 1e6 * 0.75, "messages": messages * 0.75}


def main(messages: int, rounds: int) -> int:
    over = []
    print(f"{'format':<10} {'MB':>6} {'bare s':>8} {'reader':>8} {'counter':>8}   reader us a message")
    for name in FORMATS:
        found = measure(name, messages, rounds)
        ratios = [found[way] / found["bare"] for way in ("reader", "counter")]
        each = found["reader"] / found["messages"] * 1e6
        print(
            f"{name:<10} {found['mb']:6.2f} {found['bare']:8.4f} {ratios[0]:7.1f}x {ratios[1]:7.1f}x   {each:8.0f}"
        )
        over += [name] if max(ratios) > AIM else []
    print("above", AIM, "times the bare pass:", ", ".join(over) or "none")
    return 0


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    sys.exit(main(words[0] if words else 400, words[1] if len(words) > 1 else 5))
