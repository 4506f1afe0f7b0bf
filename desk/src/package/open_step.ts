// Step 3: check the package, then write it into a folder or a zip.

import { clearPrivateFile, openSinkAt, pickFile, removePicked } from "../bytes/sinks.js";
import { number, say, size } from "../say.js";
import { attempt, byId, onClick, show } from "../view.js";
import { current, onChange, unsaved } from "../visit.js";
import { canWriteFolders, pickEmptyFolder, writeFolder, writeZip } from "./import_folder.js";
import { openPackage, type ChosenPackage, type OpenedPackage } from "./open_package.js";

const UNSAVED = "open";
const ZIP_NAME = "import.zip"; // names nobody
let stopping: AbortController | null = null;

/** A place that the person chose. */
interface Place {
  /** Writes what was opened; gives an address to download from, or null. */
  write(opened: OpenedPackage, tell: (bytes: number) => void): Promise<string | null>;
  /** Leaves nothing behind after a refusal. */
  discard(): Promise<void>;
}

function refreshOpenStep(): void {
  const { key, package: chosen } = current();
  const ready = key !== null && chosen !== null && stopping === null;
  const folders = canWriteFolders();
  byId<HTMLButtonElement>("open-folder").disabled = !ready;
  byId<HTMLButtonElement>("open-zip").disabled = !ready;
  byId("open-folder").hidden = !folders;
  byId("open-folder-text").hidden = !folders;
  byId("open-zip").classList.toggle("plain", folders);
  byId("open-zip-text").hidden = folders;
}

function busy(now: AbortController | null): void {
  stopping = now;
  byId("open-stop").hidden = now === null;
  byId("open-progress").hidden = now === null;
  if (now) unsaved.add(UNSAVED);
  else unsaved.delete(UNSAVED);
  refreshOpenStep();
}

function bar(total: number): (bytes: number) => void {
  const shown = byId<HTMLProgressElement>("open-progress");
  let passed = 0;
  shown.value = 0;
  return (bytes) => {
    passed += bytes;
    shown.value = total ? Math.min(1, passed / total) : 1;
  };
}

async function checkAndWrite(chosen: ChosenPackage, identity: string, signal: AbortSignal, place: Place): Promise<void> {
  const sealed = chosen.manifest.parts.reduce((sum, part) => sum + part.bytes, 0);
  show("open-phase", say("desk.open.checking"));
  const opened = await openPackage(chosen, identity, { signal, tell: bar(2 * sealed) });
  show("open-phase", say("desk.open.writing"));
  const address = await place.write(opened, bar(opened.bytes));
  finished(opened, address);
}

function finished(opened: OpenedPackage, address: string | null): void {
  show("opened-text", say("desk.open.done", { files: number(opened.files), size: size(opened.bytes) }));
  byId("opened-link").hidden = address === null;
  if (address !== null) byId<HTMLAnchorElement>("open-download").href = address;
  byId("opened").hidden = false;
  byId("opened-title").focus();
}

/** `choose` asks where to write, which a browser allows only right after a click. */
async function open(choose: (signal: AbortSignal) => Promise<Place>): Promise<void> {
  const { key, package: chosen } = current();
  if (!key || !chosen) return;
  const stop = new AbortController();
  byId("opened").hidden = true;
  await attempt("open-status", async () => {
    const place = await choose(stop.signal);
    busy(stop);
    try {
      await checkAndWrite(chosen, key.identity, stop.signal, place);
    } catch (error) {
      await place.discard();
      throw error;
    }
  });
  show("open-phase", "");
  busy(null);
}

async function chooseFolder(signal: AbortSignal): Promise<Place> {
  const folder = await pickEmptyFolder();
  return {
    write: async (opened, tell) => {
      await writeFolder(folder, opened, say("desk.open.unfinished"), { signal, tell });
      return null;
    },
    discard: async () => undefined, // the writer has emptied it
  };
}

async function chooseZip(signal: AbortSignal): Promise<Place> {
  const picked = await pickFile(ZIP_NAME);
  return {
    write: async (opened, tell) => {
      const sink = await openSinkAt(picked, ZIP_NAME, opened.bytes);
      return writeZip(sink, opened, { signal, tell });
    },
    discard: async () => {
      await removePicked(picked);
      await clearPrivateFile(ZIP_NAME);
    },
  };
}

export function startOpenStep(): void {
  onClick("open-folder", () => open(chooseFolder));
  onClick("open-zip", () => open(chooseZip));
  onClick("open-stop", () => stopping?.abort());
  byId<HTMLAnchorElement>("open-download").download = ZIP_NAME;
  onChange(() => {
    byId("opened").hidden = true;
    refreshOpenStep();
  });
  refreshOpenStep();
  void clearPrivateFile(ZIP_NAME); // of an earlier visit
}
