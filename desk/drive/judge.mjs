// What the page's own checks say of many proofs, under node: `node drive/judge.mjs FOLDER`. FOLDER holds `blobs/SHA256` and
// `cases.jsonl`, a line a case: {"policy": text or null, "files": [[name, sha]...]} or {"policy", "zip": sha}; with "flips",
// [[name, at, bit]...] (of a zip: [null, at, bit]), one answer a flip. Prints a line a case: a list of [exit, code or ""].

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const here = new URL("..", import.meta.url).pathname;
const entry = 'export { judge } from "./src/verify/judge.js"; export { readZip } from "./src/verify/zip.js"; export { Fault } from "./src/verify/fault.js";';
const made = await build({
  stdin: { contents: entry, resolveDir: here, loader: "ts" },
  bundle: true,
  format: "esm",
  target: "es2022",
  write: false,
});
const page = await import(`data:text/javascript;base64,${Buffer.from(made.outputFiles[0].contents).toString("base64")}`);

const folder = process.argv[2];
const blobs = new Map();

function blob(sha) {
  if (!blobs.has(sha)) blobs.set(sha, new Uint8Array(readFileSync(join(folder, "blobs", sha))));
  return blobs.get(sha);
}

function flipped(data, at, bit) {
  const other = data.slice();
  other[at] ^= 1 << bit;
  return other;
}

async function judged(files, policy) {
  const found = await page.judge(files, policy);
  return [found.exit, found.fault?.code ?? ""];
}

async function judgedZip(zip, policy) {
  try {
    return await judged(page.readZip(zip), policy);
  } catch (error) {
    return error instanceof page.Fault ? [error.exit, error.code] : [93, "folder_malformed"];
  }
}

async function answers({ policy, files, zip, flips }) {
  if (zip) {
    const data = blob(zip);
    if (!flips) return [await judgedZip(data, policy)];
    const found = [];
    for (const [, at, bit] of flips) found.push(await judgedZip(flipped(data, at, bit), policy));
    return found;
  }
  const whole = new Map(files.map(([name, sha]) => [name, blob(sha)]));
  if (!flips) return [await judged(whole, policy)];
  const found = [];
  for (const [name, at, bit] of flips) {
    const data = whole.get(name);
    found.push(await judged(new Map(whole).set(name, flipped(data, at, bit)), policy));
  }
  return found;
}

for (const line of readFileSync(join(folder, "cases.jsonl"), "utf8").split("\n").filter(Boolean)) {
  process.stdout.write(`${JSON.stringify(await answers(JSON.parse(line)))}\n`);
}
