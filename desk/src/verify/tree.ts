// Proofs in the log's tree (RFC 9162, 2.1.3.2 and 2.1.4.2).

import { fromBase64, same, type Bytes } from "./bytes.js";
import { sha256 } from "./digest.js";
import { demand } from "./fault.js";
import { count, MAX_LINES } from "./note.js";

const NODE = Uint8Array.of(1);
const LEAF = Uint8Array.of(0);

export function leafHash(entry: Uint8Array): Bytes {
  return sha256(LEAF, entry);
}

/** The roots of the old tree and of the new, from a node upwards; null when the path has not the length of the way. */
function climb(node: bigint, last: bigint, path: Bytes[], start: Bytes): [Bytes, Bytes] | null {
  let [first, second] = [start, start];
  for (const sibling of path) {
    if (last === 0n) return null;
    if (node & 1n || node === last) {
      first = sha256(NODE, sibling, first);
      second = sha256(NODE, sibling, second);
      for (; !(node & 1n) && node; node >>= 1n) last >>= 1n;
    } else {
      second = sha256(NODE, second, sibling);
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? [first, second] : null;
}

const areHashes = (hashes: Bytes[]): boolean => hashes.every((hash) => hash.length === 32);

export function included(index: bigint, size: bigint, leaf: Bytes, proof: Bytes[], root: Bytes): boolean {
  if (index >= size || !areHashes([leaf, root, ...proof])) return false;
  const found = climb(index, size - 1n, proof, leaf);
  return found !== null && same(found[1], root);
}

/** Whether the new tree begins with the old one. */
export function grew(old: bigint, size: bigint, proof: Bytes[], oldRoot: Bytes, root: Bytes): boolean {
  const [start, ...path] = (old & (old - 1n)) === 0n ? [oldRoot, ...proof] : proof;
  if (old <= 0n || old >= size || !start || !areHashes([oldRoot, root, ...proof])) return false;
  let [node, last] = [old - 1n, size - 1n];
  for (; node & 1n; node >>= 1n) last >>= 1n;
  const found = climb(node, last, path, start);
  return found !== null && same(found[0], oldRoot) && same(found[1], root);
}

/** Hashes in base64, each with its line end. */
export function hashLines(text: string): Bytes[] {
  demand(count(text, "\n") <= MAX_LINES, "proof_too_long", 93);
  demand(text === "" || text.endsWith("\n"), "proof_malformed");
  return text.split("\n").slice(0, -1).map(fromBase64);
}
