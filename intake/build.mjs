// One self-contained page: script and style inlined, their hashes in its policy, the licences of what it holds.
// `node build.mjs [FILE]`; without a name: the template that `reprise intake open --page` fills in.

import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "..", "vault", "intake", "templates", "seal-page.html");

const LANGUAGES = ["en", "fr", "nl", "de"];

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** The texts of one area of a catalogue, as an object: an entry is a key and a text, each in quotes (`schemas/texts`). */
async function texts(language, area) {
  const source = await readFile(join(here, "..", "schemas", "texts", `${language}.po`), "utf8");
  const said = (lines) => lines.trim().split("\n").map((line) => JSON.parse(line)).join("");
  const entries = [...source.matchAll(/^msgid ((?:".*"\n)+)msgstr ((?:".*"\n)+)/gm)];
  const below = entries.map(([, key, told]) => [said(key), said(told)]).filter(([key]) => key.startsWith(`${area}.`));
  return `{${below.map(([key, told]) => `${key.slice(area.length + 1)}: ${JSON.stringify(told)}`)}}`;
}

/** The module `words.js`, which words.d.ts declares: what the page says, in each language. */
const words = {
  name: "words",
  setup(build) {
    build.onResolve({ filter: /^\.\/words\.js$/ }, () => ({ path: "words", namespace: "texts" }));
    build.onLoad({ filter: /./, namespace: "texts" }, async () => {
      const made = LANGUAGES.map(async (name) => `const ${name}: Words = ${await texts(name, "seal")};`);
      const all = `export const WORDS: Record<string, Words> = { ${LANGUAGES.join(", ")} };`;
      return { contents: [...(await Promise.all(made)), all].join("\n"), loader: "ts" };
    });
  },
};

async function bundle() {
  const made = await build({
    absWorkingDir: here,
    entryPoints: ["src/main.ts"],
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    metafile: true,
    plugins: [words],
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

const { script, inputs } = await bundle();
const style = (await readFile(join(here, "src", "page.css"), "utf8")).trim();
const policy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
const filled = { CSP: policy, LICENCES: await licences(inputs), STYLE: style, SCRIPT: script };
const page = await readFile(join(here, "src", "page.html"), "utf8");
if (/<\/script|<!--/i.test(script)) throw new Error("the script would end itself");
await writeFile(target, page.replace(/%(CSP|LICENCES|STYLE|SCRIPT)%/g, (_, name) => filled[name]));
