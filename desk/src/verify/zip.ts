// A proof zip: exactly the bytes that its files make (docs/formats/proof.md). Nothing in it is packed, so nothing can swell, and no
// bit of it is without meaning: a zip that another program wrote is refused.

import { crc32 } from "../bytes/crc32.js";
import { byCodePoint, decode, encode, join, same, type Bytes } from "./bytes.js";
import { demand } from "./fault.js";
import { MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES, type Files } from "./files.js";

/** Headers and names of as many files as there may be. */
const MAX_HEADERS = 2 ** 20;
export const MAX_ZIP_BYTES = MAX_TOTAL_BYTES + MAX_HEADERS;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const UTF8 = 0x800;
const NEW_YEAR_1980 = 0x21;
const MODE = (0o100644 << 16) >>> 0;

/** Little-endian numbers, each with its width in bytes. */
function numbers(...pairs: [number, 2 | 4][]): Bytes {
  const made = new Uint8Array(pairs.reduce((sum, [, width]) => sum + width, 0));
  const view = new DataView(made.buffer);
  let at = 0;
  for (const [value, width] of pairs) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += width;
  }
  return made;
}

function packed(files: Files): Bytes {
  const parts: Bytes[] = [];
  const directory: Bytes[] = [];
  let offset = 0;
  for (const [name, data] of [...files].sort(([a], [b]) => byCodePoint(a, b))) {
    const spelt = encode(name);
    const flags = /^[\x00-\x7f]*$/.test(name) ? 0 : UTF8;
    const sum = crc32(0, data);
    const told = numbers([20, 2], [flags, 2], [0, 2], [0, 2], [NEW_YEAR_1980, 2], [sum, 4], [data.length, 4], [data.length, 4]);
    const lengths = numbers([spelt.length, 2], [0, 2]);
    parts.push(numbers([LOCAL, 4]), told, lengths, spelt, data);
    const rest = numbers([0, 2], [0, 2], [0, 2], [MODE, 4], [offset, 4]);
    directory.push(numbers([0x02014b50, 4], [0x0314, 2]), told, lengths, rest, spelt);
    offset += LOCAL_BYTES + spelt.length + data.length;
  }
  const listed = join(...directory);
  const end = numbers([0x06054b50, 4], [0, 2], [0, 2], [files.size, 2], [files.size, 2], [listed.length, 4], [offset, 4], [0, 2]);
  return join(...parts, listed, end);
}

export function readZip(zip: Bytes): Files {
  const files = new Map<string, Bytes>();
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  let [at, total] = [0, 0];
  while (at + LOCAL_BYTES <= zip.length && view.getUint32(at, true) === LOCAL) {
    const [size, length] = [view.getUint32(at + 22, true), view.getUint16(at + 26, true)];
    const start = at + LOCAL_BYTES + length;
    total += size;
    demand(size <= MAX_FILE_BYTES && total <= MAX_TOTAL_BYTES && files.size < MAX_FILES, "folder_too_large", 93);
    files.set(decode(zip.subarray(at + LOCAL_BYTES, start)), zip.slice(start, start + size));
    at = start + size;
  }
  demand(same(packed(files), zip), "zip_not_as_written", 93);
  demand(files.has("manifest.json") && files.has("manifest.sig"), "no_manifest", 93);
  return files;
}
