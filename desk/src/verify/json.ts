// Canonical JSON: sorted keys, no blanks, whole numbers only. A text that a canonical writer would not write is refused.

import { byCodePoint, decode, encode, same, type Bytes } from "./bytes.js";
import { demand, malformed } from "./fault.js";

export type Json = null | boolean | number | bigint | string | Json[] | Facts;
/** An object: a Map, for which no key has a meaning of its own. */
export type Facts = Map<string, Json>;

function value(_: string, found: unknown): unknown {
  if (typeof found === "number" && !Number.isSafeInteger(found)) throw malformed();
  return found && typeof found === "object" && !Array.isArray(found) ? new Map(Object.entries(found)) : found;
}

function text(written: string): string {
  if (/\p{Surrogate}/u.test(written)) throw malformed();
  return JSON.stringify(written);
}

function write(json: Json): string {
  if (Array.isArray(json)) return `[${json.map(write).join(",")}]`;
  if (json instanceof Map) {
    const rows = [...json].sort(([a], [b]) => byCodePoint(a, b));
    return `{${rows.map(([key, inner]) => `${text(key)}:${write(inner)}`).join(",")}}`;
  }
  return typeof json === "string" ? text(json) : String(json);
}

/** The canonical bytes. */
export function written(json: Json): Bytes {
  return encode(write(json));
}

export function equal(a: Json, b: Json): boolean {
  return write(a) === write(b);
}

export function canonical(data: Uint8Array): Facts {
  let parsed: Json;
  try {
    parsed = JSON.parse(decode(data), value) as Json;
  } catch {
    throw malformed();
  }
  demand(parsed instanceof Map && same(written(parsed), data), "json_not_canonical");
  return parsed;
}

/** An object of a literal. */
export function facts(of: Record<string, Json>): Facts {
  return new Map(Object.entries(of));
}

/** What stands under a key. Refuses an object without it. */
export function at(of: Json | undefined, key: string): Json {
  const found = object(of).get(key);
  if (found === undefined) throw malformed();
  return found;
}

export function object(json: Json | undefined): Facts {
  if (json instanceof Map) return json;
  throw malformed();
}

export function list(json: Json): Json[] {
  if (Array.isArray(json)) return json;
  throw malformed();
}

export function string(json: Json): string {
  if (typeof json === "string") return json;
  throw malformed();
}
