"""Whole runs to a server: certified, fetched back and opened, interrupted, withdrawn, taken back."""

from __future__ import annotations

import json
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from support.moving_clock import MovingClock
from support.proxy import Weather, proxy
from support.servers import BUCKET, KEY_ID, SECRET, free_port, make_key, moto, sshd, through
from support.whole_run import WholeRun

from flows.admin.destinations import remove_destination
from flows.engine import run as engine
from flows.engine._watchdog import RunGuard
from flows.retention._sweep import sweep_home
from flows.session.control import Control
from schemas.errors import AuthorisationError, BusyError, ScopeError, TargetError
from trial.practice.write import write_practice
from vault.authorisation.check import withdraw
from vault.home_folder import Home
from vault.records.destinations import Destinations, SftpServer
from vault.runs.journal import Journal
from vault.system.clock import format_utc

pytestmark = pytest.mark.slow
WHOLE = bool(os.environ.get("REPRISE_ALL_FAULTS"))


def sampled(channel: str) -> pytest.MarkDecorator:
    """Over one channel in CI, over both with `make targets`."""
    return pytest.mark.parametrize("remote", ["sftp", "s3"] if WHOLE else [channel], indirect=True)


class Remote:
    """A registered server, and how to look at it and fetch from it without our code."""

    def __init__(self, server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.channel = server.channel
        self.destination = f"{self.channel}://box/in"

    def case(self, folder: Path, practice: Path, port: int | None = None, **terms) -> WholeRun:
        made = WholeRun(folder, practice, destination=self.destination, **terms)
        made.made["destination"] = self.destination
        Destinations(Home(made.home)).add("box", self.server if port is None else through(self.server, port))
        return made

    def files(self) -> dict[str, bytes]:
        if isinstance(self.server, SftpServer):
            top = self.folder / "in"
            return {str(p.relative_to(top)): p.read_bytes() for p in top.rglob("*") if p.is_file()}
        client = self._client()
        keys = [item["Key"] for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
        assert not client.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
        return {
            key.removeprefix("in/"): client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys
        }

    def fetch(self, case: WholeRun) -> None:
        for name, data in self.files().items():
            path = case.destination / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def empty(self) -> None:
        if isinstance(self.server, SftpServer):
            shutil.rmtree(self.folder / "in", ignore_errors=True)
            return
        for key in self.files():
            self._client().delete_object(Bucket=BUCKET, Key=f"in/{key}")

    def _client(self):
        import boto3

        return boto3.client(
            "s3", endpoint_url=self.server.endpoint, aws_access_key_id="a", aws_secret_access_key="b"
        )


@pytest.fixture(scope="module")
def practice(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("practice") / "export"
    write_practice(folder, patients=6, seed=7)
    return folder


@pytest.fixture(scope="module")
def to_a_folder(practice, tmp_path_factory) -> dict[str, bytes]:
    case = WholeRun(tmp_path_factory.mktemp("folder"), practice)
    case.start()
    assert certificate(case)["channels"] == ["folder"]
    return case.content()


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    root = tmp_path_factory.mktemp("servers")
    with sshd(root / "sshd") as ssh, moto(root / "moto") as bucket:
        yield {"sftp": Remote(ssh.server, ssh.folder), "s3": Remote(bucket, root)}


@pytest.fixture(params=["sftp", "s3"])
def remote(request, servers):
    yield servers[request.param]
    servers[request.param].empty()


def certificate(case: WholeRun) -> dict:
    return json.loads((case.home / "runs" / case.run_id / "proof" / "certificate.json").read_bytes())


def test_a_run_to_a_server_gives_what_a_run_to_a_folder_gives(remote, practice, to_a_folder, tmp_path):
    case = remote.case(tmp_path / "trial", practice)
    done = case.reprise(
        "migrate", case.made["source"], "--authorisation", case.made["authorisation"], "--to", remote.destination,
        "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    package = f"reprise-{case.run_id}"
    assert f"{remote.destination}/{package}/manifest.json" in result["delivered"]
    assert {name.rpartition("/")[0] for name in remote.files()} == {package}
    assert certificate(case)["channels"] == [remote.channel]
    assert certificate(case)["destruction"]["validation"]["exceptions"] == []
    nothing_told(case, done.stdout + done.stderr + json.dumps(case.entries()), remote)
    remote.fetch(case)
    assert case.content() == to_a_folder
    case.nothing_left()
    words = [
        "open",
        str(case.destination / package),
        "--identity",
        str(case.folder / "identity.age"),
        "--into",
    ]
    assert case.reprise(*words, str(tmp_path / "import")).returncode == 0
    (case.destination / package / "manifest.json").unlink()
    assert case.reprise(*words, str(tmp_path / "again")).returncode == 61


def nothing_told(case: WholeRun, told: str, remote: Remote) -> None:
    """No credential and no address in what was printed or in any file of the trial."""
    secrets = [KEY_ID, SECRET]
    if isinstance(remote.server, SftpServer):
        secrets = remote.server.identity.reveal().splitlines()[1:-1]
        secrets.append(f":{remote.server.port}")
    files = [path.read_bytes() for path in case.folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    for secret in secrets:
        assert secret not in told
        assert not [data for data in files if secret.encode() in data]


def test_a_bad_line_and_a_killed_process_change_nothing(remote, practice, to_a_folder, tmp_path):
    port = remote.server.port if remote.channel == "sftp" else int(remote.server.endpoint.rpartition(":")[2])
    # a small object is sent in one request, and the practice's page is one of 300 kB: it must get through now and then
    with proxy(port, Weather(cut_between=(30_000, 900_000), seed=3)) as odd:
        case = remote.case(tmp_path / "trial", practice, odd.port)
        died = case.start_apart({"who": "data", "at": "progress", "name": "publish"})
        assert died.returncode == 50, died.stdout + died.stderr
        assert not [
            name for name in remote.files() if not name.startswith(".") and name.endswith("manifest.json")
        ]
        assert case.resume().state == "certified"
    remote.fetch(case)
    assert case.content() == to_a_folder
    case.nothing_left()


@sampled("s3")
def test_abandoning_takes_back_what_was_brought(remote, practice, tmp_path, monkeypatch):
    case = remote.case(tmp_path / "trial", practice)
    with monkeypatch.context() as patch:
        patch.setattr(RunGuard, "allow_publication", refuse)
        with pytest.raises(TargetError):
            case.start()
    assert remote.files()
    engine.abandon(Home(case.home), case.run_id, "trial")
    assert remote.files() == {}
    assert certificate(case)["destruction"]["validation"]["exceptions"] == []
    case.nothing_left()


def refuse(_guard: RunGuard) -> None:
    """A run that stops when everything was brought and nothing published."""
    raise TargetError("stopped_here")


@sampled("sftp")
def test_a_server_that_is_gone_does_not_keep_staging_alive(remote, practice, tmp_path, monkeypatch):
    case = remote.case(tmp_path / "trial", practice)
    with monkeypatch.context() as patch:
        patch.setattr(RunGuard, "allow_publication", refuse)
        with pytest.raises(TargetError):
            case.start()
    with pytest.raises(BusyError, match="destination_in_use"):
        remove_destination(Control.open(Home(case.home), "trial"), "box")
    register = Destinations(Home(case.home))
    register.remove("box")
    register.add("box", through(remote.server, free_port()))
    monkeypatch.setattr("vault.runs.lease.Lease.seconds_left", lambda self, clock: 0)
    assert sweep_home(Home(case.home)).destroyed == 1
    assert certificate(case)["destruction"]["validation"]["exceptions"] == ["remote_leftover_not_reachable"]
    (completed,) = [e for e in case.entries() if e["type"] == "destruction.completed"]
    assert completed["n"]["remote_leftover_not_reachable"] == 1
    case.nothing_left()


def test_a_withdrawal_when_all_is_brought_and_nothing_published(remote, practice, tmp_path, monkeypatch):
    case = remote.case(tmp_path / "trial", practice)
    real, seen = RunGuard.allow_publication, []

    def withdraw_first(guard: RunGuard) -> None:
        seen.append(set(remote.files()))
        withdraw(Home(case.home), guard._lease.authorisation_id, {})
        real(guard)

    monkeypatch.setattr(RunGuard, "allow_publication", withdraw_first)
    with pytest.raises(AuthorisationError, match="withdrawn"):
        case.start()
    assert len(seen[0]) >= 2
    assert not [name for name in seen[0] if name.endswith("manifest.json")]
    assert remote.files() == {}
    assert certificate(case)["outcome"] == "the authorisation was withdrawn, nothing delivered"
    case.nothing_left()


@sampled("s3")
def test_killed_after_publication_it_is_not_published_twice(
    remote, practice, to_a_folder, tmp_path, monkeypatch
):
    case = remote.case(tmp_path / "trial", practice)
    real = Journal.append

    def die_before_it_is_known(journal: Journal, step: str, counts: dict) -> None:
        if step == "publish":
            raise KeyboardInterrupt
        real(journal, step, counts)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", die_before_it_is_known)
        with pytest.raises(KeyboardInterrupt):
            case.start()
    before = remote.files()
    assert [name for name in before if name.endswith("manifest.json")]
    assert case.resume().state == "certified"
    assert remote.files() == before
    remote.fetch(case)
    assert case.content() == to_a_folder


@pytest.mark.parametrize("destination", ["sftp://box/in", "s3://unknown/in", "sftp://unknown"])
def test_nothing_goes_to_a_server_that_was_not_declared(practice, tmp_path, destination, servers):
    case = WholeRun(tmp_path / "trial", practice, destination=destination)
    if "box" in destination:  # declared, but over S3
        Destinations(Home(case.home)).add("box", servers["s3"].server)
    with pytest.raises(ScopeError, match="destination_not_registered"):
        case.start(destination=destination)
    assert case.entries()[-1]["code"] == "destination_not_registered"
    assert not list((case.home / "staging").iterdir())


def test_a_home_declares_tries_lists_and_forgets(servers, practice, tmp_path, monkeypatch):
    case = WholeRun(tmp_path / "trial", practice)
    server = servers["sftp"].server
    key = tmp_path / "key"
    make_key(key, passphrase="geheim")
    allowed = servers["sftp"].folder.parent / "allowed"
    allowed.write_text(allowed.read_text() + key.with_suffix(".pub").read_text())
    words = [
        "--sftp", f"127.0.0.1:{server.port}", "--user", server.user, "--host-key", server.host_key + " root@kanarie",
        "--folder", server.folder, "--identity", str(key),
    ]  # fmt: skip
    refused = case.reprise("destination", "add", "box", *words)
    assert refused.returncode == 60, refused.stderr
    with monkeypatch.context() as patch:
        patch.setenv("REPRISE_IDENTITY_PASSPHRASE", "geheim")
        assert case.reprise("destination", "add", "box", *words).returncode == 0
        assert case.reprise("destination", "add", "box", *words).returncode == 10
    checked = case.reprise("destination", "check", "box")
    assert checked.returncode == 0, checked.stderr
    assert "as pinned" in checked.stdout
    assert not list(servers["sftp"].folder.rglob("*probe*"))
    listed = json.loads(case.reprise("destination", "list", "--json").stdout)
    assert [(d["name"], d["channel"]) for d in listed] == [("box", "sftp")]
    assert case.reprise("destination", "remove", "box").returncode == 0
    assert case.reprise("destination", "check", "box").returncode == 12
    types = [(e["type"], e["code"]) for e in case.entries() if e["type"].startswith("destination.")]
    assert types == [("destination.added", "sftp"), ("destination.removed", "sftp")]


def test_an_operator_s_package_at_a_server_is_listed_and_deleted_at_its_date(remote, practice, tmp_path):
    clock = MovingClock()
    term = {"holder": "operator", "until": format_utc(clock.now() + timedelta(days=20))}
    held = {"source": {"holder": "doctor", "until": None}, "package": term}
    case = remote.case(tmp_path / "trial", practice, custody=held)
    assert case.start().state == "certified"
    listed = json.loads(case.reprise("custody", "--json").stdout.splitlines()[-1])
    assert [(row["kind"], row["run"], row["state"]) for row in listed] == [("package", case.run_id, "held")]
    with pytest.raises(BusyError, match="destination_in_use"):
        remove_destination(Control.open(Home(case.home), "trial"), "box")
    clock.pass_time(days=21)
    register = Destinations(Home(case.home))
    register.remove("box")
    register.add("box", through(remote.server, free_port()))
    report = sweep_home(Home(case.home), clock)
    assert (report.copies_destroyed, report.copies_incomplete) == (0, 1), (
        "a server out of sight is no destruction"
    )
    assert remote.files()
    register.remove("box")
    register.add("box", remote.server)
    assert sweep_home(Home(case.home), clock).copies_destroyed == 1
    assert remote.files() == {}
    end = certificate(case)["fate"]["package"]["end"]
    assert (end["evidence"], end["complete"], end["exceptions"]) == ("deleted_at_server", True, [])
    assert end["files"] == listed[0]["files"]
    assert sweep_home(Home(case.home), clock).copies_destroyed == 0
    case.nothing_left()


def test_a_package_that_was_fetched_and_removed_is_not_counted_as_ours(remote, practice, tmp_path):
    until = format_utc(MovingClock().now() + timedelta(days=20))
    held = {"source": {"holder": "doctor", "until": None}, "package": {"holder": "operator", "until": until}}
    case = remote.case(tmp_path / "trial", practice, custody=held)
    case.start()
    remote.empty()
    assert case.reprise("confirm", case.run_id, "imported").returncode == 0
    end = certificate(case)["fate"]["package"]["end"]
    assert (end["files"], end["exceptions"]) == (0, ["not_found"])
