// The files of a proof, by relative name, and the limits that hold before any of them is read.

import type { Bytes } from "./bytes.js";
import { malformed } from "./fault.js";

export type Files = ReadonlyMap<string, Bytes>;

export const MAX_FILES = 500;
export const MAX_FILE_BYTES = 20 * 2 ** 20;
export const MAX_TOTAL_BYTES = 64 * 2 ** 20;

export function file(files: Files, name: string): Bytes {
  const found = files.get(name);
  if (!found) throw malformed();
  return found;
}

/** Names that begin and end so, without beginning and end, with their files. */
export function among(files: Files, start: string, end: string): Map<string, Bytes> {
  const found = [...files].filter(([name]) => name.startsWith(start));
  return new Map(found.map(([name, data]) => [name.slice(start.length, name.length - end.length), data]));
}

export function stamps(files: Files): string[] {
  return [...files.keys()].filter((name) => name.endsWith(".tsr"));
}
