// Reads a zip at any place of its bytes (APPNOTE 6.3.10): end records, directory, local headers, stored and deflated members.
// What departs from the format is refused, as Python's zipfile does; a member's checksum and size are those of its directory.

import { Refusal } from "../refusal.js";
import { crc32 } from "./crc32.js";

export interface Source {
  readonly size: number;
  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  pieces(start: number, end: number): AsyncGenerator<Uint8Array<ArrayBuffer>>;
}

export interface Entry {
  name: string;
  method: number;
  sum: number;
  packed: number;
  size: number;
  offset: number;
  /** The name's own bytes, which the local header repeats. */
  spelt: Uint8Array;
}

interface Directory {
  start: number;
  size: number;
  /** What was put before the archive: offsets begin after it. */
  before: number;
}

const END_REACH = 2 ** 17;
const [END, END64, LOCATOR, LOCAL, ENTRY] = [22, 56, 20, 30, 46];
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 1;
const UTF8 = 0x800;
const WIDE = 0xffffffff;
export const DIRECTORY_BYTES = 128 * 2 ** 20;

function noZip(): Refusal {
  return new Refusal("part_is_no_zip");
}

/** Numbers of a record, little-endian. Refuses a place outside of it. */
class Numbers {
  private readonly view: DataView;
  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  u2(at: number): number {
    return this.in(at, 2).getUint16(at, true);
  }
  u4(at: number): number {
    return this.in(at, 4).getUint32(at, true);
  }
  u8(at: number): number {
    const value = this.in(at, 8).getBigUint64(at, true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw noZip();
    return Number(value);
  }
  private in(at: number, width: number): DataView {
    if (at < 0 || at + width > this.bytes.length) throw noZip();
    return this.view;
  }
}

function lastEnd(tail: Uint8Array): number {
  for (let at = tail.length - END; at >= 0; at--) {
    if (tail[at] === 0x50 && tail[at + 1] === 0x4b && tail[at + 2] === 5 && tail[at + 3] === 6) return at;
  }
  throw noZip();
}

async function findDirectory(source: Source): Promise<Directory> {
  const base = Math.max(0, source.size - END_REACH);
  const tail = await source.read(base, source.size);
  const at = lastEnd(tail);
  const numbers = new Numbers(tail);
  let [size, offset, end] = [numbers.u4(at + 12), numbers.u4(at + 16), at];
  const wide = at - LOCATOR - END64;
  if (wide >= 0 && numbers.u4(at - LOCATOR) === 0x07064b50 && numbers.u4(wide) === 0x06064b50) {
    [size, offset, end] = [numbers.u8(wide + 40), numbers.u8(wide + 48), wide];
  }
  const start = base + end - size;
  if (start < 0 || start < offset) throw noZip();
  return { start, size, before: start - offset };
}

/** The wide numbers of an entry, in the order in which its fields say that they are wide. */
function widened(extra: Uint8Array, fields: [number, number, number]): [number, number, number] {
  const numbers = new Numbers(extra);
  for (let at = 0; at + 4 <= extra.length; at += 4 + numbers.u2(at + 2)) {
    if (numbers.u2(at) !== 1) continue;
    const inner = new Numbers(extra.subarray(at + 4, at + 4 + numbers.u2(at + 2)));
    let next = 0;
    return fields.map((field) => {
      if (field !== WIDE) return field;
      next += 8;
      return inner.u8(next - 8);
    }) as [number, number, number];
  }
  return fields;
}

function nameOf(spelt: Uint8Array, flags: number): string {
  if (!(flags & UTF8)) return String.fromCharCode(...spelt); // our names are ASCII, or UTF-8 and say so
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(spelt);
  } catch {
    throw noZip();
  }
}

/** The members, in the order of the directory. Refuses: part_is_no_zip, part_has_too_many_members. */
export async function readDirectory(source: Source, most: number): Promise<Entry[]> {
  const { start, size, before } = await findDirectory(source);
  if (size > DIRECTORY_BYTES) throw new Refusal("part_has_too_many_members");
  const bytes = await source.read(start, start + size);
  const numbers = new Numbers(bytes);
  const entries: Entry[] = [];
  for (let at = 0; at < size; ) {
    if (numbers.u4(at) !== 0x02014b50) throw noZip();
    if (entries.length === most) throw new Refusal("part_has_too_many_members");
    const [name, extra, comment] = [numbers.u2(at + 28), numbers.u2(at + 30), numbers.u2(at + 32)];
    const end = at + ENTRY + name + extra + comment;
    if (end > size) throw noZip();
    const flags = numbers.u2(at + 8);
    const method = numbers.u2(at + 10);
    if (flags & ENCRYPTED || (method !== STORED && method !== DEFLATED)) throw noZip();
    const spelt = bytes.slice(at + ENTRY, at + ENTRY + name);
    const [plain, packed, offset] = widened(bytes.subarray(at + ENTRY + name, at + ENTRY + name + extra), [
      numbers.u4(at + 24),
      numbers.u4(at + 20),
      numbers.u4(at + 42),
    ]);
    const sum = numbers.u4(at + 16);
    entries.push({ name: nameOf(spelt, flags), method, sum, packed, size: plain, offset: offset + before, spelt });
    at = end;
  }
  return entries;
}

async function dataStart(source: Source, entry: Entry): Promise<number> {
  if (entry.offset + LOCAL > source.size) throw noZip();
  const numbers = new Numbers(await source.read(entry.offset, entry.offset + LOCAL));
  if (numbers.u4(0) !== 0x04034b50) throw noZip();
  const [name, extra] = [numbers.u2(26), numbers.u2(28)];
  const start = entry.offset + LOCAL + name + extra;
  if (name !== entry.spelt.length || start + entry.packed > source.size) throw noZip();
  const spelt = await source.read(entry.offset + LOCAL, entry.offset + LOCAL + name);
  if (spelt.some((byte, at) => byte !== entry.spelt[at])) throw noZip();
  return start;
}

async function* inflated(packed: AsyncGenerator<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array> {
  const bytes = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        const { done, value } = await packed.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await packed.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  const reader = bytes.pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** The bytes of a member. The last piece is given before the checksum is compared: use nothing of it before the end. */
export async function* member(source: Source, entry: Entry): AsyncGenerator<Uint8Array> {
  const start = await dataStart(source, entry);
  const packed = source.pieces(start, start + entry.packed);
  let [sum, size] = [0, 0];
  try {
    for await (const piece of entry.method === DEFLATED ? inflated(packed) : packed) {
      sum = crc32(sum, piece);
      size += piece.length;
      if (size > entry.size) throw noZip();
      yield piece;
    }
  } catch (error) {
    if (error instanceof TypeError) throw noZip(); // what a decompressor throws at bytes that are not deflated
    throw error;
  }
  if (size !== entry.size || sum !== entry.sum) throw noZip();
}
