// Ed25519: the browser's own where it has one, else @noble/curves with the same strict rules (RFC 8032).

import { ed25519 } from "@noble/curves/ed25519.js";
import type { Bytes } from "./bytes.js";

type Check = (key: Bytes, signature: Bytes, message: Bytes) => Promise<boolean>;

async function byBrowser(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", imported, signature, message);
}

/** For browsers without Ed25519, and where a page has no `crypto.subtle`. */
export async function byLibrary(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  try {
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false; // what it throws at lengths that no signature has
  }
}

/** The base point is a key of the curve: a browser that does not take it has no Ed25519. */
const A_KEY = Uint8Array.from([0x58, ...Array<number>(31).fill(0x66)]);

let chosen: Promise<Check> | undefined;

async function choose(): Promise<Check> {
  try {
    await byBrowser(A_KEY, new Uint8Array(64), new Uint8Array());
    return byBrowser;
  } catch {
    return byLibrary;
  }
}

export async function verifies(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  chosen ??= choose();
  try {
    return await (await chosen)(key, signature, message);
  } catch {
    return false; // a key that is no point of the curve
  }
}
