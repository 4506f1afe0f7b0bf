"""Notices: who is told what, once, in their language; by a real mail server and a real HTTP server; and what fails holds nothing up."""

from __future__ import annotations

import hmac
import json
import socket
import ssl
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from flows.notices import round as rounds
from flows.notices._mail import PASSWORD
from flows.notices._webhook import SECRET, SIGNATURE
from flows.notices.after_sweep import sweep_and_tell
from flows.notices.due import Notice, late_sweep
from flows.notices.message import write
from flows.notices.outbox import MOST_ATTEMPTS, Outbox, counts
from flows.notices.round import send_test, tell
from flows.session.control import Control
from schemas.errors import HomeError
from schemas.outcome import Outcome
from schemas.texts import LANGUAGES
from vault.destruction.heartbeat import beat
from vault.home.create import create_home
from vault.home_folder import Home
from vault.ledger.entries import EntryType
from vault.notice_settings import NoticeKind
from vault.runs.facts import Failure, write_fact
from vault.runs.lease import new_lease

RUN = "11111111-0000-4000-8000-000000000001"
WEBHOOK_KEY = b"k" * 40


class MovedClock:
    """Wall and boot clock, moved by a test."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 30, 12, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def boot_seconds(self) -> float:
        return 1000 + self.seconds

    def boot_id(self) -> str:
        return "this boot"

    def synchronised(self) -> bool:
        return True


class Post:
    """The mails that a server took, and what it answers."""

    def __init__(self) -> None:
        self.mails: list = []
        self.answer = "250 OK"

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answer.startswith("250"):
            self.mails.append((envelope, message_from_bytes(envelope.content, policy=policy.default)))
        return self.answer


@pytest.fixture
def mail():
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=_free_port())
    controller.start()
    yield post, controller.port
    controller.stop()


@pytest.fixture
def web():
    """What a program was sent, and the status that it answers."""
    seen: list = []
    answers: dict = {"status": 204, "headers": {}}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers["status"])
            for name, value in answers["headers"].items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield seen, answers, server.server_address[1]
    server.shutdown()
    server.server_close()


def _free_port() -> int:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def make_home(folder, settings: str) -> Home:
    create_home(Home(folder / "home"), trial=True, origin="test.example/log")
    with (folder / "home/site.toml").open("a") as file:
        file.write(settings)
    home = Home(folder / "home")
    (home.keys / SECRET).write_bytes(WEBHOOK_KEY)
    return home


def by_mail(port: int, **more: str) -> str:
    to = "".join(
        f'\n[[notices.to]]\nmail = "{language}@practice.example"\nlanguage = "{language}"\n'
        for language in LANGUAGES
    )
    settings = {
        "server": '"127.0.0.1"',
        "port": str(port),
        "tls": '"none"',
        "sender": '"reprise@host.example"',
        **more,
    }
    return "\n[notices]\n" + "\n".join(f"{k} = {v}" for k, v in settings.items()) + to


def begin(home: Home, clock: MovedClock, run: str = RUN, hours: int = 72) -> Control:
    control = Control.open_to_look(home, clock)
    new_lease(
        home, clock, run_id=run, subject_id="d", persons=("d",), authorisation_id="a", use="migration", hours=hours, provider="memory",
        partial=home.staging / run / "package/parts", operator_id="o", ledger_start=control.ledger.store.head().size, order_id=None,
    )  # fmt: skip
    control.record(EntryType.AUTHORISATION_CHECKED, run, "qualified")
    control.record(EntryType.RUN_STARTED, run, "migration", {"deadline_s": 4_000_000_000, "allowed": 9})
    return control


def end(control: Control, run: str = RUN) -> None:
    control.record(EntryType.DESTRUCTION_COMPLETED, run, "published")
    control.home.proof(run).mkdir()
    (control.home.proof(run) / "manifest.json").write_bytes(b"{}")


def test_each_recipient_is_told_once_in_their_language(tmp_path, mail):
    post, port = mail
    home, clock = make_home(tmp_path, by_mail(port)), MovedClock()
    tell(home, clock)
    assert post.mails == []
    end(begin(home, clock))
    for _ in range(3):
        tell(Home(home.path), clock)
    assert {m["To"]: m["Subject"] for _, m in post.mails} == {
        "fr@practice.example": "ESSAI – Reprise : opération 11111111 terminée (remis)",
        "nl@practice.example": "TEST – Reprise: verwerking 11111111 beëindigd (geleverd)",
        "de@practice.example": "TEST – Reprise: Vorgang 11111111 beendet (übergeben)",
        "en@practice.example": "TRIAL – Reprise: run 11111111 ended (delivered)",
    }
    for envelope, one in post.mails:
        assert envelope.rcpt_tos == [one["To"]], "recipients do not see each other"
        assert one["Auto-Submitted"] == "auto-generated"
        assert (
            "30/11/2026" in one.get_content()
            or "30.11.2026" in one.get_content()
            or "30.11.26" in one.get_content()
            or "30/11/26" in one.get_content()
        )
    assert counts(home) == {"sent": 4, "waiting": 0, "given_up": 0}


def test_what_was_before_the_first_round_is_not_told(tmp_path, mail):
    post, port = mail
    home, clock = make_home(tmp_path, by_mail(port)), MovedClock()
    end(begin(home, clock))
    tell(home, clock)
    assert post.mails == []


def test_failure_deadline_and_an_import_that_nobody_confirms(tmp_path, mail):
    post, port = mail
    home, clock = make_home(tmp_path, by_mail(port)), MovedClock()
    tell(home, clock)
    control = begin(home, clock)
    write_fact(home, RUN, Failure("source_changed", 20))
    control.record(EntryType.RUN_FAILED, RUN, "source_changed")

    def new() -> list[str]:
        post.mails.clear()
        tell(home, clock)
        return [one["Subject"].partition("– ")[2] for _, one in post.mails if one["To"].startswith("en@")]

    assert new() == ["Reprise: run 11111111 failed"]
    assert "source_changed" in post.mails[0][1].get_content()
    clock.seconds = 67 * 3600
    assert new() == []
    clock.seconds = 69 * 3600
    assert new() == ["Reprise: the deadline of run 11111111 is near"]
    end(control)
    assert new() == ["Reprise: run 11111111 ended (delivered)"]
    for days, expected in ((2, 0), (3, 1), (4, 0), (8, 1), (20, 0)):
        clock.seconds = 69 * 3600 + days * 86_400
        assert len(new()) == expected, days
    control.record(EntryType.IMPORT_CONFIRMED, RUN, "imported")
    assert new() == []


def test_a_late_sweep_is_told_by_the_next_one_and_by_who_watches_and_once(tmp_path, mail):
    post, port = mail
    home, clock = make_home(tmp_path, by_mail(port)), MovedClock()
    sweep_and_tell(home, clock)
    clock.seconds = 14 * 60
    assert late_sweep(home, clock) is None
    sweep_and_tell(home, clock)
    assert post.mails == []
    clock.seconds = 40 * 60
    late = late_sweep(home, clock)
    tell(home, clock, late)
    assert len(post.mails) == len(LANGUAGES)
    sweep_and_tell(home, clock)
    tell(home, clock, late)
    assert len(post.mails) == len(LANGUAGES)


def test_who_wants_less_is_told_less(tmp_path, web):
    seen, _, port = web
    home = make_home(
        tmp_path, f'[[notices.to]]\nwebhook = "http://127.0.0.1:{port}/x"\nabout = ["run_failed"]\n'
    )
    clock = MovedClock()
    tell(home, clock)
    end(begin(home, clock))
    tell(home, clock)
    assert seen == []


def test_a_program_gets_signed_json_without_data_of_anybody(tmp_path, web):
    seen, _, port = web
    home, clock = (
        make_home(
            tmp_path, f'[[notices.to]]\nwebhook = "http://127.0.0.1:{port}/hook?x=1"\nlanguage = "nl"\n'
        ),
        MovedClock(),
    )
    tell(home, clock)
    end(begin(home, clock))
    tell(home, clock)
    ((path, headers, body),) = seen
    moment, signature = (part.partition("=")[2] for part in headers[SIGNATURE].split(","))
    assert path == "/hook?x=1"
    assert signature == hmac.new(WEBHOOK_KEY, f"{moment}.".encode() + body, sha256).hexdigest()
    assert int(moment) == int(clock.now().timestamp())
    told = json.loads(body)
    assert headers["Idempotency-Key"] == told["id"]
    assert set(told) == {
        "v",
        "id",
        "home",
        "trial",
        "kind",
        "run",
        "at",
        "code",
        "number",
        "language",
        "text",
    }
    assert (told["kind"], told["run"], told["code"], told["trial"]) == ("run_ended", RUN, "delivered", True)


@pytest.mark.parametrize(("status", "headers", "code"), [
    (500, {}, "webhook_status_500"), (302, {"Location": "/elsewhere"}, "webhook_status_302"), (404, {}, "webhook_status_404"),
])  # fmt: skip
def test_a_program_that_refuses_is_asked_again_later_and_no_redirection_is_followed(
    tmp_path, web, status, headers, code
):
    seen, answers, port = web
    home, clock = (
        make_home(tmp_path, f'[[notices.to]]\nwebhook = "http://127.0.0.1:{port}/hook"\n'),
        MovedClock(),
    )
    tell(home, clock)
    end(begin(home, clock))
    answers.update(status=status, headers=headers)
    tell(home, clock)
    tell(home, clock)
    assert [path for path, *_ in seen] == ["/hook"], "not again at once, and nowhere else"
    with Outbox.of(home) as outbox:
        (one,) = outbox.every()
    assert (one.state, one.attempts, one.code) == ("waiting", 1, code)
    answers.update(status=200, headers={})
    clock.seconds += 301
    tell(home, clock)
    assert len({headers["Idempotency-Key"] for _, headers, _ in seen}) == 1
    assert counts(home)["sent"] == 1


def test_after_the_last_attempt_it_is_given_up(tmp_path):
    to = f'[[notices.to]]\nwebhook = "http://127.0.0.1:{_free_port()}/"\nabout = ["run_ended"]\n'
    home, clock = make_home(tmp_path, to), MovedClock()
    tell(home, clock)
    end(begin(home, clock))
    for _ in range(MOST_ATTEMPTS + 2):
        tell(home, clock)
        clock.seconds += 7 * 3600
    assert counts(home) == {"sent": 0, "waiting": 0, "given_up": 1}


def test_a_crash_between_sending_and_noting_sends_again_under_the_same_id(tmp_path, mail, monkeypatch):
    post, port = mail
    home, clock = make_home(tmp_path, by_mail(port)), MovedClock()
    tell(home, clock)
    end(begin(home, clock))
    settled = Outbox.settle

    def dying(*_) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Outbox, "settle", dying)
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    with pytest.raises(KeyboardInterrupt), Outbox.of(home) as outbox:
        rounds.note_due(home, clock, outbox)
        rounds.send_waiting(home, clock, outbox)
    monkeypatch.setattr(Outbox, "settle", settled)
    clock.seconds += 301
    tell(home, clock)
    ids = [one["Message-ID"] for _, one in post.mails]
    assert len(ids) == len(LANGUAGES) + 1
    assert len(set(ids)) == len(LANGUAGES)


def test_a_server_that_says_nothing_holds_no_sweep_up(tmp_path, monkeypatch):
    """It takes the connection and never answers; the round is given up after its time, and the sweep was done before."""
    monkeypatch.setattr(rounds, "LONGEST_SECONDS", 0.3)
    with closing(socket.create_server(("127.0.0.1", 0))) as deaf:
        home, clock = make_home(tmp_path, by_mail(deaf.getsockname()[1])), MovedClock()
        sweep_and_tell(home, clock)
        end(begin(home, clock))
        ended = threading.Event()
        thread = threading.Thread(target=lambda: (sweep_and_tell(home, clock), ended.set()), daemon=True)
        thread.start()
        assert ended.wait(30)
    assert home.heartbeat.is_file()


def test_whatever_fails_inside_a_round_a_sweep_ends_well_and_prints_a_code_alone(
    tmp_path, monkeypatch, capfd
):
    home, clock = make_home(tmp_path, by_mail(1)), MovedClock()

    def failing(*_) -> None:
        raise ValueError("Canary 85073003328")

    monkeypatch.setattr(rounds, "note_due", failing)
    assert sweep_and_tell(home, clock).incomplete == 0
    out, err = capfd.readouterr()
    assert (out, err) == ("", "notices: internal_ValueError\n")


def certificate(folder, name: str = "localhost") -> tuple[str, str]:
    """A certificate for a name that signs itself, and its key, as files."""
    key, who = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return str(folder / f"{name}.pem"), str(folder / f"{name}.key")


@pytest.mark.parametrize(("mode", "name", "trusted", "password", "code"), [
    ("starttls", "localhost", True, "right", ""), ("tls", "localhost", True, "right", ""), ("starttls", "localhost", False, "right", "mail_tls_failed"),
    ("starttls", "elsewhere", True, "right", "mail_tls_failed"), ("tls", "localhost", False, "right", "mail_tls_failed"),
    ("starttls", "localhost", True, "wrong", "mail_password_refused"), ("starttls", "none", True, "right", "mail_refused"),
])  # fmt: skip
def test_mail_goes_encrypted_to_the_server_that_is_meant_and_the_password_too(
    tmp_path, mode, name, trusted, password, code
):
    cert, key = certificate(tmp_path, "localhost" if name == "none" else name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    post = Post()
    options = {
        "authenticator": lambda *args: AuthResult(success=args[-1].password == b"right", handled=False),
        "auth_required": True,
    }
    wrapped = (
        {"ssl_context": context}
        if mode == "tls"
        else {"tls_context": context}
        if name != "none"
        else {"auth_require_tls": False}
    )
    controller = Controller(
        post,
        hostname="localhost",
        port=_free_port(),
        **options,
        **wrapped,
        **({"auth_require_tls": False} if mode == "tls" else {}),
    )
    controller.start()
    try:
        more = {
            "server": '"localhost"',
            "tls": f'"{mode}"',
            "user": '"reprise"',
            **({"ca": f'"{cert}"'} if trusted else {}),
        }
        home = make_home(tmp_path, by_mail(controller.port, **more))
        (home.keys / PASSWORD).write_text(password + "\n")
        assert set(send_test(home, MovedClock())) == {code}
        assert len(post.mails) == (0 if code else len(LANGUAGES))
    finally:
        controller.stop()


@pytest.mark.parametrize("settings", [
    '[notices]\nserver = "mail.example"\nsender = "a@b.example"\ntls = "none"\n',  # in clear over a network
    '[notices]\nserver = "127.0.0.1"\nsender = "a@b.example"\ntls = "none"\nuser = "x"\n',
    '[[notices.to]]\nmail = "a@b.example"\n',  # no server
    '[[notices.to]]\nwebhook = "http://elsewhere.example/"\n', '[[notices.to]]\nwebhook = "https://u:p@elsewhere.example/"\n',
    '[[notices.to]]\nwebhook = "file:///etc/passwd"\n', '[[notices.to]]\nlanguage = "fr"\n',
    '[notices]\nserver = "127.0.0.1"\nsender = "a@b.example"\n[[notices.to]]\nmail = "a@b.example\\nBcc: x@y.example"\n',
    '[notices]\nserver = "127.0.0.1"\nsender = "a@b.example"\n[[notices.to]]\nmail = "a@b.example"\nlanguage = "es"\n',
    '[[notices.to]]\nwebhook = "https://x.example/"\nabout = ["everything"]\n', "[notices]\nport = 0\n", '[notices]\nport = "25"\n',
    "[notices]\nunknown = 1\n", "[notices]\ndeadline_near_hours = 100\n", "notices = 5\n",
])  # fmt: skip
def test_settings_that_cannot_be_are_refused(tmp_path, settings):
    home = make_home(tmp_path, settings)
    with pytest.raises(HomeError, match=r"site_(malformed|setting_unknown)"):
        _ = home.site


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NoticeKind)
def test_each_notice_has_its_words_and_each_end_too(tmp_path, language, kind):
    home = make_home(tmp_path, '[dashboard]\nurl = "https://reprise.example"\n')
    codes = (
        [one.value for one in Outcome if one is not Outcome.FORGOTTEN] if kind is NoticeKind.ENDED else ["x"]
    )
    for code in codes:
        notice = Notice(
            "key", kind, None if kind is NoticeKind.SWEEP_LATE else RUN, "2026-11-30T12:00:00Z", code, 3
        )
        message = write(notice, language, home.site, "id")
        assert "{" not in message.subject + message.body
        assert "\n" not in message.subject
        assert f"https://reprise.example/{'' if notice.run is None else f'runs/{RUN}'}" in message.body


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_end_that_this_release_does_not_know_is_told_by_its_code(tmp_path, language):
    home = make_home(tmp_path, "")
    notice = Notice("key", NoticeKind.ENDED, RUN, "2026-11-30T12:00:00Z", "of_a_later_release")
    assert "of_a_later_release" in write(notice, language, home.site, "id").body


def test_the_command_lists_them_and_the_recipients_are_pseudonyms(tmp_path, mail, capfd):
    from flows.cli import run

    post, port = mail
    home = make_home(tmp_path, by_mail(port))
    tell(home)
    end(begin(home, MovedClock()))
    tell(home)
    beat(home, MovedClock(), {})
    with pytest.raises(SystemExit) as ended:
        run(["notices", "--home", str(home.path), "--json"])
    rows = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert ended.value.code == 0
    assert {row["state"] for row in rows} == {"sent"}
    kept = b"".join(path.read_bytes() for path in home.notices.iterdir())
    assert b"practice.example" not in kept
    assert len(post.mails) == len(rows) == len(LANGUAGES)
