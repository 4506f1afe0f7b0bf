// What this visit of the page holds: the practice's key and the package that was chosen. Nothing of it is stored.

import type { Key } from "./age/identity.js";
import type { ChosenPackage } from "./package/open_package.js";

interface Visit {
  key: Key | null;
  package: ChosenPackage | null;
}

const visit: Visit = { key: null, package: null };
const listeners = new Set<() => void>();

export function current(): Readonly<Visit> {
  return visit;
}

export function change(changes: Partial<Visit>): void {
  Object.assign(visit, changes);
  for (const listener of listeners) listener();
}

export function onChange(listener: () => void): void {
  listeners.add(listener);
}

/** Reasons to ask before the page is closed: work that is running, or not saved. */
export const unsaved = new Set<string>();
