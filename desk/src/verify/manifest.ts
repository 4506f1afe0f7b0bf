// Step 2: the files are exactly those of the signed manifest, byte for byte.

import { byCodePoint, hex, same } from "./bytes.js";
import { sha256OfFile } from "./digest.js";
import { demand } from "./fault.js";
import { file, type Files } from "./files.js";
import { at, canonical, facts, list, string, written, type Json } from "./json.js";
import type { Key } from "./key.js";
import { openNote } from "./note.js";

const ITSELF = ["manifest.json", "manifest.sig"];

export async function checkManifest(files: Files, key: Key): Promise<void> {
  const [manifest, signature] = [file(files, "manifest.json"), file(files, "manifest.sig")];
  const { text } = await openNote(signature, key);
  demand(signature.filter((byte) => byte === 10).length === 4, "manifest_altered"); // no key would cover further lines
  demand(text === `reprise-proof-manifest v1\n${hex(await sha256OfFile(manifest))}\n`, "manifest_altered");
  const rows = new Map<string, Json>();
  for (const row of list(at(canonical(manifest), "files"))) rows.set(string(at(row, "name")), row);
  const others = [...files.keys()].filter((name) => !ITSELF.includes(name));
  demand(others.length === rows.size && others.every((name) => rows.has(name)), "files_added_or_missing");
  for (const [name, row] of rows) {
    const data = file(files, name);
    const digest = hex(await sha256OfFile(data));
    demand(at(row, "bytes") === data.length && at(row, "sha256") === digest, "file_altered", 91, name);
  }
  const plain = [...rows].sort(([a], [b]) => byCodePoint(a, b)).map(([name, row]) => {
    return facts({ name, bytes: at(row, "bytes"), sha256: at(row, "sha256") });
  });
  demand(same(written(facts({ version: 1, files: plain })), manifest), "manifest_malformed");
}
