// What a practice says of a package: texts that an operator records, and the document that a controller signs to accept it.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Manifest } from "../package/manifest.js";

/** The bytes that `reprise confirm RUN accepted --draft` writes: canonical JSON (RFC 8785) with a digest of the sealed parts. */
export function acceptanceOf({ run, parts }: Manifest): string {
  const listed = JSON.stringify(parts.map(({ name, bytes, sha256: digest }) => [name, bytes, digest]));
  const digest = bytesToHex(sha256(new TextEncoder().encode(listed)));
  return JSON.stringify({ parts_sha256: digest, result: "accepted", run, type: "acceptance", version: 1 });
}
