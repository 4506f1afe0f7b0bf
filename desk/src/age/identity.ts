// The practice's key: an age identity (X25519), made here or read from its file.

import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { Refusal } from "../refusal.js";

export interface Key {
  identity: string;
  recipient: string;
}

const LINE = /^AGE-SECRET-KEY-1[0-9A-Z]+$/;
const MOST_BYTES = 2 ** 16;

export async function makeKey(): Promise<Key> {
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/** The key in the text of an identity file, comments allowed. Refuses: identity_not_age. */
export async function readKey(text: string): Promise<Key> {
  for (const line of text.split(/\r\n|\r|\n/)) {
    const identity = line.trim();
    if (!LINE.test(identity)) continue;
    try {
      return { identity, recipient: await identityToRecipient(identity) };
    } catch {
      continue; // its text would quote the key
    }
  }
  throw new Refusal("identity_not_age");
}

export async function readKeyFile(file: File): Promise<Key> {
  if (file.size > MOST_BYTES) throw new Refusal("identity_not_age");
  return readKey(await file.text());
}

/** An identity file as `age-keygen` writes it. */
export function keyFile(key: Key, made: Date): string {
  const moment = `${made.toISOString().slice(0, 19)}Z`;
  return `# created: ${moment}\n# public key: ${key.recipient}\n${key.identity}\n`;
}
