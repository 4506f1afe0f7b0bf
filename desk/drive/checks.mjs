// Opens packages with the page's own modules in a real Chromium, for tests: `node drive/checks.mjs FILE`, a JSON list of
// {"files": {name: base64}, "identity", "flips": [[name, offset, mask], ...]}. Prints for each package the outcome as it is, and
// with each of the flips: a code, or the number of files and the bytes in them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { carryAll } from "./browser.mjs";

const ENTRY = `
export { asRefusal } from "./src/refusal.js";
export { readKey } from "./src/age/identity.js";
export { choosePackage, openPackage } from "./src/package/open_package.js";
export { modules } from "./src/key/qr.js";
`;

async function bundled() {
  const made = await build({
    stdin: { contents: ENTRY, resolveDir: dirname(dirname(fileURLToPath(import.meta.url))) },
    bundle: true,
    format: "iife",
    globalName: "desk",
    target: "es2022",
    write: false,
  });
  return made.outputFiles[0].text;
}

async function outcomes({ files, identity, flips, codes }) {
  const held = Object.entries(files).map(([name, text]) => [name, Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]);
  const outcome = async (flip) => {
    const chosen = held.map(([name, bytes]) => {
      if (flip?.[0] !== name) return new File([bytes], name);
      const changed = bytes.slice();
      changed[flip[1]] ^= flip[2];
      return new File([changed], name);
    });
    try {
      const key = await window.desk.readKey(identity);
      const progress = { signal: new AbortController().signal, tell: () => undefined };
      const opened = await window.desk.openPackage(await window.desk.choosePackage(chosen), key.identity, progress);
      let bytes = 0;
      for await (const member of opened.members()) for await (const piece of member.pieces()) bytes += piece.length;
      return `${opened.files} files, ${bytes} bytes`;
    } catch (error) {
      const { code } = window.desk.asRefusal(error);
      return code === "failed" ? `failed: ${error.stack}` : code;
    }
  };
  const found = [];
  for (const flip of [null, ...(flips ?? [])]) found.push(await outcome(flip));
  return { outcomes: found, codes: (codes ?? []).map((text) => window.desk.modules(text)) };
}

const script = await bundled();
const folder = mkdtempSync(join(tmpdir(), "blank-"));
const blank = join(folder, "blank.html"); // from disk, as the page is: a blank page has no cryptography
writeFileSync(blank, "<!doctype html>");
await carryAll(JSON.parse(readFileSync(process.argv[2], "utf8")), async (context, task) => {
  const page = await context.newPage();
  await page.goto(`file://${blank}`);
  await page.addScriptTag({ content: script });
  const found = await page.evaluate(outcomes, task);
  await page.close();
  return found;
});
rmSync(folder, { recursive: true });
