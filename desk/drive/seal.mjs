// Seals with the page in a real Chromium, for tests: `node drive/seal.mjs JSON`, a list of
// {"url", "choose": [paths] (one folder or files), "out", "way": "private" | "picker" | "memory", "shot": folder}
// Prints a list: what each page said, whether it asked for anything, and the largest resident size of each kind of process.

import { statSync } from "node:fs";
import { join } from "node:path";
import { carryAll, watch } from "./browser.mjs";

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
async function carry(context, task, highWater) {
  const page = await context.newPage();
  const seen = watch(page, task.url);
  await page.addInitScript(pretend, task.way ?? "private");
  await page.goto(task.url);
  const text = (id) => page.locator(`#${id}`).textContent();
  const shoot = async (name) =>
    task.shot && (await page.screenshot({ path: join(task.shot, `${name}.png`), fullPage: true }));
  const said = { number: await text("number"), recipient: await text("recipient"), title: await text("seal-title") };
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
  await page.close();
  return { ...said, ...seen() };
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

await carryAll(JSON.parse(process.argv[2]), carry);
