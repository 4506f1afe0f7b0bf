// A verifier key `name+hash+base64(kind, public)` (C2SP signed-note): of a log (kind 1) or of a witness (kind 4).

import { encode, fromBase64, hex, type Bytes } from "./bytes.js";
import { sha256 } from "./digest.js";
import { verifies } from "./ed25519.js";
import { demand, malformed } from "./fault.js";

export const LOG = 1;
export const WITNESS = 4;

export class Key {
  private constructor(
    readonly name: string,
    /** The first four bytes of a digest, in hexadecimal. */
    readonly id: string,
    private readonly open: Bytes,
  ) {}

  static parse(vkey: string, kind: number): Key {
    const [name, short, ...rest] = vkey.split("+");
    if (name === undefined || short === undefined || !rest.length) throw malformed();
    const raw = fromBase64(rest.join("+"));
    const id = hex(sha256(encode(`${name}\n`), raw).subarray(0, 4));
    demand(name && raw[0] === kind && raw.length === 33 && id === short, "vkey_malformed");
    return new Key(name, id, raw.slice(1));
  }

  async verify(signature: Bytes, message: Bytes): Promise<void> {
    demand(await verifies(this.open, signature, message), "signature_invalid");
  }
}
