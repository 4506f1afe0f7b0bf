// Seals with the page in a real Chromium, for tests: `node drive.mjs JSON`.
// {"url", "choose": [paths] (one folder or files), "out", "way": "private" | "picker" | "memory", "shot": [png, png]}
// Prints JSON: what the page said, whether anything was requested, and the largest resident size of each kind of process.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const task = JSON.parse(process.argv[2]);
const profile = await mkdtemp(join(tmpdir(), "seal-page-"));

/** VmHWM in MiB of the browser's processes, by kind: the kernel's own high-water marks. */
function highWater() {
  const found = {};
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (!words.includes(profile)) continue;
      const kind = /--type=([a-z-]+)/.exec(words)?.[1] ?? "browser";
      const mark = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
      found[kind] = Math.max(found[kind] ?? 0, Math.round(Number(mark) / 1024));
    } catch {
      continue; // it ended
    }
  }
  return found;
}

/** Stand in for what a headless browser cannot show, or take away what another browser has not. */
function pretend(way) {
  delete window.showSaveFilePicker;
  if (way === "picker") {
    window.showSaveFilePicker = async () =>
      (await navigator.storage.getDirectory()).getFileHandle("picked", { create: true });
  }
  if (way === "memory") {
    StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException("", "SecurityError"));
  }
}

const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.REPRISE_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", `--reprise-profile=${profile}`],
  acceptDownloads: true,
  viewport: { width: 900, height: 1200 },
});
try {
  const page = await context.newPage();
  const asked = [];
  const complaints = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.name));
  await page.addInitScript(pretend, task.way ?? "private");
  await page.goto(task.url);
  const text = (id) => page.locator(`#${id}`).textContent();
  const said = { number: await text("number"), recipient: await text("recipient"), title: await page.title() };
  said.language = await page.locator("html").getAttribute("lang");
  if (task.shot) await page.screenshot({ path: task.shot[0], fullPage: true });
  const folder = task.choose.length === 1 && statSync(task.choose[0]).isDirectory();
  await page.setInputFiles(folder ? "#folder" : "#files", folder ? task.choose[0] : task.choose);
  said.chosen = await text("chosen");
  if (await page.locator("#seal").isEnabled()) {
    const before = highWater();
    await page.click("#seal");
    if (task.shot?.[2]) await page.screenshot({ path: task.shot[2], fullPage: true });
    const ended = ["#result:not([hidden])", "#status:not(:empty)"].map((end) => `body:not(.busy) ${end}`);
    await page.locator(ended.join(", ")).first().waitFor({ timeout: 0 });
    said.status = await text("status");
    said.done = await text("done");
    said.mib = highWater();
    said.mib_before = before;
    if (task.shot) await page.screenshot({ path: task.shot[1], fullPage: true });
    if (await page.locator("#download").isVisible()) {
      const [download] = await Promise.all([page.waitForEvent("download"), page.click("#download")]);
      said.name = download.suggestedFilename();
      if (task.out) await download.saveAs(task.out);
    } else if (task.out && task.way === "picker") {
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.evaluate(async () => {
          const handle = await (await navigator.storage.getDirectory()).getFileHandle("picked");
          const link = document.createElement("a");
          link.href = URL.createObjectURL(await handle.getFile());
          link.download = "picked";
          link.click();
        }),
      ]);
      await download.saveAs(task.out);
    }
  } else {
    said.status = await text("status");
  }
  said.requested = asked.filter((url) => !url.startsWith("blob:") && url !== task.url && !url.endsWith("/favicon.ico"));
  said.complaints = complaints;
  process.stdout.write(`${JSON.stringify(said)}\n`);
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
