// Does with the page that checks proofs what a person does, for tests: `node drive/verify.mjs FILE`, a JSON list of
// {"url", "width", "scheme", "locale", "without": ["Ed25519"], "steps": [[name, verb, ...]]}. The network is off.
// Prints a list: what each step gave under its name, the clicks, and what the page asked for or complained of.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { carryAll, watch } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A drop as the browser itself does it, with what lies on the disk. */
async function drop(page, id, ...paths) {
  const box = await page.locator(`#${id}`).boundingBox();
  const session = await page.context().newCDPSession(page);
  const at = { x: box.x + box.width / 2, y: box.y + 20, data: { items: [], files: paths, dragOperationsMask: 1 } };
  for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, ...at });
}

const verbs = {
  choose: (page, id, path) => page.setInputFiles(`#${id}`, path),
  drop,
  fill: (page, id, text) => page.fill(`#${id}`, text),
  pick: (page, id, value) => page.selectOption(`#${id}`, value),
  click: (page, id) => page.click(`#${id}`),
  wait: (page, selector) => page.locator(selector).first().waitFor({ timeout: 60_000 }),
  text: (page, id) => page.locator(`#${id}`).innerText(),
  all: (page, selector) => page.locator(selector).allTextContents(),
  count: (page, selector) => page.locator(selector).count(),
  value: (page, script) => page.evaluate(script),
  shot: async (page, path) => void (await page.screenshot({ path, fullPage: true })),
  pdf: async (page, path) => void (await page.pdf({ path, format: "A4", printBackground: true })),
  wide: (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
  /** Press what bears this label, as somebody who only reads does; a label of a file input takes the file. */
  async label(page, text, path) {
    const pressable = page.locator("label.button, button");
    const texts = await pressable.allTextContents();
    const place = texts.findIndex((one) => one.trim() === text);
    if (place < 0) throw new Error(`nothing bears the label ${text}`);
    const found = pressable.nth(place);
    if (!path) return void (await found.click());
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), found.click()]);
    await chooser.setFiles(path);
  },
  async axe(page) {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    return violations.map(({ id, impact, nodes }) => ({ id, impact, targets: nodes.map(({ target }) => target.join(" ")) }));
  },
};

/** A browser that is older: without Ed25519, or without `crypto.subtle` at all. */
function older(without) {
  if (without.includes("subtle")) Object.defineProperty(crypto, "subtle", { value: undefined });
  else if (without.includes("Ed25519")) {
    const importKey = crypto.subtle.importKey.bind(crypto.subtle);
    crypto.subtle.importKey = (format, key, kind, ...rest) =>
      kind === "Ed25519" ? Promise.reject(new DOMException("", "NotSupportedError")) : importKey(format, key, kind, ...rest);
  }
}

async function carry(context, task) {
  const page = await context.newPage();
  const seen = watch(page, task.url);
  await page.setViewportSize({ width: task.width ?? 1280, height: 900 });
  await page.emulateMedia({ colorScheme: task.scheme ?? "light" });
  await page.addInitScript(older, task.without ?? []);
  await page.addInitScript(() => {
    window.pressed = 0;
    document.addEventListener("click", (event) => (window.pressed += event.isTrusted ? 1 : 0), true);
  });
  await page.goto(task.url);
  const said = {};
  for (const [name, verb, ...rest] of task.steps) {
    try {
      said[name] = (await verbs[verb](page, ...rest)) ?? null;
    } catch (error) {
      throw new Error(`${name}: ${error.message}`);
    }
  }
  await page.close();
  return { ...said, ...seen() };
}

const tasks = JSON.parse(readFileSync(process.argv[2], "utf8"));
await carryAll(tasks, carry, { offline: true, bypassCSP: false, locale: tasks[0]?.locale ?? "fr-BE" });
