// Step 11: the files in authorisation/ are those that the ledger commits to.

import { byCodePoint, decode, encode, fromBase64, hex, join, same, type Bytes } from "./bytes.js";
import { hmacSha256, sha256, sha256OfFile } from "./digest.js";
import { demand, malformed } from "./fault.js";
import { file, type Files } from "./files.js";
import { at, object, string, type Facts } from "./json.js";
import { first, typeOf } from "./sequence.js";
import type { Version } from "./statements.js";
import { hashLines } from "./tree.js";

const FOLDER = "authorisation/";
const ACCEPTANCE = "authorisation/acceptance";
const SALT = `${FOLDER}salt.b64`;
/** Kinds of signatures; version 1 recorded `passed` instead. */
const KINDS = ["cades", "pades", "handwritten"];

/** Whether the entry of the check binds number, kind and owners of the signatures. */
export function isBound(entries: Facts[]): boolean {
  return KINDS.includes(string(at(first(entries), "code")));
}

/** The lines of `sha256sum`, sorted by name: what the ledger commits to. */
async function listing(files: Files, names: string[]): Promise<Bytes> {
  const inner = names.map((name) => name.slice(FOLDER.length)).sort((a, b) => byCodePoint(`${a}\n`, `${b}\n`));
  const lines = inner.map(async (name) => `${hex(await sha256OfFile(file(files, FOLDER + name)))}  ${name}\n`);
  return encode((await Promise.all(lines)).join(""));
}

function readSalt(files: Files): Bytes {
  const data = file(files, SALT);
  if (data.some((byte) => byte > 127)) throw malformed();
  const [salt, ...others] = hashLines(decode(data));
  if (!salt || others.length) throw malformed();
  demand(salt.length === 32, "salt_malformed");
  return salt;
}

/** False when there are none, or no more. */
export async function checkAuthorisation(files: Files, entries: Facts[], version: Version): Promise<boolean> {
  const accepted = entries.filter((entry) => typeOf(entry) === "import.confirmed" && at(entry, "code") === "accepted");
  const committed = accepted.filter((entry) => object(at(entry, "c")).has("acceptance"));
  demand(version === 1 || committed.length === accepted.length, "acceptance_missing");
  const names = [...files.keys()].filter((name) => name.startsWith(FOLDER));
  if (!names.length) return false;
  const salt = readSalt(files);
  const opens = (entry: Facts, field: string, data: Bytes, of = field): boolean => {
    const label = encode(`proof/v1/${typeOf(entry)}/${of}\0`);
    return same(hmacSha256(salt, join(label, sha256(data))), fromBase64(string(at(at(entry, "c"), field))));
  };
  const begun = first(entries);
  const instruction = file(files, `${FOLDER}instruction.json`);
  demand(opens(begun, "authorisation", instruction, "instruction"), "instruction_not_the_recorded_one");
  const later = names.filter((name) => name.startsWith(ACCEPTANCE));
  const before = names.filter((name) => name !== SALT && !later.includes(name) && !name.endsWith(".tsr"));
  const bound = !isBound(entries) || opens(begun, "evidence", await listing(files, before));
  demand(bound, "signatures_not_the_recorded_ones");
  const acceptance = await listing(files, later);
  const signed = committed.every((entry) => opens(entry, "acceptance", acceptance));
  demand(accepted.length ? signed : !later.length, "acceptance_not_the_recorded_one");
  return true;
}
