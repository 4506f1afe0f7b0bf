// Step 4: every ledger entry is in the tree of the head, and all are of one run.

import { ascii, same, type Bytes } from "./bytes.js";
import { demand } from "./fault.js";
import { among, file, type Files } from "./files.js";
import type { Head } from "./head.js";
import { at, canonical, string, type Facts } from "./json.js";
import { find } from "./bytes.js";
import { hashLines, included, leafHash } from "./tree.js";

const BLANK_LINE = Uint8Array.of(10, 10);

function checkEntry(index: string, entry: Bytes, proof: Bytes, checkpoint: Bytes, head: Head): Facts {
  const blank = find(proof, BLANK_LINE);
  const [kind, place, ...hashes] = `${ascii(blank < 0 ? proof : proof.subarray(0, blank))}\n`.split("\n");
  const ours = kind === "c2sp.org/tlog-proof@v1" && place === `index ${BigInt(index)}`;
  demand(blank >= 0 && ours && same(proof.subarray(blank + 2), checkpoint), "proof_malformed");
  const path = hashLines(hashes.join("\n"));
  demand(included(BigInt(index), head.size, leafHash(entry), path, head.rootHash), "entry_not_in_log");
  return canonical(entry);
}

/** The entries in the order of the log. */
export function checkEntries(files: Files, head: Head): Facts[] {
  const entries = among(files, "entries/", ".json");
  const proofs = among(files, "proofs/", ".tlog-proof");
  const paired = entries.size === proofs.size && [...entries.keys()].every((index) => proofs.has(index));
  demand(paired, "proof_of_no_entry");
  const checkpoint = file(files, "checkpoint");
  const found = [...entries].map(([index, entry]): [bigint, Facts] => {
    return [BigInt(index), checkEntry(index, entry, proofs.get(index) as Bytes, checkpoint, head)];
  });
  demand(new Set(found.map(([, entry]) => string(at(entry, "runId")))).size === 1, "another_run");
  return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
