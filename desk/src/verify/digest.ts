// SHA-256 and HMAC. Small hashes are computed here; whole files by the browser, where it offers that (not on every `content:` page).

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 as hash } from "@noble/hashes/sha2.js";
import { join, type Bytes } from "./bytes.js";

export function sha256(...parts: Uint8Array[]): Bytes {
  return hash(parts.length === 1 ? (parts[0] as Uint8Array) : join(...parts)) as Bytes;
}

export async function sha256OfFile(data: Bytes): Promise<Bytes> {
  const subtle = globalThis.crypto?.subtle;
  return subtle ? new Uint8Array(await subtle.digest("SHA-256", data)) : sha256(data);
}

export function hmacSha256(key: Uint8Array, message: Uint8Array): Bytes {
  return hmac(hash, key, message) as Bytes;
}
