// CRC-32 as zip wants it (ISO 3309), four bytes at a time.

const TABLES = [0, 1, 2, 3].map(() => new Uint32Array(256));

for (let value = 0; value < 256; value++) {
  let rest = value;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  TABLES[0]![value] = rest >>> 0;
}
for (let value = 0; value < 256; value++) {
  for (let slice = 1; slice < 4; slice++) {
    const before = TABLES[slice - 1]![value]!;
    TABLES[slice]![value] = (before >>> 8) ^ TABLES[0]![before & 255]!;
  }
}
const [T0, T1, T2, T3] = TABLES as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];

/** The checksum after these bytes, going on from `sum` (0 at the start). */
export function crc32(sum: number, bytes: Uint8Array): number {
  let state = ~sum;
  let at = 0;
  for (const end = bytes.length - 3; at < end; at += 4) {
    state ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    state =
      T3[state & 255]! ^ T2[(state >>> 8) & 255]! ^ T1[(state >>> 16) & 255]! ^ T0[state >>> 24]!;
  }
  for (; at < bytes.length; at++) state = (state >>> 8) ^ T0[(state ^ bytes[at]!) & 255]!;
  return ~state >>> 0;
}
