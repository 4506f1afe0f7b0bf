// The payload of an age v1 file (C2SP age.md) at any place, in constant memory: chunks of 64 KiB, each sealed with its number and
// with a mark on the last. The last chunk is opened first, so that the length is authentic. No byte is given before its chunk is.

import { Decrypter } from "age-encryption";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { Refusal } from "../refusal.js";

const CHUNK = 2 ** 16;
const TAG = 16;
const SEALED_CHUNK = CHUNK + TAG;
const NONCE = 16;
const MAX_HEADER = 2 ** 16;
/** Chunks that are read from the file at once. */
const AT_ONCE = 16;
const BLOCK = AT_ONCE * CHUNK;

function doesNotOpen(): Refusal {
  return new Refusal("sealed_part_does_not_open");
}

/** The length of the header: up to and with the line that begins with `---`. */
function headerLength(head: Uint8Array): number {
  for (let at = 0; at >= 0 && at < head.length; ) {
    const end = head.indexOf(10, at);
    if (end < 0) break;
    if (head[at] === 45 && head[at + 1] === 45 && head[at + 2] === 45) return end + 1;
    at = end + 1;
  }
  throw doesNotOpen();
}

function nonceOf(chunk: number, last: boolean): Uint8Array {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  view.setUint32(3, Math.floor(chunk / 2 ** 32));
  view.setUint32(7, chunk >>> 0);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

async function bytesOf(file: Blob, start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.slice(start, end).arrayBuffer());
}

export class SealedFile {
  private held = -1;
  private block = new Uint8Array(0);

  private constructor(
    private readonly file: Blob,
    private readonly key: Uint8Array,
    private readonly start: number,
    private readonly lastChunk: number,
    readonly size: number,
  ) {}

  /** Refuses: sealed_part_does_not_open (another key, an altered or truncated file). */
  static async open(file: Blob, identity: string): Promise<SealedFile> {
    const head = await bytesOf(file, 0, MAX_HEADER);
    const length = headerLength(head);
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    let fileKey: Uint8Array;
    try {
      fileKey = await decrypter.decryptHeader(head.slice(0, length));
    } catch {
      throw doesNotOpen();
    }
    const nonce = await bytesOf(file, length, length + NONCE);
    const start = length + NONCE;
    const sealed = file.size - start;
    if (nonce.length < NONCE || sealed < TAG) throw doesNotOpen();
    const key = hkdf(sha256, fileKey, nonce, new TextEncoder().encode("payload"), 32);
    const last = Math.floor((sealed - 1) / SEALED_CHUNK);
    const rest = sealed - last * SEALED_CHUNK - TAG;
    if (rest < 0 || (rest === 0 && last > 0)) throw doesNotOpen();
    const opened = new SealedFile(file, key, start, last, last * CHUNK + rest);
    await opened.read(Math.max(0, opened.size - 1), opened.size);
    if (opened.size === 0) await opened.fetch(0);
    return opened;
  }

  /** The plain bytes from `start` to `end`: few enough to be held. */
  async read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const whole = new Uint8Array(end - start);
    let at = 0;
    for await (const piece of this.pieces(start, end)) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  /** The plain bytes from `start` to `end`, in pieces of 1 MiB at most; a piece is valid until the next is asked for. */
  async *pieces(start: number, end: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    if (start < 0 || end > this.size) throw doesNotOpen();
    for (let at = start; at < end; ) {
      const number = Math.floor(at / BLOCK);
      if (number !== this.held) await this.fetch(number);
      const from = at - number * BLOCK;
      const piece = this.block.subarray(from, Math.min(from + (end - at), this.block.length));
      at += piece.length;
      yield piece;
    }
  }

  private async fetch(number: number): Promise<void> {
    const first = number * AT_ONCE;
    const from = this.start + first * SEALED_CHUNK;
    const sealed = await bytesOf(this.file, from, from + AT_ONCE * SEALED_CHUNK);
    const count = Math.min(AT_ONCE, this.lastChunk - first + 1);
    const size = Math.min(BLOCK, this.size - number * BLOCK);
    const block = new Uint8Array(size);
    for (let index = 0; index < count; index++) {
      const chunk = sealed.subarray(index * SEALED_CHUNK, (index + 1) * SEALED_CHUNK);
      const plain = this.openChunk(chunk, first + index);
      block.set(plain, index * CHUNK);
    }
    this.block = block;
    this.held = number;
  }

  private openChunk(chunk: Uint8Array, number: number): Uint8Array {
    try {
      return chacha20poly1305(this.key, nonceOf(number, number === this.lastChunk)).decrypt(chunk);
    } catch {
      throw doesNotOpen();
    }
  }
}
