// Several files as one zip, written as a stream: stored, zip64, sizes and checksums after each file (APPNOTE 6.3).

import { crc32 } from "./crc32.js";

export interface Member {
  name: string;
  pieces(): AsyncIterable<Uint8Array>;
}

const DESCRIPTOR_AND_UTF8 = 0x0808;
const VERSION = 45; // zip64
const NO_DATE = 0x21; // 1 January 1980: when a file was made is not part of the export

interface Written {
  name: Uint8Array;
  size: number;
  sum: number;
  offset: number;
}

class Fields {
  private readonly bytes: number[] = [];

  put(width: 2 | 4 | 8, ...values: number[]): this {
    for (const value of values) {
      let rest = BigInt(value);
      for (let i = 0; i < width; i++, rest >>= 8n) this.bytes.push(Number(rest & 255n));
    }
    return this;
  }

  done(...tails: Uint8Array[]): Uint8Array {
    const size = tails.reduce((sum, tail) => sum + tail.length, this.bytes.length);
    const whole = new Uint8Array(size);
    whole.set(this.bytes);
    let at = this.bytes.length;
    for (const tail of tails) {
      whole.set(tail, at);
      at += tail.length;
    }
    return whole;
  }
}

function localHeader(name: Uint8Array): Uint8Array {
  const extra = new Fields().put(2, 1, 16).put(8, 0, 0).done(); // says that the descriptor has 64-bit sizes
  return new Fields()
    .put(4, 0x04034b50)
    .put(2, VERSION, DESCRIPTOR_AND_UTF8, 0, 0, NO_DATE)
    .put(4, 0, 0xffffffff, 0xffffffff)
    .put(2, name.length, extra.length)
    .done(name, extra);
}

function descriptor(sum: number, size: number): Uint8Array {
  return new Fields().put(4, 0x08074b50, sum).put(8, size, size).done();
}

function directoryEntry(member: Written): Uint8Array {
  const extra = new Fields().put(2, 1, 24).put(8, member.size, member.size, member.offset).done();
  return new Fields()
    .put(4, 0x02014b50)
    .put(2, VERSION, VERSION, DESCRIPTOR_AND_UTF8, 0, 0, NO_DATE)
    .put(4, member.sum, 0xffffffff, 0xffffffff)
    .put(2, member.name.length, extra.length, 0, 0, 0)
    .put(4, 0, 0xffffffff)
    .done(member.name, extra);
}

function ending(count: number, size: number, offset: number): Uint8Array {
  const end = new Fields()
    .put(4, 0x06064b50)
    .put(8, 44)
    .put(2, VERSION, VERSION)
    .put(4, 0, 0)
    .put(8, count, count, size, offset);
  end.put(4, 0x07064b50, 0).put(8, offset + size).put(4, 1);
  end.put(4, 0x06054b50).put(2, 0, 0, 0xffff, 0xffff).put(4, 0xffffffff, 0xffffffff).put(2, 0);
  return end.done();
}

/** The zip, piece by piece. */
export async function* zip(members: Iterable<Member> | AsyncIterable<Member>): AsyncGenerator<Uint8Array> {
  const written: Written[] = [];
  let at = 0;
  for await (const { name, pieces } of members) {
    const member = { name: new TextEncoder().encode(name), size: 0, sum: 0, offset: at };
    const header = localHeader(member.name);
    yield header;
    for await (const piece of pieces()) {
      member.sum = crc32(member.sum, piece);
      member.size += piece.length;
      yield piece;
    }
    const after = descriptor(member.sum, member.size);
    yield after;
    at += header.length + member.size + after.length;
    written.push(member);
  }
  let size = 0;
  for (const member of written) {
    const entry = directoryEntry(member);
    size += entry.length;
    yield entry;
  }
  yield ending(written.length, size, at);
}
