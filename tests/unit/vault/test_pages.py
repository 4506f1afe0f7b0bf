"""A signed page: what its JSON says, signed by whom it must, and nothing else in it."""

from __future__ import annotations

import asyncio
import io
import re
import secrets
import subprocess
import zlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from signed_bench import INSS, KEY, NAME, NIHII, NOW, Bench
from support.former import draft_1
from typer.testing import CliRunner

from flows.cli import app
from schemas.errors import AuthorisationError, RefusedError
from trial.authority import p12, sign_cades, sign_page
from trial.doctors import enrol_doctor
from vault.home_folder import Home
from vault.instruction.document import draft, parse
from vault.instruction.page import embedded_document, render_pdf
from vault.instruction.signed_page import MAX_GROWTH_BYTES, open_pdf
from vault.instruction.signing import load_p12
from vault.pki.cms import check_signature
from vault.pki.trust_store import TrustStore

SECOND, SECOND_NIHII = "93051822460", "10000797000"


@pytest.fixture(scope="module")
def bench(tmp_path_factory) -> Bench:
    made = Bench(tmp_path_factory.mktemp("bench"))
    enrol_doctor(
        Home(made.home),
        inss=SECOND,
        nihii=(SECOND_NIHII,),
        name="N",
        attested_by=("one", "two"),
        basis="trial",
    )
    return made


@pytest.fixture(scope="module")
def second(bench):
    return bench.authority.signer(SECOND, "Second", key=KEY)


@pytest.fixture(scope="module")
def both(bench):
    """Fields that two controllers sign."""
    roles = [{"role": "controller", "nihii": n, "name": NAME} for n in (NIHII, SECOND_NIHII)]
    return {**bench.fields, "controllers": roles}


@pytest.fixture(scope="module")
def signed(bench) -> bytes:
    return sign_page(render_pdf(draft(bench.fields)), bench.doctor, bench.authority)


def refused(pdf: bytes, *codes: str) -> None:
    with pytest.raises(AuthorisationError) as error:
        open_pdf(pdf)
    assert error.value.code in codes, error.value.code


def seen(pdf: bytes, tmp_path) -> str:
    (tmp_path / "page.pdf").write_bytes(pdf)
    text = subprocess.run(["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, check=True)
    return " ".join(text.stdout.decode().split())


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_the_page_shows_the_signed_text_in_words(bench, language, tmp_path):
    document = draft({**bench.fields, "language": language})
    assert render_pdf(document) == render_pdf(document)
    shown = seen(render_pdf(document), tmp_path)
    for paragraph in parse(document).text.splitlines():
        assert "".join(paragraph.split()) in "".join(shown.split())
    for code in ("patient_records", "controllers)", "{", "migration x", "T00:", "source_custody"):
        assert code not in shown
    assert "UTC" not in shown
    assert re.search(r"\d{1,2}(er)?\.?\s\w+ 20\d\d", shown), "days have the names of their months"


def test_the_attachment_is_the_json_to_the_byte(signed, bench, tmp_path):
    (tmp_path / "p.pdf").write_bytes(signed)
    listed = subprocess.run(
        ["pdfdetach", "-list", tmp_path / "p.pdf"], capture_output=True, check=True, text=True
    )
    assert "1: instruction.json" in listed.stdout
    subprocess.run(["pdfdetach", "-save", "1", "-o", tmp_path / "j", tmp_path / "p.pdf"], check=True)
    assert (tmp_path / "j").read_bytes() == draft(bench.fields) == embedded_document(signed)


def test_two_controllers_sign_one_after_another(bench, second, both):
    page = render_pdf(draft(both))
    one = sign_page(page, bench.doctor, bench.authority)
    two = sign_page(one, second, bench.authority, 2)
    assert two.startswith(one) and one.startswith(page)
    assert bench.check(signed=open_pdf(two)).kinds
    for pdf, code in ((page, "signature_missing"), (one, "controller_did_not_sign")):
        with pytest.raises(RefusedError) as error:
            bench.check(signed=open_pdf(pdf))
        assert error.value.code == code
    for place, code in (
        (1, "page_is_signed"),
        (2, "page_is_signed"),
        (3, "no_such_place"),
        (0, "no_such_place"),
    ):
        with pytest.raises(AuthorisationError, match=code):
            sign_page(two, second, bench.authority, place)
    with pytest.raises(AuthorisationError, match="place_is_signed"):
        sign_page(one, second, bench.authority, 1)


def test_a_signature_in_the_box_of_another_controller_is_refused(bench, second, both):
    crossed = sign_page(render_pdf(draft(both)), second, bench.authority, 1)
    crossed = sign_page(crossed, bench.doctor, bench.authority, 2)
    assert [one.place for one in open_pdf(crossed).signatures] == [1, 2]
    with pytest.raises(AuthorisationError) as error:
        bench.check(signed=open_pdf(crossed))
    assert (error.value.code, error.value.exit_code) == ("signed_in_anothers_place", 10)
    former = sign_page(render_pdf(draft_1(both)), second, bench.authority, 1)
    former = sign_page(former, bench.doctor, bench.authority, 2)
    assert bench.check(
        signed=open_pdf(former)
    ).kinds  # the first release signed in the first box that was empty


def test_an_elliptic_key_signs_as_newer_cards_do(bench):
    key = ec.generate_private_key(ec.SECP384R1())
    doctor = bench.authority.signer(INSS, NAME, key=key)
    assert bench.check(signer=doctor, form="pades").kinds
    assert bench.check(signer=doctor, form="cades").kinds


def grown(pdf: bytes, change) -> bytes:
    """The file with an update appended that a PDF program would call well-formed."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    assert out.getvalue().startswith(pdf) and len(out.getvalue()) > len(pdf)
    return out.getvalue()


def new_words(writer) -> None:
    page = writer.root["/Pages"]["/Kids"][0]
    stream = writer.add_object(generic.StreamObject(stream_data=b"BT (no) Tj ET"))
    page["/Contents"] = stream
    writer.update_container(page)


def another_attachment(writer) -> None:
    from pyhanko.pdf_utils import embed

    held = embed.EmbeddedFileObject.from_file_data(writer, b"{}", compress=False)
    embed.embed_file(writer, embed.FileSpec("instruction.json", embedded_data=held))


def swapped_attachment(writer) -> None:
    spec = writer.root["/Names"]["/EmbeddedFiles"]["/Names"][1]
    spec["/EF"]["/F"] = writer.add_object(generic.StreamObject(stream_data=b"{}"))
    writer.update_container(spec)


def script(writer) -> None:
    writer.root["/OpenAction"] = generic.DictionaryObject(
        {
            generic.pdf_name("/S"): generic.pdf_name("/JavaScript"),
            generic.pdf_name("/JS"): generic.pdf_string("1"),
        }
    )
    writer.update_root()


def moved_place(writer) -> None:
    field = writer.root["/AcroForm"]["/Fields"][0]
    field["/Rect"] = generic.ArrayObject([generic.NumberObject(n) for n in (0, 0, 600, 800)])
    writer.update_container(field)


def metadata(writer) -> None:
    """Packed, as a bomb would be. A program that signs writes its own in its place."""
    stream = generic.StreamObject(stream_data=bytes(1 << 20))
    stream.compress()
    writer.root["/Metadata"] = writer.add_object(stream)
    writer.update_root()


def nothing_much(writer) -> None:
    writer.add_object(generic.DictionaryObject())


CHANGES = [new_words, another_attachment, swapped_attachment, script, moved_place, metadata, nothing_much]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_an_update_after_the_signature_is_refused(signed, change):
    refused(grown(signed, change), "document_altered")


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_an_update_before_the_signature_is_refused_and_not_signed(bench, change):
    page = grown(render_pdf(draft(bench.fields)), change)
    refused(page, "document_altered")
    with pytest.raises(AuthorisationError, match="document_altered"):
        sign_page(page, bench.doctor, bench.authority)


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.__name__)
def test_an_update_that_hides_in_the_doctors_own_is_refused(bench, change):
    """Signed by another program, which puts the change and the signature into one update."""
    writer = IncrementalPdfFileWriter(io.BytesIO(render_pdf(draft(bench.fields))))
    change(writer)
    settled = signers.PdfSignatureMetadata(
        field_name="controller-1", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    signer = load_p12(p12(bench.doctor, bench.authority, "x"), "x")
    out = asyncio.run(signers.PdfSigner(settled, signer=signer).async_sign_pdf(writer)).getvalue()
    if change in (nothing_much, metadata):
        assert len(open_pdf(out).signatures) == 1  # an object that nothing names is no part of the page
    else:
        refused(out, "document_altered")


def test_a_page_with_other_words_than_its_json_is_refused(signed, bench):
    other = draft({**bench.fields, "destination": "/elsewhere", "nonce": secrets.token_hex(16)})
    page = render_pdf(other)
    mine = embedded_document(page)
    lying = page.replace(mine, draft(bench.fields).ljust(len(mine))[: len(mine)])
    refused(lying, "readable_text_differs", "instruction_malformed")
    refused(page + signed[len(render_pdf(draft(bench.fields))) :], "document_altered")


def test_the_same_length_of_another_instruction_under_the_old_signature_is_refused(bench, signed):
    other = draft({**bench.fields, "destination": "/oux"})
    page = render_pdf(other)
    mixed = page + signed[len(page) :]
    with pytest.raises(RefusedError) as error:
        bench.check(signed=open_pdf(mixed), destination="/oux")
    assert error.value.code == "document_altered"


@pytest.mark.parametrize(
    ("pdf", "code"),
    [
        (b"%PDF-1.7\n", "pdf_without_instruction"),
        (b"%PDF-1.7\n" + b"[" * 100_000, "pdf_without_instruction"),
        (b"%PDF-1.7\n" + bytes(9 << 20), "pdf_too_large"),
    ],
    ids=["empty", "deep", "huge"],
)
def test_hostile_files(pdf, code):
    refused(pdf, code)


def tail(trailer: bytes, body: bytes = b"", at: int | None = None, page: bytes = b"") -> bytes:
    """An update made by hand."""
    start = len(page) + len(body)
    return b"%sxref\n0 1\n0000000000 65535 f \ntrailer\n<<%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        body,
        trailer,
        start if at is None else at,
    )


def test_hostile_updates(bench):
    page = render_pdf(draft(bench.fields))
    root = b"/Root 15 0 R /Size 99 "
    home = int(re.findall(rb"startxref\s+(\d+)", page)[-1])
    bomb = zlib.compress(bytes(50 << 20))
    stream = b"\n30 0 obj <</Type/XRef/Size 99/W[1 2 1]/Filter/FlateDecode/Length %d>>stream\n%s\nendstream endobj\n"
    cases = [
        tail(root + b"/Prev %d " % len(page), page=page),  # a cycle
        tail(root + b"/Prev %d /XRefStm 9 " % home, page=page),  # hybrid
        tail(root + b"/Prev %d /Encrypt 9 0 R " % home, page=page),
        tail(root, page=page),
        tail(root + b"/Prev %d /X %s " % (home, b"[" * 30_000), page=page),
        stream % (len(bomb), bomb) + b"startxref\n%d\n%%%%EOF\n" % (len(page) + 1),
        tail(root + b"/Prev %d " % home, body=b"a" * (MAX_GROWTH_BYTES + 1), page=page),
        b"\n",
        b"junk" * 1000,
    ]
    for case in cases:
        refused(page + case, "document_altered", "pdf_too_large")
    many = page
    for _ in range(40):
        before = int(re.findall(rb"startxref\s+(\d+)", many)[-1])
        many += tail(root + b"/Prev %d " % before, page=many)
    refused(many, "document_altered")


def check_all(pdf: bytes, bench: Bench, trust: TrustStore) -> None:
    opened = open_pdf(pdf)
    if not opened.signatures:
        raise AuthorisationError("signature_missing")
    for one in opened.signatures:
        check_signature(one.over, one.cms, trust, trial_home=True, moment=NOW)


SHA256 = bytes.fromhex("0609608648016503040201")
RSA = bytes.fromhex("06092a864886f70d0101")  # with or without its digest


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_flipped_bit_is_refused(signed, bench, data):
    """Half of the flips fall on the signature, which nothing covers but our own reading of it."""
    start = len(render_pdf(draft(bench.fields)))
    low = data.draw(st.sampled_from([0, start]))
    at = data.draw(st.integers(low, len(signed) - 1))
    bit = data.draw(st.integers(0, 7))
    altered = signed[:at] + bytes([signed[at] ^ 1 << bit]) + signed[at + 1 :]
    with pytest.raises(RefusedError):
        check_all(altered, bench, _trust(bench))


def test_every_bit_of_the_algorithms_that_no_signature_covers(bench):
    """The lists of digests and the identifiers of algorithms, with the NULL that stands for their parameters."""
    document = draft(bench.fields)
    cms = sign_cades(document, bench.doctor, bench.authority)
    places = [at for each in (SHA256, RSA) for at in _places(cms, each) if not 60 < at < len(cms) - 700]
    assert len(places) == 3  # the digests listed, the digest used, the signature
    for start in places:
        for at in range(start, start + len(SHA256) + 2):
            for bit in range(8):
                altered = cms[:at] + bytes([cms[at] ^ 1 << bit]) + cms[at + 1 :]
                with pytest.raises(RefusedError):
                    check_signature(document, altered, _trust(bench), trial_home=True, moment=NOW)


def _places(data: bytes, wanted: bytes) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(wanted), data)]


def test_a_letter_of_the_signer_s_issuer_in_another_case_is_refused(signed, bench):
    """Names compare without regard to case; the signature names its signer by one that nothing covers."""
    name = b"Reprise trial citizen".hex().upper().encode()
    other = b"reprise trial citizen".hex().upper().encode()
    places = [match.start() for match in re.finditer(name, signed)]
    assert len(places) > 2
    for at in places:
        altered = signed[:at] + other + signed[at + len(name) :]
        with pytest.raises(RefusedError):
            check_all(altered, bench, _trust(bench))


_held: list[TrustStore] = []


def _trust(bench: Bench) -> TrustStore:
    if not _held:
        _held.append(TrustStore.load(Home(bench.home).trust))
    return _held[0]


@pytest.mark.parametrize("more", [b"\n", b"\r", b"\r\n", b" ", b"\0", b"%", b"x"])
def test_a_byte_more_is_refused(signed, more):
    refused(signed + more, "document_altered")


def test_a_cut_page_is_refused(signed, bench):
    for end in range(len(signed) - 1, len(signed) - 9000, -701):
        with pytest.raises(RefusedError):
            check_all(signed[:end], bench, _trust(bench))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--as", "2"), 2), (("--home", "HOME"), 2), ((), "place_not_named"),
        (("--as", SECOND_NIHII), "no_such_place"), (("--as", "3"), "no_such_place"), (("--as", "successor"), "no_such_place"), (("--as", "controller"), "place_not_named"),
    ],
)  # fmt: skip
def test_sign_takes_the_box_of_who_signs(bench, second, both, tmp_path, words, said):
    page, key = tmp_path / "page.pdf", tmp_path / "second.p12"
    page.write_bytes(render_pdf(draft(both)))
    key.write_bytes(p12(second, bench.authority, "x"))
    at = [str(bench.home) if word == "HOME" else word for word in words]
    done = CliRunner().invoke(
        app,
        ["authorise", "sign", str(page), "--p12", str(key), *at],
        env={"REPRISE_P12_PASSWORD": "x"},
    )
    signed = open_pdf(page.read_bytes()).signatures
    if isinstance(said, int):
        assert done.exit_code == 0 and [one.place for one in signed] == [said], done.output
    else:
        assert done.exit_code == 10 and said in done.stderr and signed == ()
