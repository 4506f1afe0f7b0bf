// Step 10: each time stamp is over the file beside it. Who issued it is not checked here.

import { ascii, find, type Bytes } from "./bytes.js";
import { sha256 } from "./digest.js";
import { demand, Fault, malformed } from "./fault.js";
import { file, stamps, type Files } from "./files.js";

/** When a time stamp claims to be made: the field of TSTInfo (RFC 3161, 2.4.2) after imprint and serial number. */
export function stampTime(over: Bytes, response: Bytes): string {
  const digest = sha256(over);
  const place = find(response, digest);
  const after = place < 0 ? new Uint8Array() : response.subarray(place + digest.length);
  demand(after[0] === 2, "stamp_of_something_else");
  const serial = after[1];
  if (serial === undefined) throw malformed();
  const time = after.subarray(2 + serial);
  const length = time[1];
  if (length === undefined) throw malformed();
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/.exec(ascii(time.subarray(2, 2 + length)));
  if (!found) throw new Fault("stamp_malformed");
  const [, year, month, day, hour, minute, second] = found;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}

/** The files that a time stamp lies beside. */
export function checkStamps(files: Files): string[] {
  return stamps(files).map((name) => {
    const of = name.slice(0, -".tsr".length);
    demand(find(file(files, name), sha256(file(files, of))) >= 0, "stamp_of_something_else");
    return of;
  });
}
