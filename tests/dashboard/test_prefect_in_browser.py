"""In Debian's Chromium, through a real Prefect server and worker: runs started in the page, watched, cancelled, retried, resumed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page
from support.dashboard_site import Site, a_browser, free_port, make_site, serving, sign_in
from support.prefect_server import PrefectServer, wait_for

from flows.lifecycle.run_views import short_name, status
from flows.views.runs import unended_rows
from schemas.texts import text
from trial.practice.write import write_practice
from vault.runs.lease import find_lease

pytestmark = [pytest.mark.slow, pytest.mark.service]
END_MS = 240_000
RECORD_STEPS = """() => {
  const count = () => document.querySelectorAll(".steps li.done").length;
  window.seen = [count()];
  new MutationObserver(() => { if (count() !== window.seen.at(-1)) window.seen.push(count()); })
    .observe(document.getElementById("content"), { childList: true, subtree: true });
}"""


@dataclass
class Served:
    """The dashboard of a home whose runs go through a server and its worker, and the page of an engineer."""

    site: Site
    server: PrefectServer
    page: Page
    errors: list[str]

    @property
    def destination(self) -> Path:
        return Path(self.site.made["destination"])

    def order(self, use: str, export: str) -> None:
        """Order a run in the page, which then shows that the order waits, or leads on to the run if that has begun."""
        page = self.page
        page.goto(f"{self.site.url}/work")
        page.select_option("#f-source", label=self._label(export))
        page.check(f"input[name=use][value={use}]")
        page.click("button:has-text('Check and start')")
        page.wait_for_url(re.compile(r"/(orders|runs)/"))

    def follow(self) -> str:
        """Returns the run's id, once the page of the order has led to that of the run."""
        self.page.wait_for_url("**/runs/*", timeout=END_MS)
        return self.page.url.rpartition("/")[2]

    def _label(self, export: str) -> str:
        labels = self.page.locator("#f-source option").all_inner_texts()
        (found,) = [label for label in labels if label.split()[0] == export]
        return found

    def alive(self) -> str:
        """The run that has not ended."""
        (found,) = unended_rows(self.site.control())
        return found.run

    def flow_run_of(self, run: str) -> str:
        wanted = {"flow_runs": {"tags": {"all_": [short_name(run)]}}}
        (found,) = self.server.call("POST", "/flow_runs/filter", wanted)
        return str(found["id"])

    def wait_for_end(self) -> None:
        """Until the page says, without being loaded again, that the run is certified and delivered."""
        self.page.wait_for_selector(".way-head .badge.good", timeout=END_MS)

    def staged(self) -> bool:
        return any(self.site.home.staging.glob("*/*"))


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    site, _ = make_site(folder, port=free_port())
    for name, patients in (("wide", 60), ("wider", 240)):
        write_practice(folder / name, patients=patients)
    server = PrefectServer(folder, [site.home.path])
    errors: list[str] = []
    with pytest.MonkeyPatch.context() as patch, serving(site), a_browser() as browser:
        try:
            for name in ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING"):
                patch.setenv(name, server.environment[name])
            server.start_worker()
            wait_for(lambda: "Working" in (folder / "worker.log").read_text())
            server.prefect("--no-prompt", "deploy", "--all")
            page = sign_in(browser.new_context(locale="en-GB"), site, "one")
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
            made = Served(site, server, page, errors)
            prepare(made)
            yield made
        finally:
            server.stop()


def prepare(served: Served) -> None:
    """Register the exports and record the instruction, in the page."""
    page, site = served.page, served.site
    for path in (site.made["source"], str(site.folder / "wide"), str(site.folder / "wider")):
        page.goto(f"{site.url}/work")
        page.fill("#f-path", path)
        page.click("button:has-text('Register')")
        page.wait_for_selector(".notice.good")
    page.goto(f"{site.url}/instructions")
    page.set_input_files("#f-document", site.made["authorisation"])
    page.set_input_files("#f-signature", site.made["authorisation"] + ".p7s")
    page.click("button:has-text('Check and record')")
    page.wait_for_selector(".notice.good")


def test_a_migration_is_watched_to_its_end_and_its_proof_verified_in_the_browser(served, tmp_path):
    page, site = served.page, served.site
    served.order("migration", "wide")
    run = served.follow()
    page.evaluate(RECORD_STEPS)
    served.wait_for_end()
    page.wait_for_selector("text=Proof (zip)")
    seen = page.evaluate("window.seen")
    assert seen == sorted(seen), "steps are done one after the other"
    assert len(seen) > 3, "the page was told of steps as they ended"
    assert page.locator("form[action$='/cancel']").count() == 0, "the acts are those of a run that ended"
    assert status(site.home, run).outcome == "delivered"
    with page.expect_download() as paper:
        page.click(f"a[href='/runs/{run}/certificate.pdf']")
    words = ["pdftotext", "-layout", str(paper.value.path()), "-"]
    assert run in subprocess.run(words, capture_output=True, text=True, check=True).stdout
    with page.expect_download() as proof:
        page.click(f"a[href='/runs/{run}/proof.zip']")
    proof.value.save_as(tmp_path / "proof.zip")
    page.goto(f"{site.url}/deletion")
    with page.expect_download() as checker:
        page.click("a[href='/verify.html']")
    checker.value.save_as(tmp_path / "verify.html")
    page.goto(f"file://{tmp_path / 'verify.html'}")
    page.select_option("#language", "en")
    page.set_input_files("#zip", tmp_path / "proof.zip")
    page.set_input_files("#policy-file", site.made["policy"])
    page.click("#check")
    page.wait_for_selector("#verdict", timeout=60_000)
    assert page.inner_text("#verdict") == text("en", "verify.verdict.accepted")
    assert run in page.inner_text("#result")
    assert served.errors == []


def test_another_is_cancelled(served):
    served.order("rehearsal", "wider")
    run, page = served.follow(), served.page
    wait_for(served.staged)
    page.click("summary:has-text('Cancel')")
    page.fill("form[action$='/cancel'] input[name=code]", run[:8])
    page.click("form[action$='/cancel'] button.danger")
    page.wait_for_selector(".notice.good")
    page.wait_for_selector(f".way-head :text('{text('en', 'dashboard.run.is.cancelled')}')", timeout=END_MS)
    assert (status(served.site.home, run).outcome, served.staged()) == ("cancelled", False)
    page.wait_for_selector(f"a[href='/runs/{run}/certificate.pdf']")
    assert served.errors == []


def test_another_fails_and_prefect_s_retry_goes_on_with_it(served):
    """A file lies where the delivery must be a folder; somebody takes it away, and retries in Prefect."""
    folder = served.destination
    served.order("migration", "wider")
    wait_for(served.staged)
    folder.rename(away := folder.with_name("away"))
    folder.write_text("not a folder")
    run, page = served.follow(), served.page
    page.wait_for_selector(".way-head .badge.bad", timeout=END_MS)
    page.wait_for_selector(".notice.bad code:has-text('destination_no_folder')")
    page.wait_for_selector("button:has-text('Resume')")  # what can be done changed with the state
    flow_run = served.flow_run_of(run)
    assert served.server.wait_until(flow_run)[0] == "FAILED"
    folder.unlink()
    away.rename(folder)
    served.server.retry(flow_run)
    served.wait_for_end()
    assert served.server.wait_until(flow_run, "COMPLETED")[0] == "COMPLETED"
    assert status(served.site.home, run).outcome == "delivered"
    assert served.errors == []


def test_another_crashes_and_is_resumed_in_the_page(served):
    served.order("migration", "wider")
    wait_for(served.staged)
    os.kill(find_lease(served.site.home, served.alive()).owner_pid, signal.SIGKILL)
    run, page = served.follow(), served.page
    flow_run = served.flow_run_of(run)
    assert served.server.wait_until(flow_run, "CRASHED")
    page.click("button:has-text('Resume')", timeout=END_MS)
    page.wait_for_selector(".notice.good")
    served.wait_for_end()
    assert served.server.wait_until(flow_run, "COMPLETED")[0] == "COMPLETED", (
        "the server's own flow run went on"
    )
    assert status(served.site.home, run).outcome == "delivered"
    assert served.errors == []
