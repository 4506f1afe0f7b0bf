// What steps 3 to 5 need first: the package, and the key that opens it.

import { readKey, readKeyFile } from "../age/identity.js";
import { number, say, size } from "../say.js";
import { attempt, byId, onClick, onFiles, show } from "../view.js";
import { change, current, onChange } from "../visit.js";
import { choosePackage } from "./open_package.js";

async function takePackage(files: File[]): Promise<void> {
  change({ package: null });
  await attempt("package-status", async () => change({ package: await choosePackage(files) }));
}

async function takeKey(file: File, status: string): Promise<void> {
  await attempt(status, async () => change({ key: await readKeyFile(file) }));
}

async function takeTypedKey(): Promise<void> {
  const input = byId<HTMLInputElement>("typed-key");
  await attempt("key-status", async () => {
    change({ key: await readKey(input.value.replace(/\s/g, "").toUpperCase()) });
    input.value = "";
  });
}

function showChosen(): void {
  const { key, package: chosen } = current();
  show("key-chosen", key?.recipient ?? "");
  if (!chosen) {
    show("package-chosen", "");
    return;
  }
  const { parts } = chosen.manifest;
  const missing = parts.filter(({ name }) => !chosen.files.has(name)).map(({ name }) => name);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const found = say("desk.choose.package_found", { parts: number(parts.length), size: size(bytes) });
  show("package-chosen", missing.length ? "" : found);
  show("package-status", missing.length ? say("desk.choose.missing", { names: missing.join(", ") }) : "");
}

export function startPackagePanel(): void {
  onFiles("package-folder", takePackage);
  onFiles("package-files", takePackage);
  onFiles("key-file", ([file]) => takeKey(file!, "key-status"));
  onFiles("challenge-key", ([file]) => takeKey(file!, "challenge-status"));
  onClick("use-typed", takeTypedKey);
  onChange(showChosen);
}

export function refreshPackagePanel(): void {
  showChosen();
}
