// Where a large file goes: a file the person names, else the browser's own file system, else memory.

import { Refusal } from "../refusal.js";

export interface Sink {
  stream: WritableStream<Uint8Array>;
  /** An address to download from, or null when the file already is where the person wanted it. */
  finish(): Promise<string | null>;
}

/** Above this, a browser that can only hold the file in memory is not asked to. */
export const MEMORY_LIMIT = 512 * 2 ** 20;

type SavePicker = (options: object) => Promise<FileSystemFileHandle>;

/** Ask where to save; null where a browser cannot. Must be called from a click. */
export async function pickFile(name: string): Promise<FileSystemFileHandle | null> {
  const picker = (window as unknown as { showSaveFilePicker?: SavePicker }).showSaveFilePicker;
  return picker ? picker.call(window, { suggestedName: name }) : null;
}

/** Write where the person said, or find room. */
export async function openSinkAt(picked: FileSystemFileHandle | null, name: string, size: number): Promise<Sink> {
  if (picked) return { stream: await picked.createWritable(), finish: async () => null };
  return (await privateFile(name)) ?? inMemory(size);
}

/** Ask where to save, or find room. Must be called from a click. */
export async function openSink(name: string, size: number): Promise<Sink> {
  return openSinkAt(await pickFile(name), name, size);
}

/** Remove the file that a picker made, where nothing was written into it. */
export async function removePicked(picked: FileSystemFileHandle | null): Promise<void> {
  const removable = picked as (FileSystemFileHandle & { remove?: () => Promise<void> }) | null;
  await removable?.remove?.().catch(() => undefined);
}

async function privateFile(name: string): Promise<Sink | null> {
  let handle: FileSystemFileHandle;
  let stream: FileSystemWritableFileStream;
  try {
    const root = await navigator.storage.getDirectory();
    handle = await root.getFileHandle(name, { create: true });
    stream = await handle.createWritable();
  } catch {
    return null; // a page opened from disk has none
  }
  return { stream, finish: async () => URL.createObjectURL(await handle.getFile()) };
}

/** Forget what an earlier visit left in the browser's own file system. */
export async function clearPrivateFile(name: string): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry(name);
  } catch {
    return; // there is none
  }
}

function inMemory(size: number): Sink {
  if (size > MEMORY_LIMIT) throw new Refusal("too_large_for_memory");
  const pieces: BlobPart[] = [];
  const stream = new WritableStream<Uint8Array>({
    write: (piece) => void pieces.push(piece as Uint8Array<ArrayBuffer>),
  });
  return { stream, finish: async () => URL.createObjectURL(new Blob(pieces)) };
}
