// Seals with the page in a real Chromium, for tests: `node drive.mjs JSON`, a list of
// {"url", "choose": [paths] (one folder or files), "out", "way": "private" | "picker" | "memory", "shot": folder}
// Prints a list: what each page said, whether it asked for anything, and the largest resident size of each kind of process.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const tasks = JSON.parse(process.argv[2]);
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

/** Look, choose, seal, save. */
async function carry(context, task) {
  const page = await context.newPage();
  const asked = [];
  const complaints = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.name));
  await page.addInitScript(pretend, task.way ?? "private");
  await page.goto(task.url);
  const text = (id) => page.locator(`#${id}`).textContent();
  const shoot = async (name) =>
    task.shot && (await page.screenshot({ path: join(task.shot, `${name}.png`), fullPage: true }));
  const said = { number: await text("number"), recipient: await text("recipient"), title: await page.title() };
  said.language = await page.locator("html").getAttribute("lang");
  await shoot("opened");
  const folder = task.choose.length === 1 && statSync(task.choose[0]).isDirectory();
  await page.setInputFiles(folder ? "#folder" : "#files", folder ? task.choose[0] : task.choose);
  said.chosen = await text("chosen");
  if (await page.locator("#seal").isEnabled()) {
    await page.locator("#seal").focus();
    await page.keyboard.press("Enter");
    await shoot("sealing");
    const ended = ["#result:not([hidden])", "#status:not(:empty)"].map((end) => `body:not(.busy) ${end}`);
    await page.locator(ended.join(", ")).first().waitFor({ timeout: 0 });
    said.done = await text("done");
    said.mib = highWater();
    await shoot("sealed");
    said.name = await save(page, task);
  }
  said.status = await text("status");
  said.requested = asked.filter((url) => !url.startsWith("blob:") && url !== task.url && !url.endsWith("/favicon.ico"));
  said.complaints = complaints;
  await page.close();
  return said;
}

/** Fetch the sealed file: by its link, or from where the stand-in of the save dialogue put it. */
async function save(page, task) {
  const linked = await page.locator("#download").isVisible();
  if (!linked && task.way !== "picker") return null;
  const picked = async () => {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle("picked");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await handle.getFile());
    link.download = "picked";
    link.click();
  };
  const act = linked ? page.click("#download") : page.evaluate(picked);
  const [download] = await Promise.all([page.waitForEvent("download"), act]);
  if (task.out) await download.saveAs(task.out);
  return download.suggestedFilename();
}

const context = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.REPRISE_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
  acceptDownloads: true,
  viewport: { width: 900, height: 1200 },
});
try {
  const said = [];
  for (const task of tasks) said.push(await carry(context, task));
  process.stdout.write(`${JSON.stringify(said)}\n`);
} finally {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}
