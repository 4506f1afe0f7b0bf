// The number compared by telephone: the recipient's SHA-256 modulo 10^20, in groups of four digits.

import { sha256 } from "@noble/hashes/sha2.js";

const GROUPS = 5;

export function checkNumber(recipient: string): string {
  let value = 0n;
  for (const byte of sha256(new TextEncoder().encode(recipient))) value = (value << 8n) | BigInt(byte);
  const digits = (value % 10n ** BigInt(4 * GROUPS)).toString().padStart(4 * GROUPS, "0");
  return digits.match(/.{4}/g)!.join(" ");
}
