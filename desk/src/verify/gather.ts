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

/** What a dropped folder is, in a browser with file handles and in one with entries alone. */
type Folder = FileSystemDirectoryHandle | FileSystemDirectoryEntry;
type Inside = { name: string; folder: Folder } | { name: string; file: File };

interface Droppable {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

const fileOf = (entry: FileSystemFileEntry): Promise<File> => new Promise((done, fail) => entry.file(done, fail));

async function* ofHandle(folder: FileSystemDirectoryHandle): AsyncGenerator<Inside> {
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === "directory") yield { name, folder: handle as FileSystemDirectoryHandle };
    else yield { name, file: await (handle as FileSystemFileHandle).getFile() };
  }
}

async function* ofEntry(folder: FileSystemDirectoryEntry): AsyncGenerator<Inside> {
  const reader = folder.createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return;
    for (const entry of some) {
      if (entry.isDirectory) yield { name: entry.name, folder: entry as FileSystemDirectoryEntry };
      else yield { name: entry.name, file: await fileOf(entry as FileSystemFileEntry) };
    }
  }
}

async function walk(folder: Folder, start: string, found: Map<string, File>): Promise<void> {
  demand(start.split("/").length < 10, "folder_too_large", 93); // a proof has one level
  for await (const inner of "kind" in folder ? ofHandle(folder) : ofEntry(folder)) {
    if ("folder" in inner) await walk(inner.folder, `${start}${inner.name}/`, found);
    else found.set(`${start}${inner.name}`, inner.file);
    demand(found.size <= MAX_FILES, "folder_too_large", 93);
  }
}

/** Handles first: on a page of `file:`, Chromium gives entries whose files it does not read. */
async function folderOf(item: DataTransferItem | undefined): Promise<Folder | null> {
  const entry = item?.webkitGetAsEntry?.() ?? null;
  if (!item || !entry?.isDirectory) return null;
  const handle = await (item as Droppable).getAsFileSystemHandle?.().catch(() => null);
  return handle?.kind === "directory" ? (handle as FileSystemDirectoryHandle) : (entry as FileSystemDirectoryEntry);
}

/** What was dropped; of several things, the first. What it is must be asked for before anything is awaited. */
export async function ofDrop(data: DataTransfer): Promise<Given | null> {
  const [file] = data.files;
  const dropped = folderOf(data.items[0]);
  const found = new Map<string, File>();
  try {
    const folder = await dropped;
    if (!folder) return file ? { kind: "zip", file } : null;
    await walk(folder, "", found);
    return { kind: "folder", name: folder.name, files: found };
  } catch (error) {
    throw error instanceof Fault ? error : new Fault("unreadable", 93);
  }
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
