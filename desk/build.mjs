// Self-contained pages: script and style inlined, their hashes in its policy, the licences of what it holds.
// `node build.mjs [NAME [FILE]]`; without a name: all. `desk` goes into a package, and `reprise intake open --page` fills it in;
// `verify` checks a proof (`reprise proof page`).
// `node build.mjs --types` writes src/words.d.ts, which names the texts for the compiler.

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
/** By name: where it goes, its script and body, its styles, and the texts that it says: sections of the catalogue. */
const PAGES = {
  desk: {
    target: ["flows", "package", "desk.html"],
    script: "src/main.ts",
    body: "page.html",
    styles: ["tokens", "layout", "steps", "lists", "print"],
    texts: ["seal", "desk"],
  },
  verify: {
    target: ["vault", "proof", "pages", "verify.html"],
    script: "src/verify/main.ts",
    body: "verify/page.html",
    styles: ["tokens", "layout", "verify"],
    texts: ["verify", "certificate.trial", "certificate.outcome", "certificate.not_claimed"],
  },
};
const SECTIONS = ["seal", "desk", "verify", "certificate.trial", "certificate.outcome", "certificate.not_claimed"];

const LANGUAGES = ["en", "fr", "nl", "de"];

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Key and text of each entry of a catalogue that the page needs: both stand in quotes (`schemas/texts`). */
async function texts(language, sections) {
  const source = await readFile(join(here, "..", "schemas", "texts", `${language}.po`), "utf8");
  const said = (lines) => lines.trim().split("\n").map((line) => JSON.parse(line)).join("");
  const entries = [...source.matchAll(/^msgid ((?:".*"\n)+)msgstr ((?:".*"\n)+)/gm)];
  return entries.map(([, key, told]) => [said(key), said(told)]).filter(([key]) => sections.some((one) => `${key}.`.startsWith(`${one}.`)));
}

async function types() {
  const keys = (await texts(LANGUAGES[0], SECTIONS)).map(([key]) => `\n  | ${JSON.stringify(key)}`);
  return [
    "// What the pages say: the texts of the catalogues (schemas/texts). `npm run types` writes this; build.mjs puts the texts in.",
    "",
    `export type Key =${keys.join("")};`,
    "",
    `export declare const WORDS: Record<${LANGUAGES.map((name) => JSON.stringify(name)).join(" | ")}, Record<Key, string>>;`,
    "",
  ].join("\n");
}

/** The module `words.js`, which words.d.ts declares: what a page says, in each language. */
const words = (sections) => ({
  name: "words",
  setup(build) {
    build.onResolve({ filter: /\/words\.js$/ }, () => ({ path: "words", namespace: "texts" }));
    build.onLoad({ filter: /./, namespace: "texts" }, async () => {
      const made = LANGUAGES.map(async (name) => [name, Object.fromEntries(await texts(name, sections))]);
      const all = Object.fromEntries(await Promise.all(made));
      return { contents: `export const WORDS = ${JSON.stringify(all)};`, loader: "js" };
    });
  },
});

async function bundle(script, sections) {
  const made = await build({
    absWorkingDir: here,
    entryPoints: [script],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    metafile: true,
    plugins: [words(sections)],
    write: false,
  });
  return { script: made.outputFiles[0].text.trim(), inputs: Object.keys(made.metafile.inputs) };
}

async function licences(inputs) {
  const names = inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const used = [...new Set(names.filter(Boolean))].sort();
  const texts = used.map(async (name) => {
    const folder = join(here, "node_modules", name);
    const { version } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const licence = await readFile(join(folder, "LICENSE"), "utf8");
    return `${name} ${version}\n\n${licence.trim().replaceAll("--", "- -")}`;
  });
  const own = "Reprise, Apache-2.0. The script holds, minified, what follows.";
  return [own, ...(await Promise.all(texts))].join("\n\n");
}

if (process.argv[2] === "--types") {
  await writeFile(join(here, "src", "words.d.ts"), await types());
  process.exit(0);
}
async function buildPage({ script: source, body, styles, texts: sections }, target) {
  const { script, inputs } = await bundle(source, sections);
  const sheets = styles.map((name) => readFile(join(here, "src", "styles", `${name}.css`), "utf8"));
  const style = (await Promise.all(sheets)).map((text) => text.trim()).join("\n");
  const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "require-trusted-types-for 'script'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const filled = { CSP: policy, LICENCES: await licences(inputs), STYLE: style, SCRIPT: script };
  const page = await readFile(join(here, "src", body), "utf8");
  if (/<\/script|<!--/i.test(script)) throw new Error("the script would end itself");
  await writeFile(target, page.replace(/%(CSP|LICENCES|STYLE|SCRIPT)%/g, (_, name) => filled[name]));
}

const [asked, file] = process.argv.slice(2);
for (const [name, page] of Object.entries(PAGES)) {
  if (!asked || asked === name) await buildPage(page, file ?? join(here, "..", ...page.target));
}
