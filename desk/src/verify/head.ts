// Step 3: the head, signed by the log with one line, and the witnesses that cosigned it (C2SP tlog-checkpoint, tlog-cosignature).

import { encode, fromBase64, hex, type Bytes } from "./bytes.js";
import { demand } from "./fault.js";
import type { Key } from "./key.js";
import { linesOf, openNote, splitNote } from "./note.js";
import type { Policy } from "./policy.js";

export interface Head {
  origin: string;
  size: bigint;
  root: string;
  rootHash: Bytes;
}

export async function openHead(note: Bytes, key: Key): Promise<Head> {
  const opened = await openNote(note, key);
  const [origin = "", size = "", root = "", end, ...rest] = opened.text.split("\n");
  const well = end === "" && !rest.length && origin === key.name && /^[1-9][0-9]{0,15}$/.test(size);
  demand(well && linesOf(opened, key).length === 1, "checkpoint_malformed");
  const rootHash = fromBase64(root);
  demand(rootHash.length === 32, "checkpoint_malformed");
  return { origin, size: BigInt(size), root, rootHash };
}

/** The witnesses of the policy that cosigned the head. Refuses an invalid line of one, and a quorum that is not met. */
export async function checkWitnesses(checkpoint: Bytes, policy: Policy): Promise<string[]> {
  const note = splitNote(checkpoint);
  const seen: string[] = [];
  for (const [witness, key] of policy.witnesses) {
    for (const { signature } of linesOf(note, key)) {
      const time = BigInt(`0x0${hex(signature.subarray(0, 8))}`);
      await key.verify(signature.slice(8), encode(`cosignature/v1\ntime ${time}\n${note.text}`));
      seen.push(witness);
    }
  }
  demand(policy.holds(seen), "quorum_not_met");
  return [...new Set(seen)];
}
