// Small sealed objects, whole in memory.

import { Encrypter } from "age-encryption";
import { SealedFile } from "./sealed_file.js";

export async function sealText(recipient: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return new Uint8Array(await encrypter.encrypt(text));
}

/** Refuses: sealed_part_does_not_open. */
export async function openText(file: Blob, identity: string): Promise<string> {
  const sealed = await SealedFile.open(file, identity);
  return new TextDecoder("utf-8", { fatal: true }).decode(await sealed.read(0, sealed.size));
}
