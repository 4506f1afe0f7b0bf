// Does with the page what a person does, for tests: `node drive/desk.mjs FILE`, a JSON list of
// {"url", "width", "scheme": "light" | "dark", "locale", "folder": where the folder picker leads, "own" or null, "served": whether the network is on, "steps": [[verb, ...]]}.
// Prints a list: what each step gave under its name, and what the page asked for or complained of. The network is off.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, appendFileSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { carryAll, watch } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The disk, for the stand-in of the pickers: a headless browser shows none. */
const disk = {
  list: (path) => (existsSync(path) ? readdirSync(path) : []),
  make: (path) => void mkdirSync(path, { recursive: true }),
  create: (path) => writeFileSync(path, ""),
  append: (path, bytes) => appendFileSync(path, Buffer.from(bytes, "base64")),
  remove: (path) => rmSync(path, { recursive: true }),
};

/** Folder and file handles over the disk of the test, with what the page uses of them. */
function standIn({ folder, file }) {
  const encode = async (data) => {
    const bytes = new Uint8Array(await new Blob([data]).arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return btoa(text);
  };
  const call = (name, ...rest) => window.onDisk(name, ...rest);
  const fileHandle = (path) => ({
    kind: "file",
    name: path.split("/").at(-1),
    createWritable: async () => {
      const partial = `${path}.crswap`; // a browser writes beside, and puts it in place at the end
      await call("create", partial);
      const pieces = [];
      const sink = {
        write: async (data) => void pieces.push(data),
        close: async () => {
          await call("remove", partial);
          await call("create", path);
          await call("append", path, await encode(new Blob(pieces)));
        },
        abort: async () => call("remove", partial),
      };
      return Object.assign(new WritableStream(sink), sink);
    },
    remove: async () => call("remove", path),
  });
  const folderHandle = (path) => ({
    kind: "directory",
    name: path.split("/").at(-1),
    keys: async function* () {
      yield* await call("list", path);
    },
    getDirectoryHandle: async (name) => {
      await call("make", `${path}/${name}`);
      return folderHandle(`${path}/${name}`);
    },
    getFileHandle: async (name) => fileHandle(`${path}/${name}`),
    removeEntry: async (name) => call("remove", `${path}/${name}`),
  });
  const own = async () => (await navigator.storage.getDirectory()).getDirectoryHandle("import", { create: true });
  if (folder === "own") window.showDirectoryPicker = own; // the browser's own file system: a page from a server has one
  else if (folder) window.showDirectoryPicker = async () => folderHandle(folder);
  else delete window.showDirectoryPicker;
  if (file) window.showSaveFilePicker = async ({ suggestedName }) => fileHandle(`${file}/${suggestedName}`);
  else delete window.showSaveFilePicker;
  window.print = () => {
    window.printed = document.body.dataset.printing;
  };
}

const verbs = {
  click: (page, id) => page.click(`#${id}`),
  press: (page, id) => page.locator(`#${id}`).press("Enter"),
  choose: (page, id, ...paths) => page.setInputFiles(`#${id}`, paths),
  fill: (page, id, text) => page.fill(`#${id}`, text),
  pick: (page, id, value) => page.selectOption(`#${id}`, value),
  tick: (page, selector, at) => page.locator(selector).nth(at).check(),
  type: (page, selector, at, text) => page.locator(selector).nth(at).fill(text),
  wait: (page, selector) => page.locator(selector).first().waitFor({ timeout: 1_200_000 }),
  hold: (page, milliseconds) => page.waitForTimeout(milliseconds),
  text: (page, id) => page.locator(`#${id}`).textContent(),
  count: (page, selector) => page.locator(selector).count(),
  all: (page, selector) => page.locator(selector).allTextContents(),
  value: (page, script) => page.evaluate(script),
  shot: async (page, path) => void (await page.screenshot({ path, fullPage: true })),
  wide: (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
  async save(page, id, path) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(`#${id}`)]);
    await download.saveAs(path);
    return download.suggestedFilename();
  },
  async pdf(page, section, path) {
    await page.evaluate((name) => (document.body.dataset.printing = name), section);
    await page.pdf({ path, format: "A4", preferCSSPageSize: true });
    await page.evaluate(() => delete document.body.dataset.printing);
  },
  /** Size and SHA-256 of each file that was written into the browser's own file system. */
  digests: (page) =>
    page.evaluate(async () => {
      const found = {};
      const enter = async (folder, above) => {
        for await (const [name, handle] of folder.entries()) {
          if (handle.kind === "directory") await enter(handle, `${above}${name}/`);
          else {
            const bytes = await (await handle.getFile()).arrayBuffer();
            const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
            found[above + name] = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
          }
        }
      };
      await enter(await (await navigator.storage.getDirectory()).getDirectoryHandle("import"), "");
      return found;
    }),
  async axe(page) {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    return violations.map(({ id, impact, nodes }) => ({ id, impact, targets: nodes.map(({ target }) => target.join(" ")) }));
  },
};

async function carry(context, task, highWater) {
  const page = await context.newPage();
  const seen = watch(page, task.url);
  await page.setViewportSize({ width: task.width ?? 1280, height: 900 });
  await page.emulateMedia({ colorScheme: task.scheme ?? "light" });
  await page.exposeFunction("onDisk", (name, ...rest) => disk[name](...rest));
  await page.addInitScript(standIn, { folder: task.folder ?? null, file: task.file ?? null });
  await page.goto(task.url);
  const said = {};
  for (const [name, verb, ...rest] of task.steps) {
    try {
      said[name] = (verb === "memory" ? highWater() : await verbs[verb](page, ...rest)) ?? null;
    } catch (error) {
      throw new Error(`${task.url}: ${name}: ${error.message}`);
    }
  }
  said.mib = highWater();
  await page.close({ runBeforeUnload: false });
  return { ...said, ...seen() };
}

const tasks = JSON.parse(readFileSync(process.argv[2], "utf8"));
await carryAll(tasks, carry, { offline: !tasks.some(({ served }) => served), locale: "fr-BE" });
