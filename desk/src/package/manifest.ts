// The manifest of a package: its run, its sealed parts, and what lies beside them. The checks are those of `reprise open`.

import { Refusal } from "../refusal.js";
import { isName } from "./names.js";

export interface ListedFile {
  name: string;
  sha256: string;
  bytes: number;
}

export interface Manifest {
  run: string;
  parts: ListedFile[];
  /** Files that are not sealed: this page and a text to read first. */
  beside: ListedFile[];
}

export const MANIFEST = "manifest.json";
const VERSION = 1;
const MOST_BYTES = 64 * 2 ** 20;

function isListed(row: unknown): row is ListedFile {
  const found = row as Partial<ListedFile> | null;
  return (
    typeof found === "object" &&
    found !== null &&
    typeof found.name === "string" &&
    typeof found.sha256 === "string" &&
    Number.isSafeInteger(found.bytes)
  );
}

function listed(rows: unknown): ListedFile[] {
  if (!Array.isArray(rows) || !rows.every(isListed)) throw new Refusal("manifest_malformed");
  return rows.map(({ name, sha256, bytes }) => ({ name, sha256, bytes }));
}

function parsed(bytes: ArrayBuffer): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof found === "object" && found !== null && !Array.isArray(found)) return found as Record<string, unknown>;
  } catch {
    // not JSON, or not UTF-8
  }
  throw new Refusal("manifest_malformed");
}

/** Refuses: manifest_malformed, package_version_unknown. */
export async function readManifest(file: Blob): Promise<Manifest> {
  const raw = parsed(await file.slice(0, MOST_BYTES).arrayBuffer());
  const [parts, beside] = [listed(raw["parts"]), listed(raw["beside"] ?? [])];
  const names = [...parts, ...beside].map(({ name }) => name);
  if (!parts.length || new Set(names).size !== names.length || !names.every(isName)) {
    throw new Refusal("manifest_malformed");
  }
  if (raw["version"] !== VERSION) throw new Refusal("package_version_unknown");
  return { run: String(raw["run"]), parts, beside };
}
