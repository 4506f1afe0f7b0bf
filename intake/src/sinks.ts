// Where the sealed file goes: a file the person names, else the browser's own file system, else memory.

export interface Sink {
  stream: WritableStream<Uint8Array>;
  /** An address to download from, or null when the file already is where the person wanted it. */
  finish(): Promise<string | null>;
}

/** Above this, a browser that can only hold the file in memory is not asked to. */
export const MEMORY_LIMIT = 512 * 2 ** 20;

export class TooLargeForMemory extends Error {}

type SavePicker = (options: object) => Promise<FileSystemFileHandle>;

/** Ask where to save, or find room. Must be called from a click. */
export async function openSink(name: string, size: number): Promise<Sink> {
  const picker = (window as unknown as { showSaveFilePicker?: SavePicker }).showSaveFilePicker;
  if (picker) {
    const handle = await picker.call(window, { suggestedName: name });
    return { stream: await handle.createWritable(), finish: async () => null };
  }
  return (await privateFile(name)) ?? inMemory(size);
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
  if (size > MEMORY_LIMIT) throw new TooLargeForMemory();
  const pieces: BlobPart[] = [];
  const stream = new WritableStream<Uint8Array>({
    write: (piece) => void pieces.push(piece as Uint8Array<ArrayBuffer>),
  });
  return { stream, finish: async () => URL.createObjectURL(new Blob(pieces)) };
}
