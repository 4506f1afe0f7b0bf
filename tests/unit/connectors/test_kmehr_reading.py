"""What the KMEHR reader tolerates, refuses and quarantines."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kmehr_rebuilding import Read, file_of
from support.series import sample

from connectors.base import Limits, MessageHeader, Verdict
from connectors.registry import choose
from connectors.sources.kmehr.connector import KmehrConnector
from connectors.sources.kmehr.rows import link_target
from schemas.disposition import Disposition, Reason
from schemas.errors import (
    LimitExceededError,
    RepriseError,
    SourceError,
    UnreadableSourceError,
    UnsafeSourceError,
)

NS = 'xmlns="http://www.ehealth.fgov.be/standards/kmehr/schema/v1"'
PATIENT = "<patient><id S='INSS' SV='1.0'>85.07.30-033.28</id><firstname>A</firstname><familyname>B</familyname></patient>"


def message(inside: str, head: str = "") -> bytes:
    return f"<kmehrmessage {NS}><header/>{head}<folder>{PATIENT}{inside}</folder></kmehrmessage>".encode()


def transaction(inside: str) -> str:
    return f"<transaction><cd S='CD-TRANSACTION' SV='1.5'>note</cd>{inside}</transaction>"


def test_paths_owners_and_positions() -> None:
    read = Read(
        message(transaction("<heading><item><content/><lnk TYPE='x'/></item></heading><text L='fr'>t</text>"))
    )
    assert read.rows["patient"][0]["unit"] == "1/1.2.1"
    assert [row["unit"] for row in read.rows["patient_field"]] == [
        "1/1.2.1.1", "1/1.2.1.2", "1/1.2.1.3",
    ]  # fmt: skip
    contact = read.rows["transaction"][0]
    assert (contact["unit"], contact["owner"], contact["position"]) == ("1/1.2.2", "1/1.2", 2)
    assert read.rows["heading"][0]["owner"] == "1/1.2.2"
    assert read.rows["item"][0]["owner"] == "1/1.2.2.2"
    link = read.rows["link"][0]
    assert (link["unit"], link["owner"], link["position"]) == ("1/1.2.2.2.1.2", "1/1.2.2.2.1", 2)
    assert read.rows["text"][0]["unit"] == "1/1.2.2.3"
    assert read.rows["patient"][0]["inss"] == "85073003328"


def test_prefixes_envelope_and_bare_folder_read_alike() -> None:
    bare = f"<folder>{PATIENT}{transaction('<item/>')}</folder>"
    prefixed = bare.replace("</", "</k:").replace("<", "<k:").replace("<k:/k:", "</k:")
    wrapped = f"<s:Envelope xmlns:s='urn:s'><s:Body>{bare}</s:Body></s:Envelope>"
    for text, path in (
        (bare, "1/1"),
        (prefixed.replace("<k:folder>", "<k:folder xmlns:k='urn:k'>"), "1/1"),
        (wrapped, "1/1.1.1"),
    ):
        read = Read(text.encode())
        assert read.rows["transaction"][0]["owner"] == path
        assert read.rows["transaction"][0]["name"] == "note"
        assert "k:" not in read.rows["transaction"][0]["xml"]


@pytest.mark.parametrize(
    "between", ["", "\n", "\nhttp://example.invalid/a?b=c\n", "<!-- x --> urn:x <?p q?>\n"]
)
def test_concatenated_messages(between: str) -> None:
    one = b"<?xml version='1.0'?>" + message(transaction("<item/>"))
    read = Read((between.encode()).join([one, one, one]) + b"\n<!-- end -->\n")
    assert [row["unit"] for row in read.rows["transaction"]] == ["1/1.2.2", "1/2.2.2", "1/3.2.2"]
    assert [row["patient"] for row in read.rows["patient"]] == [1, 2, 3]


@settings(max_examples=sample(60, 20), deadline=None)
@given(st.integers(1, 400))
def test_documents_are_split_wherever_a_piece_ends(size: int) -> None:
    from connectors.sources.kmehr._stream import parse_documents
    from connectors.sources.kmehr.bytes import clean_pieces

    names: list[str] = []

    class Events:
        def open_document(self, number: int) -> None:
            names.append(f"#{number}")

        def start(self, name: str, attributes: dict[str, str]) -> None:
            names.append(name)

        def end(self, name: str) -> None: ...
        def text(self, data: str) -> None: ...
        def comment(self, data: str) -> None:
            notes.append(data)

        def between(self, data: str) -> None:
            words.append(data)

    names.clear()
    notes: list[str] = []
    words: list[str] = []
    data = b"junk <!-- <a/> --><?xml version='1.0'?><a><b/></a > urn:x <?p <z/> ?><c/><!-- - --><e>/></e><d>&#x9;</d>\n\n"
    stream = file_of(data).open()
    for _ in parse_documents(clean_pieces(stream, 1, Limits(), size), Events(), 1, Limits()):
        pass
    assert names == ["#1", "a", "b", "#2", "c", "#3", "e", "#4", "d"]
    assert notes == ["<!-- <a/> -->", "<?p <z/> ?>", "<!-- - -->"]
    assert "".join(words) == "junk  urn:x \n\n"


def test_repairs() -> None:
    text = "d\xe9j\xe0 \x80 \x04fin&#4;&#x1F;\uffff&#65;"
    raw = text.encode("latin-1", "replace").replace(b"?", "\uffff".encode())
    data = message(transaction("<text L='fr'>@@</text>")).replace(b"@@", raw)
    for head in (
        b"",
        b"\xef\xbb\xbf",
        b"<?xml version='1.0' encoding='UTF-8'?>",
        b"<?xml version='1.0' encoding='x-odd'?>",
    ):
        assert Read(head + data).rows["text"][0]["texts"][0] == "d\xe9j\xe0 \u20ac finA"


def test_declared_encoding_is_believed() -> None:
    data = "<?xml version='1.0' encoding='ISO-8859-15'?><folder><text L='fr'>\u20ac</text></folder>".encode(
        "iso-8859-15"
    )
    assert Read(data).rows["text"][0]["texts"][0] == "\u20ac"
    assert Read(data.decode("iso-8859-15").encode("utf-16")).rows["text"][0]["texts"][0] == "\u20ac"


BILLION = "<!DOCTYPE l [<!ENTITY a 'lol'><!ENTITY b '&a;&a;'>]><kmehrmessage>&b;</kmehrmessage>"
EXTERNAL = "<!DOCTYPE l [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><kmehrmessage>&x;</kmehrmessage>"


@pytest.mark.parametrize(
    "text", [BILLION, EXTERNAL, "<!DOCTYPE kmehrmessage><kmehrmessage/>", "<?xml version='1.0'?>\n" + BILLION]
)
def test_doctype_is_refused(text: str) -> None:
    with pytest.raises(UnsafeSourceError) as caught:
        Read(text.encode())
    assert caught.value.code == "doctype"
    assert caught.value.__context__ is None
    with pytest.raises(UnsafeSourceError):
        list(KmehrConnector().headers(file_of(text.encode()), Limits()))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<kmehrmessage><folder>", "cut_short"),
        (b"<kmehrmessage></folder>", "not_well_formed"),
        (b"<kmehrmessage>&eacute;</kmehrmessage>", "not_well_formed"),
        (b"no markup", "not_well_formed"),
        (b"", "not_well_formed"),
        (b"<a/></b>", "not_well_formed"),
        (b"<a/> <", "not_well_formed"),
        (b"<a>/></a></b>", "not_well_formed"),
    ],
)
def test_not_well_formed(data: bytes, code: str) -> None:
    with pytest.raises(UnreadableSourceError) as caught:
        Read(data)
    assert caught.value.code == code
    assert caught.value.__context__ is None


def test_every_truncation_is_one_of_our_errors(shared: Path) -> None:
    data = (shared / "samples/kmehr/smf/icure.pmf-minimal.scrubbed.xml").read_bytes().rstrip()
    for cut in range(1, len(data) - 1, 13):
        with pytest.raises(SourceError):
            Read(data[:cut])


@settings(max_examples=sample(150, 50), deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400))
def test_random_bytes_never_crash(noise: bytes, at: int) -> None:
    data = message(transaction("<item/><lnk TYPE='multimedia'>QUJD</lnk>"))
    with contextlib.suppress(RepriseError):
        Read(data[:at] + noise + data[at:])


def test_depth_is_limited() -> None:
    with pytest.raises(LimitExceededError) as caught:
        Read(b"<a>" * 70)
    assert caught.value.code == "too_deep"


def test_endless_token_is_limited() -> None:
    with pytest.raises(LimitExceededError):
        Read(b"<a b='" + b"x" * (3 << 20) + b"'/>", limits=Limits(max_unit_bytes=1000))


PDF = b"%PDF-1.4 " + bytes(range(256)) * 40


def attachment(
    content: str, where: str = "@", attributes: str = "TYPE='multimedia' MEDIATYPE='image/jpeg'"
) -> bytes:
    return message(transaction(where.replace("@", f"<lnk {attributes}>{content}</lnk>")))


@pytest.mark.parametrize(
    "where", ["@", "<item>@</item>", "<item><content>@</content></item>", "<heading>@</heading>"]
)
def test_attachment_is_decoded_and_sniffed(where: str) -> None:
    read = Read(attachment("\n " + base64.encodebytes(PDF).decode() + " ", where))
    row = read.rows["document"][0]
    assert read.content(row["unit"]) == PDF
    assert (row["media_type"], row["media_type_label"]) == ("application/pdf", "image/jpeg")
    assert (row["bytes"], row["sha256"]) == (len(PDF), hashlib.sha256(PDF).digest())
    assert not read.rejects


def test_healthone_in_an_attachment_is_known() -> None:
    read = Read(attachment(base64.b64encode(b"A1\\1\\LAB\\\r\n").decode()))
    row = read.rows["document"][0]
    assert (row["message_format"], row["media_type"]) == ("healthone", "text/plain")


@pytest.mark.parametrize(
    "text", ["not base64!", "QUJ", "QUJD====", "QUJDQQ==QUJD", "QQ==QQ==", "QUJD\u00e9", "QU<b/>JD"]
)
def test_invalid_base64_is_quarantined_raw(text: str) -> None:
    read = Read(attachment(text))
    assert [(each.reason, each.kind, each.unit) for each in read.rejects] == [
        (Reason.BASE64_INVALID, "attachment", "1/1.2.2.2")
    ]
    assert not read.rows["document"]
    assert read.content("1/1.2.2.2").decode().startswith(text.replace("<b/>", ""))


def test_attachment_above_the_limit_is_quarantined_with_its_bytes() -> None:
    read = Read(attachment(base64.b64encode(PDF).decode()), limits=Limits(max_attachment_bytes=1000))
    assert [each.reason for each in read.rejects] == [Reason.ATTACHMENT_TOO_LARGE]
    assert read.content("1/1.2.2.2") == PDF
    assert read.rows["transaction"]


@pytest.mark.parametrize(
    "inside",
    [
        "<item><text>{}</text></item>",
        "<text L='fr'>{}</text>",
        "<item><content><a b='{}'/></content><isrelevant/></item>",
    ],
)
def test_unit_above_the_limit_is_quarantined_verbatim(inside: str) -> None:
    big = inside.format("x" * 5000)
    read = Read(message(transaction(big + "<item/>")), limits=Limits(max_unit_bytes=2000))
    assert [(each.reason, each.unit) for each in read.rejects] == [(Reason.UNIT_TOO_LARGE, "1/1.2.2.2")]
    assert read.content("1/1.2.2.2").decode().replace("/>", "></x>").count("x" * 5000) == 1
    assert [row["unit"] for row in read.rows["item"]] == ["1/1.2.2.3"]


def test_encrypted_folder_is_quarantined() -> None:
    read = Read(
        f"<kmehrmessage {NS}><header/><Base64EncryptedData><a>x</a></Base64EncryptedData></kmehrmessage>".encode()
    )
    assert [(each.reason, each.kind, each.unit) for each in read.rejects] == [
        (Reason.ENCRYPTED_FOLDER, "file", "1/1.2")
    ]
    assert read.content("1/1.2") == b"<Base64EncryptedData><a>x</a></Base64EncryptedData>"


def test_admission_decides_before_anything_is_staged() -> None:
    refused = Verdict(Disposition.OUT_OF_SCOPE, Reason.PATIENT_OUT_OF_SCOPE)
    asked: list[str] = []

    def admit(path: str) -> Verdict | None:
        asked.append(path)
        return refused if path in ("1/1.2", "1/1.3.2") else None

    inside = transaction("<item><content><lnk/></content></item>") + transaction("<text L='fr'/>")
    folder = f"<folder>{PATIENT}{inside}</folder>"
    data = f"<kmehrmessage><header/>{folder}{folder}</kmehrmessage>".encode()
    read = Read(data, admit=admit)
    assert asked == ["1/1.2", "1/1.3", "1/1.3.2", "1/1.3.3"]
    assert [row["patient"] for row in read.rows["patient"]] == [2]
    assert [row["unit"] for row in read.rows["transaction"]] == ["1/1.3.3"]
    assert not read.rows["item"]


AUTHOR = (
    "<author><hcparty><id S='ID-HCPARTY' SV='1.0'>{}</id><cd S='CD-HCPARTY' SV='1'>{}</cd></hcparty></author>"
)


@pytest.mark.parametrize(
    ("kind", "local", "author", "expected"),
    [
        ("labresult", "", "orghospital", "lab_results"),
        ("discharge", "", "persphysician", "hospital_notices"),
        ("note", "avis d'hospitalisation", "orghospital", "hospital_notices"),
        ("note", "avis d'hospitalisation", "persphysician", "specialist_reports"),
        ("note", "lettre", "orghospital", "specialist_reports"),
        ("report", "Ontslag", "orghospital", "hospital_notices"),
        ("referral", "", "persphysician", "specialist_reports"),
        ("contactreport", "ontslag", "orghospital", "patient_records"),
        ("", "", "", "patient_records"),
    ],
)
def test_record_kind_and_responsible(kind: str, local: str, author: str, expected: str) -> None:
    head = f'<cd S="CD-TRANSACTION" SV="1.5">{kind}</cd><cd S="LOCAL" SV="1" DN="{local}">x</cd>'
    read = Read(message(f"<transaction>{head}{AUTHOR.format('1/12345/78/004', author)}</transaction>"))
    row = read.rows["transaction"][0]
    assert row["record_kind"] == expected
    assert row["responsible"] == ("11234578" if author == "persphysician" else None)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ('//item[id[@SL="MF-ID" and .="a-1"]]', "a-1"),
        ("//transaction[ id[ @SL='MF-ID'  and text() = 'b' ] ]", "b"),
        ('//*[id[.="c" and @SL="MF-ID"]]', "c"),
        ("//transaction[id[@S='ID-KMEHR']='19']", None),
        ('//item[id[@SL="MF-ID"]]', None),
        ("http://example.invalid", None),
        (None, None),
    ],
)
def test_link_target(url: str | None, target: str | None) -> None:
    assert link_target(url) == target


def test_header_of_a_sample(shared: Path) -> None:
    data = (shared / "samples/kmehr/smf/icure.smf-contactreports.synthesised.xml").read_bytes()
    (header,) = KmehrConnector().headers(file_of(data), Limits())
    assert isinstance(header, MessageHeader)
    assert (header.system, header.system_version, header.message) == ("iCure", "4.0.0", "gpsoftwaremigration")
    assert "sensitive" in repr(header)


def test_probe(shared: Path) -> None:
    for path in sorted((shared / "samples").rglob("*")):
        if not path.is_file() or "expected" in path.parts:
            continue
        chosen = choose(file_of(path.read_bytes()))
        folder = path.relative_to(shared / "samples").parts[0].removesuffix("v2")
        known = folder in ("fhir", "healthone", "hl7", "medar", "medidoc") and not path.name.startswith(
            "LICENSE"
        )
        expected = folder if known else None
        if folder == "kmehr" and path.suffix == ".xml":
            expected = "kmehr"
        assert (chosen.name if chosen else None) == expected, path.name
    for data in (b"", b"PK\x03\x04", b"<html><body/></html>", b"\0\1\2<folder>", b"{}"):
        assert choose(file_of(data)) is None


FLAT_MEMORY = """
import io, sys, base64
from connectors.base import Limits, SourceFile
from connectors.sources.kmehr.connector import KmehrConnector
patients, megabytes = int(sys.argv[1]), int(sys.argv[2])
item = b"<item><id S='LOCAL' SL='MF-ID' SV='1.0'>x</id><cd S='CD-ITEM' SV='1'>lab</cd><content><decimal>1</decimal></content></item>"
part = b"<transaction><cd S='CD-TRANSACTION' SV='1.5'>note</cd>" + item * 100 + b"</transaction>"
folder = b"<folder><patient><familyname>x</familyname></patient>" + part * 2 + b"</folder>"
piece = base64.b64encode(bytes(3 << 18))
def pieces():
    yield b"<kmehrmessage>"
    for _ in range(patients): yield folder
    if megabytes:
        yield b"<folder><transaction><lnk TYPE='multimedia'>"
        for _ in range(megabytes * 4 // 3): yield piece
        yield b"</lnk></transaction></folder>"
    yield b"</kmehrmessage>"
class Stream(io.RawIOBase):
    def __init__(self): self.pieces, self.held = pieces(), b""
    def read(self, size):
        while not self.held:
            self.held = next(self.pieces, None)
            if self.held is None: self.held = b""; return b""
        out, self.held = self.held[:size], self.held[size:]
        return out
rows = 0
for found in KmehrConnector().read(SourceFile(1, 0, Stream), 1, lambda p: None, Limits()):
    rows += found.rows.num_rows
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(rows, peak.split()[1])
"""


def _peak(patients: int, megabytes: int) -> tuple[int, int]:
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", FLAT_MEMORY, str(patients), str(megabytes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    rows, peak = done.stdout.split()
    return int(rows), int(peak) >> 10


@pytest.mark.slow
def test_memory_stays_flat() -> None:
    _, least = _peak(20, 0)
    rows, many = _peak(2000, 0)
    assert rows > 400_000
    chunks, large = _peak(0, 300)
    assert chunks >= 300
    print(f"peak MiB: 20 patients {least}, 2000 patients {many}, 300 MiB attachment {large}")
    assert many < least + 60
    assert large < least + 60


def test_base64_that_breaks_late_keeps_its_beginning_decoded_and_the_rest_raw() -> None:
    good = base64.b64encode(bytes(9 << 20)).decode()
    read = Read(attachment(good + "!bad"))
    assert [each.reason for each in read.rejects] == [Reason.BASE64_INVALID]
    content = read.content("1/1.2.2.2")
    assert content.endswith(b"!bad")
    assert content.count(b"\0") >= 8 << 20
    assert max(len(row["content"]) for row in read.rows["document_chunk"]) <= 1 << 20


def test_unknown_attribute_of_an_attachment_is_not_lost() -> None:
    read = Read(attachment("QUJD", attributes="TYPE='multimedia' other='x'"))
    assert [each.reason for each in read.rejects] == [Reason.NOT_IN_TARGET]
    assert read.content("1/1.2.2.2") == b'ABC<lnk TYPE="multimedia" other="x"/>'


def test_comments_cdata_and_xml_attributes() -> None:
    read = Read(
        message(
            transaction("<text L='fr'>a<!-- c -->b<![CDATA[<c>]]></text><text xml:space='preserve'>d</text>")
        )
    )
    assert read.rows["text"][0]["texts"][0] == "ab<c>"
    assert [r["xml"] for r in read.rows["text"] if r["unit"] == "1/1.2.2.3"] == [
        '<text xml:space="preserve">d</text>'
    ]


def test_instance_hints_are_left_out_under_any_prefix() -> None:
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    data = f"<folder xmlns:q='{xsi}'><patient><sex q:nil='true' r:kept='x'/></patient></folder>"
    assert Read(data.encode()).rows["patient_field"][0]["xml"] == '<sex kept="x"/>'


def test_patients_are_numbered_from_the_first_given() -> None:
    found = KmehrConnector().read(file_of(message("") + message(""), 7), 40, lambda _: None, Limits())
    rows = [row for batch in found if batch.table == "patient" for row in batch.rows.to_pylist()]  # type: ignore[union-attr]
    assert [(row["unit"], row["patient"], row["file"]) for row in rows] == [
        ("7/1.2.1", 40, 7),
        ("7/2.2.1", 41, 7),
    ]


def test_folder_without_patient_still_has_a_chart() -> None:
    row = Read(b"<folder><transaction/></folder>").rows["patient"][0]
    assert (row["unit"], row["chart"], row["inss"], row["first_names"]) == ("1/1", "", None, [])


def test_batches_are_bounded() -> None:
    items = "<item><text>" + "x" * 2000 + "</text></item>"
    sizes = [
        (batch.rows.num_rows, batch.rows.nbytes)  # type: ignore[union-attr]
        for batch in KmehrConnector().read(
            file_of(message(transaction(items * 8000))), 1, lambda _: None, Limits()
        )
    ]
    assert all(rows <= 10_000 and size < 5 << 20 for rows, size in sizes)


def test_too_many_documents_in_one_file() -> None:
    with pytest.raises(LimitExceededError) as caught:
        Read(b"<a/>" * 20, limits=Limits(max_files=10))
    assert caught.value.code == "documents"
