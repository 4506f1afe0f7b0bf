// What a practice has done with its lists: boxes ticked, notes, its old software's own numbers. One file, sealed to its key.

import { openText, sealText } from "../age/small.js";
import { Refusal } from "../refusal.js";

export interface Mark {
  done: boolean;
  note: string;
  /** What the old software's statistics say, as the person wrote it. */
  old: string;
}

interface ProgressFile {
  version: 1;
  run: string;
  marks: Record<string, Mark>;
}

const VERSION = 1;
const NONE: Readonly<Mark> = { done: false, note: "", old: "" };

export function progressName(run: string): string {
  return `progress-${run.slice(0, 8)}.age`;
}

export class Progress {
  private marks = new Map<string, Mark>();

  constructor(readonly run: string) {}

  of(id: string): Readonly<Mark> {
    return this.marks.get(id) ?? NONE;
  }

  change(id: string, changes: Partial<Mark>): void {
    const mark = { ...this.of(id), ...changes };
    if (mark.done || mark.note || mark.old) this.marks.set(id, mark);
    else this.marks.delete(id);
  }

  /** How many of these are done. */
  done(ids: string[]): number {
    return ids.filter((id) => this.of(id).done).length;
  }

  async sealed(recipient: string): Promise<Uint8Array<ArrayBuffer>> {
    const marks = Object.fromEntries([...this.marks].sort(([one], [other]) => (one < other ? -1 : 1)));
    const file: ProgressFile = { version: VERSION, run: this.run, marks };
    return sealText(recipient, JSON.stringify(file));
  }

  /** Refuses: progress_does_not_open, progress_of_another. */
  async load(file: Blob, identity: string): Promise<void> {
    let found: Partial<ProgressFile>;
    try {
      found = JSON.parse(await openText(file, identity)) as Partial<ProgressFile>;
    } catch {
      throw new Refusal("progress_does_not_open");
    }
    if (found.version !== VERSION || typeof found.marks !== "object") throw new Refusal("progress_does_not_open");
    if (found.run !== this.run) throw new Refusal("progress_of_another");
    this.marks = new Map(
      Object.entries(found.marks).map(([id, { done, note, old }]) => [
        id,
        { done: done === true, note: String(note ?? ""), old: String(old ?? "") },
      ]),
    );
  }
}
