// Where an opened package goes: a folder that the person chooses, or a zip. What was begun and not ended is removed.

import { zip, type Member } from "../bytes/zip_writer.js";
import type { Sink } from "../bytes/sinks.js";
import { Refusal } from "../refusal.js";
import type { OpenedMember, OpenedPackage } from "./open_package.js";

type DirectoryPicker = (options: object) => Promise<FileSystemDirectoryHandle>;

function directoryPicker(): DirectoryPicker | undefined {
  return (window as unknown as { showDirectoryPicker?: DirectoryPicker }).showDirectoryPicker;
}

export function canWriteFolders(): boolean {
  return directoryPicker() !== undefined;
}

/** Ask for an empty folder. Must be called from a click. Refuses: into_not_new. */
export async function pickEmptyFolder(): Promise<FileSystemDirectoryHandle> {
  const picked = await directoryPicker()!.call(window, { id: "reprise-import", mode: "readwrite" });
  for await (const _ of picked.keys()) throw new Refusal("into_not_new");
  return picked;
}

/** Says that the folder is not complete, as long as it is there. */
export const UNFINISHED = "not-complete.txt";

interface Writing {
  signal: AbortSignal;
  tell(bytes: number): void;
}

async function writeMember(
  root: FileSystemDirectoryHandle,
  { path, pieces }: OpenedMember,
  { signal, tell }: Writing,
): Promise<void> {
  const steps = path.split("/");
  let folder = root;
  for (const step of steps.slice(0, -1)) folder = await folder.getDirectoryHandle(step, { create: true });
  const handle = await folder.getFileHandle(steps.at(-1)!, { create: true });
  const sink = await handle.createWritable();
  try {
    for await (const piece of pieces()) {
      signal.throwIfAborted();
      await sink.write(piece as Uint8Array<ArrayBuffer>);
      tell(piece.length);
    }
    await sink.close();
  } catch (error) {
    await sink.abort().catch(() => undefined);
    throw error;
  }
}

async function empty(folder: FileSystemDirectoryHandle): Promise<void> {
  const names: string[] = [];
  for await (const name of folder.keys()) names.push(name);
  for (const name of names) await folder.removeEntry(name, { recursive: true });
}

/** Write all members below an empty folder; after a failure it is empty again. `warning` is the text of its mark. */
export async function writeFolder(
  folder: FileSystemDirectoryHandle,
  opened: OpenedPackage,
  warning: string,
  writing: Writing,
): Promise<void> {
  try {
    const mark = await (await folder.getFileHandle(UNFINISHED, { create: true })).createWritable();
    await mark.write(warning);
    await mark.close();
    for await (const each of opened.members()) await writeMember(folder, each, writing);
    await folder.removeEntry(UNFINISHED);
  } catch (error) {
    await empty(folder).catch(() => undefined);
    throw error;
  }
}

/** Write all members as one zip; gives an address to download from, or null when it lies where the person said. */
export async function writeZip(
  sink: Sink,
  opened: OpenedPackage,
  { signal, tell }: Writing,
): Promise<string | null> {
  async function* members(): AsyncGenerator<Member> {
    for await (const { path, pieces } of opened.members()) yield { name: path, pieces };
  }
  const writer = sink.stream.getWriter();
  try {
    for await (const piece of zip(members())) {
      signal.throwIfAborted();
      await writer.write(piece);
      tell(piece.length);
    }
    await writer.close();
  } catch (error) {
    await writer.abort().catch(() => undefined);
    throw error;
  }
  return sink.finish();
}
