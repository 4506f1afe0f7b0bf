"""The register of destinations: what it takes, what it refuses, and that nothing of it lies in clear."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from flows.admin.destinations import list_destinations
from flows.session.control import Control
from schemas.errors import IntegrityError, RefusedError, ScopeError, TargetRefusedError
from schemas.sensitive import Sensitive
from vault.home.create import create_home
from vault.home_folder import Home
from vault.records.destinations import (
    Destinations,
    RemotePath,
    S3Bucket,
    SftpServer,
    fingerprint,
    open_identity,
    parse_remote,
)

KEY = ed25519.Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
SECRET = "kanarie-geheim"


def sftp(**changes) -> SftpServer:
    fields = {
        "host": "kanarie.example",
        "port": 22,
        "user": "u",
        "host_key": PUBLIC,
        "identity": Sensitive(SECRET),
    }
    return SftpServer(**{**fields, **changes})


def s3(**changes) -> S3Bucket:
    fields = {
        "bucket": "packages",
        "endpoint": "https://kanarie.example",
        "key_id": Sensitive("id"),
        "secret": Sensitive(SECRET),
    }
    return S3Bucket(**{**fields, **changes})


@pytest.fixture
def home(tmp_path) -> Path:
    create_home(Home(tmp_path / "home"), trial=True, origin="test.example/log")
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/srv/out", None),
        ("sftp:/odd", None),
        ("sftp://box", ("sftp", "box", "")),
        ("sftp://box/", ("sftp", "box", "")),
        ("s3://box-2/a/b.c", ("s3", "box-2", "a/b.c")),
    ],
)
def test_what_a_destination_names(text, parts):
    assert parse_remote(text) == (None if parts is None else RemotePath(*parts))


@pytest.mark.parametrize(
    "text",
    [
        "sftp://box/../etc", "sftp://box/a/./b", "sftp://box/a//b", "sftp://box/a b", "sftp://box/a\nb", "sftp://Box/a",
        "sftp://u:p@box/a", "sftp:///a", "ftp://box/a", "https://box/a", "s3://box/a?x=1", "s3://box/" + chr(233), "sftp://b.x:22/a",
    ],
)  # fmt: skip
def test_what_is_no_destination(text):
    with pytest.raises(ScopeError, match="destination_malformed"):
        parse_remote(text)


def test_kept_sealed_found_again_and_forgotten(home):
    register = Destinations(Home(home))
    for name, server in (("box", sftp()), ("pail", s3())):
        register.add(name, server)
        with pytest.raises(RefusedError, match="destination_known"):
            register.add(name, server)
    assert [name for name, _ in register.list()] == ["box", "pail"]
    found = register.find("pail", "s3")
    assert isinstance(found, S3Bucket)
    assert found.secret.reveal() == SECRET
    everything = b"".join(p.name.encode() + p.read_bytes() for p in (home / "destinations").iterdir())
    for canary in (b"kanarie", b"box", b"pail", b"packages"):
        assert canary not in everything
    assert "kanarie" not in f"{found!r} {sftp()!r} {found}"
    with pytest.raises(ScopeError, match="destination_not_registered"):
        register.find("pail", "sftp")
    register.remove("pail")
    for act in (register.find, register.remove):
        with pytest.raises(ScopeError, match="destination_not_registered"):
            act("pail")


def test_an_altered_or_exchanged_record_is_refused(home):
    register = Destinations(Home(home))
    register.add("box", sftp())
    (path,) = (home / "destinations").iterdir()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(IntegrityError):
        register.find("box")
    register.add("pail", s3())
    assert ([name for name, _ in register.list()], register.unreadable()) == (["pail"], 1)
    assert [bool(shown["name"]) for shown in list_destinations(Control.open_to_look(Home(home)))] == [
        True,
        False,
    ]
    assert register.remove("box") == "unreadable"  # a record that a crash cut short can still be taken away


def test_a_record_under_another_name_is_refused(home):
    register = Destinations(Home(home))
    register.add("box", sftp())
    register.add("pail", sftp(host="other.example"))
    one, other = (home / "destinations").iterdir()
    one.write_bytes(other.read_bytes())
    found = []
    for name in ("box", "pail"):
        try:
            register.find(name)
        except IntegrityError:
            found.append(name)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("server", "code"),
    [
        (sftp(host="a b"), "host_malformed"),
        (sftp(host=""), "host_malformed"),
        (sftp(port=0), "host_malformed"),
        (sftp(user=""), "host_malformed"),
        (sftp(host_key=""), "host_key_malformed"),
        (sftp(host_key="ssh-ed25519 AAAA"), "host_key_malformed"),
        (sftp(folder="../up"), "path_malformed"),
        (s3(bucket="Packages/x"), "bucket_malformed"),
        (s3(endpoint="http://kanarie.example"), "endpoint_not_https"),
        (s3(endpoint="file:///etc"), "endpoint_not_https"),
        (s3(endpoint="https://u:p@kanarie.example"), "endpoint_malformed"),
        (s3(endpoint="https://[kanarie"), "endpoint_malformed"),
        (s3(endpoint="https://"), "endpoint_malformed"),
        (s3(endpoint="https://kanarie.example:abc"), "endpoint_malformed"),
        (s3(prefix="/a"), "path_malformed"),
        (s3(secret=Sensitive("")), "credentials_missing"),
    ],
)
def test_what_is_not_taken_in(home, server, code):
    with pytest.raises(TargetRefusedError, match=code):
        Destinations(Home(home)).add("box", server)
    assert Destinations(Home(home)).list() == []


def test_a_host_certificate_is_no_pin(home, tmp_path):
    """A server that has one still shows a plain key to whoever does not ask for certificates."""
    for name in ("authority", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    sign = ["ssh-keygen", "-q", "-s", tmp_path / "authority", "-I", "x", "-h", tmp_path / "host.pub"]
    subprocess.run(sign, check=True)
    for name, taken in (("host-cert.pub", False), ("host.pub", True)):
        server = sftp(host_key=" ".join((tmp_path / name).read_text().split()[:2]))
        if taken:
            Destinations(Home(home)).add("box", server)
        else:
            with pytest.raises(TargetRefusedError, match="host_key_malformed"):
                Destinations(Home(home)).add("box", server)


def test_the_fingerprint_is_that_of_ssh_keygen(tmp_path):
    (tmp_path / "key.pub").write_text(PUBLIC + "\n")
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", tmp_path / "key.pub"], capture_output=True, text=True, check=True
    )
    assert fingerprint(PUBLIC) == shown.stdout.split()[1]


def test_an_identity_opens_or_says_what_it_needs(tmp_path):
    opened = load_ssh_private_key(open_identity(PRIVATE, None).reveal().encode(), None)
    assert opened.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() == PUBLIC
    path = tmp_path / "closed"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "geheim", "-f", path], check=True)
    for passphrase, code in ((None, "identity_needs_passphrase"), ("wrong", "identity_not_usable")):
        with pytest.raises(TargetRefusedError, match=code):
            open_identity(path.read_bytes(), passphrase)
    assert "PRIVATE KEY" in open_identity(path.read_bytes(), "geheim").reveal()
    with pytest.raises(TargetRefusedError, match="identity_not_usable"):
        open_identity(b"no key", None)
