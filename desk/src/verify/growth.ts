// Step 9: the log only grew from every earlier issued head to the current one. A head without its proof is refused.

import { ascii, byCodePoint, type Bytes } from "./bytes.js";
import { demand } from "./fault.js";
import { among, type Files } from "./files.js";
import { openHead, type Head } from "./head.js";
import type { Key } from "./key.js";
import { grew, hashLines } from "./tree.js";

const NOTHING: Bytes = new Uint8Array();

/** The earlier heads, smallest first. */
export async function checkGrowth(files: Files, head: Head, key: Key): Promise<Head[]> {
  const heads = new Map<string, Head>();
  for (const [name, note] of among(files, "heads/", ".checkpoint")) heads.set(name, await openHead(note, key));
  demand([...heads].every(([name, { size }]) => name === String(size)), "head_of_another_size");
  const earlier = [...heads.values()].sort((a, b) => Number(a.size - b.size) || byCodePoint(a.root, b.root));
  const needed = earlier.map(({ size }) => `consistency/${size}-${head.size}.txt`);
  for (const [place, old] of earlier.entries()) {
    const path = hashLines(ascii(files.get(needed[place] ?? "") ?? NOTHING));
    demand(grew(old.size, head.size, path, old.rootHash, head.rootHash), "log_was_rewritten");
  }
  const proofs = [...files.keys()].filter((name) => name.startsWith("consistency/"));
  demand(proofs.length === needed.length && proofs.every((name) => needed.includes(name)), "consistency_of_no_head");
  return earlier;
}
