// A signed note (C2SP): a text, a blank line, and lines with signatures.

import { BLANK, decode, encode, fromBase64, hex, type Bytes } from "./bytes.js";
import { demand } from "./fault.js";
import type { Key } from "./key.js";

export const MAX_LINES = 64;
const LINES = new RegExp(`^(— [^${BLANK}+]+ [\\p{L}\\p{N}_+/]{7,}={0,2}\\n)+$`, "u");

export interface Line {
  name: string;
  /** The key's id, in hexadecimal. */
  id: string;
  /** What stands behind the id. */
  signature: Bytes;
}

export interface Note {
  text: string;
  lines: Line[];
}

export function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}

export function splitNote(note: Uint8Array): Note {
  const whole = decode(note);
  const blank = whole.lastIndexOf("\n\n");
  const [text, lines] = blank < 0 ? ["", whole] : [whole.slice(0, blank), whole.slice(blank + 2)];
  demand(count(lines, "\n") <= MAX_LINES, "proof_too_long", 93);
  demand(!/[\x00-\x09\x0b-\x1f]/.test(text + lines) && blank >= 0 && LINES.test(lines), "note_malformed");
  const found = lines.split("\n").slice(0, -1).map((line) => {
    const [, name = "", blob = ""] = line.split(" ");
    const raw = fromBase64(blob);
    return { name, id: hex(raw.subarray(0, 4)), signature: raw.slice(4) };
  });
  return { text: `${text}\n`, lines: found };
}

export function linesOf(note: Note, key: Key): Line[] {
  return note.lines.filter(({ name, id }) => name === key.name && id === key.id);
}

/** The note, when every line of this key is valid and there is one. */
export async function openNote(note: Uint8Array, key: Key): Promise<Note> {
  const split = splitNote(note);
  const ours = linesOf(split, key);
  demand(ours.length, "signed_by_another_key");
  for (const { signature } of ours) await key.verify(signature, encode(split.text));
  return split;
}
