// Bytes and text: UTF-8, base64 and hexadecimal, each refused unless it is exact.

import { demand, malformed } from "./fault.js";

export type Bytes = Uint8Array<ArrayBuffer>;

/** White space as Python's `str.split` and `\s` have it, for a class of a regular expression. */
export const BLANK = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function encode(text: string): Bytes {
  return new TextEncoder().encode(text) as Bytes;
}

export function decode(data: Uint8Array): string {
  try {
    return utf8.decode(data);
  } catch {
    throw malformed();
  }
}

/** ASCII, with U+FFFD for each other byte. */
export function ascii(data: Uint8Array): string {
  let text = "";
  for (const byte of data) text += byte < 128 ? String.fromCharCode(byte) : "\ufffd";
  return text;
}

export function hex(data: Uint8Array): string {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  let at = a.length === b.length ? 0 : -1;
  while (at >= 0 && at < a.length && a[at] === b[at]) at++; // a loop: whole zips pass here
  return at === a.length;
}

export function join(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Where `part` begins in `whole`, or -1. */
export function find(whole: Uint8Array, part: Uint8Array): number {
  for (let at = whole.indexOf(part[0] ?? 0); at >= 0; at = whole.indexOf(part[0] ?? 0, at + 1)) {
    if (same(whole.subarray(at, at + part.length), part)) return at;
  }
  return -1;
}

/** Canonical base64 only: no blank, no bit after the end. */
export function fromBase64(text: string): Bytes {
  if (text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw malformed();
  const plain = atob(text);
  demand(btoa(plain) === text, "base64_not_canonical");
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

/** The order of code points, in which Python sorts text and JSON is canonical. */
export function byCodePoint(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const apart = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (apart) return apart;
  }
  return left.length - right.length;
}
