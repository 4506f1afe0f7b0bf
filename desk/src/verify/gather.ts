// The files that a person gives: a zip, a folder, or what is dropped. What is too large is refused before it is read.

import type { Bytes } from "./bytes.js";
import { demand, Fault } from "./fault.js";
import { MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES, type Files } from "./files.js";
import { MAX_ZIP_BYTES, readZip } from "./zip.js";

/** What was given, not read yet. */
export type Given = { kind: "zip"; file: File } | { kind: "folder"; name: string; files: Map<string, File> };

export async function read(file: Blob): Promise<Bytes> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Fault("unreadable", 93);
  }
}

function checkSizes(files: Iterable<File>): void {
  let [count, total] = [0, 0];
  for (const { size } of files) {
    total += size;
    count += 1;
    demand(size <= MAX_FILE_BYTES && total <= MAX_TOTAL_BYTES && count <= MAX_FILES, "folder_too_large", 93);
  }
}

/** What an input for a folder gives: each file with its way below the folder. */
export function ofInput(chosen: File[]): Given {
  const [name = ""] = chosen[0]?.webkitRelativePath.split("/") ?? [];
  const inner = chosen.map((file): [string, File] => [file.webkitRelativePath.split("/").slice(1).join("/"), file]);
  return { kind: "folder", name, files: new Map(inner) };
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> => new Promise((done, fail) => entry.file(done, fail));

async function* inside(folder: FileSystemDirectoryEntry): AsyncGenerator<FileSystemEntry> {
  const reader = folder.createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return;
    yield* some;
  }
}

async function walk(folder: FileSystemDirectoryEntry, start: string, found: Map<string, File>): Promise<void> {
  demand(start.split("/").length < 10, "folder_too_large", 93); // a proof has one level
  for await (const entry of inside(folder)) {
    if (entry.isDirectory) await walk(entry as FileSystemDirectoryEntry, `${start}${entry.name}/`, found);
    else found.set(`${start}${entry.name}`, await fileOf(entry as FileSystemFileEntry));
    demand(found.size <= MAX_FILES, "folder_too_large", 93);
  }
}

/** What was dropped. Its entries must be asked for before anything is awaited. */
export async function ofDrop(data: DataTransfer): Promise<Given | null> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const [file] = data.files;
  const folder = entries.find((entry) => entry?.isDirectory);
  if (!folder) return file ? { kind: "zip", file } : null;
  const found = new Map<string, File>();
  try {
    await walk(folder as FileSystemDirectoryEntry, "", found);
  } catch (error) {
    throw error instanceof Fault ? error : new Fault("unreadable", 93);
  }
  return { kind: "folder", name: folder.name, files: found };
}

export async function filesOf(given: Given): Promise<Files> {
  if (given.kind === "zip") {
    demand(given.file.size <= MAX_ZIP_BYTES, "folder_too_large", 93);
    return readZip(await read(given.file));
  }
  checkSizes(given.files.values());
  const files = new Map<string, Bytes>();
  for (const [name, file] of given.files) files.set(name, await read(file));
  demand(files.has("manifest.json") && files.has("manifest.sig"), "no_manifest", 93);
  return files;
}
