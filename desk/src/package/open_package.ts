// Opens a package: everything is checked before the first byte is given out; then the members, one after the other.

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { SealedFile } from "../age/sealed_file.js";
import { member, readDirectory, type Entry } from "../bytes/zip_reader.js";
import { Refusal } from "../refusal.js";
import { MANIFEST, readManifest, type ListedFile, type Manifest } from "./manifest.js";
import { folded, isName } from "./names.js";

/** A part may not unpack to more bytes than deflate allows: then its members overlap. The numbers are those of `reprise open`. */
const FLOOR = 2 ** 20;
const MOST = 1100;
const MEMBERS = 500_000;
const PIECE = 2 ** 20;

export interface Progress {
  signal: AbortSignal;
  /** Told how many bytes of sealed parts were passed over since the last call. */
  tell(bytes: number): void;
}

/** A package as it was chosen: its manifest, and the files that the manifest lists, as far as they are there. */
export interface ChosenPackage {
  manifest: Manifest;
  files: ReadonlyMap<string, File>;
}

export interface OpenedMember {
  path: string;
  size: number;
  pieces(): AsyncGenerator<Uint8Array>;
}

/** Finds the package among the files of a folder. Refuses: manifest_missing, and what `readManifest` refuses. */
export async function choosePackage(chosen: readonly File[]): Promise<ChosenPackage> {
  const files = new Map(chosen.map((file) => [file.name, file]));
  const listing = files.get(MANIFEST);
  if (!listing) throw new Refusal("manifest_missing");
  return { manifest: await readManifest(listing), files };
}

async function hasDigest(file: File, listed: ListedFile, progress: Progress): Promise<boolean> {
  if (file.size !== listed.bytes) return false;
  const hash = sha256.create();
  for (let at = 0; at < file.size; at += PIECE) {
    progress.signal.throwIfAborted();
    const piece = await file.slice(at, at + PIECE).arrayBuffer();
    hash.update(new Uint8Array(piece));
    progress.tell(piece.byteLength);
  }
  return bytesToHex(hash.digest()) === listed.sha256;
}

/** Open one part whose bytes are those of the manifest. Refuses: part_altered, sealed_part_does_not_open. */
export async function openPart(
  chosen: ChosenPackage,
  part: ListedFile,
  identity: string,
  progress: Progress,
): Promise<SealedFile> {
  const file = chosen.files.get(part.name);
  if (!file || !(await hasDigest(file, part, progress))) throw new Refusal("part_altered", part.name);
  try {
    return await SealedFile.open(file, identity);
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(error.code, part.name) : error;
  }
}

/** What lies beside the parts may be left out, but not be another. Refuses: beside_altered. */
async function checkBeside(chosen: ChosenPackage, progress: Progress): Promise<void> {
  for (const listed of chosen.manifest.beside) {
    const file = chosen.files.get(listed.name);
    if (file && !(await hasDigest(file, listed, { ...progress, tell: () => undefined }))) {
      throw new Refusal("beside_altered", listed.name);
    }
  }
}

/** A file beside the parts, as the manifest lists it; null where the package has none. Refuses: beside_altered. */
export async function fileBeside(chosen: ChosenPackage, name: string): Promise<File | null> {
  const listed = chosen.manifest.beside.find((one) => one.name === name);
  const file = chosen.files.get(name);
  if (!listed || !file) return null;
  const quiet = { signal: new AbortController().signal, tell: () => undefined };
  if (!(await hasDigest(file, listed, quiet))) throw new Refusal("beside_altered", name);
  return file;
}

/** The paths of all parts: each a plain file with a name of its own, on every file system. */
class Paths {
  private readonly files = new Set<string>();
  private readonly folders = new Set<string>();

  add(path: string): void {
    const steps = path.split("/");
    if (!steps.every(isName)) throw new Refusal("member_leaves_folder");
    const name = folded(path);
    if (this.files.has(name)) throw new Refusal("member_named_twice");
    const above = steps.slice(0, -1).map((_, at) => folded(steps.slice(0, at + 1).join("/")));
    if (this.folders.has(name) || above.some((folder) => this.files.has(folder))) {
      throw new Refusal("part_is_no_zip");
    }
    this.files.add(name);
    for (const folder of above) this.folders.add(folder);
  }
}

/** Read every byte of every member once. Refuses: part_is_no_zip, part_unpacks_to_too_much. */
async function checkMembers(sealed: SealedFile, entries: Entry[], part: ListedFile, progress: Progress): Promise<void> {
  let allowance = FLOOR + MOST * part.bytes;
  let passed = 0;
  for (const entry of entries) {
    progress.signal.throwIfAborted();
    for await (const piece of member(sealed, entry)) {
      progress.signal.throwIfAborted();
      allowance -= piece.length;
      if (allowance < 0) throw new Refusal("part_unpacks_to_too_much", part.name);
    }
    progress.tell(Math.min(entry.packed, part.bytes - passed));
    passed += entry.packed;
  }
}

export interface OpenedPackage {
  files: number;
  /** The bytes of all files together. */
  bytes: number;
  members(): AsyncGenerator<OpenedMember>;
}

/**
 * Check all of a package: the parts against the manifest, every chunk, every member. Only then can members be read.
 * What was checked is what is read: the browser refuses a file that was changed since it was chosen.
 */
export async function openPackage(
  chosen: ChosenPackage,
  identity: string,
  progress: Progress,
): Promise<OpenedPackage> {
  await checkBeside(chosen, progress);
  const paths = new Paths();
  const parts: { sealed: SealedFile; entries: Entry[] }[] = [];
  for (const part of chosen.manifest.parts) {
    const sealed = await openPart(chosen, part, identity, progress);
    const entries = await readDirectory(sealed, MEMBERS);
    for (const { name } of entries) paths.add(name);
    await checkMembers(sealed, entries, part, progress);
    parts.push({ sealed, entries });
  }
  async function* members(): AsyncGenerator<OpenedMember> {
    for (const { sealed, entries } of parts) {
      for (const entry of entries) {
        yield { path: entry.name, size: entry.size, pieces: () => member(sealed, entry) };
      }
    }
  }
  const all = parts.flatMap(({ entries }) => entries);
  return { files: all.length, bytes: all.reduce((sum, { size }) => sum + size, 0), members };
}
