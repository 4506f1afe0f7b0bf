// What the three lists have in common: a title, filters, entries, a table for a spreadsheet.

import { say } from "../say.js";
import { make } from "../view.js";
import type { Progress } from "./progress.js";

export type Table = (string | number)[][];

export interface List {
  title(): string;
  about(): string;
  /** Each filter as a field; the list reads its value when it is drawn. */
  filters(): HTMLElement[];
  /** The entries that the filters let through, each drawn when it is asked for. */
  entries(): (() => Node)[];
  /** Around the entries. */
  container(): HTMLElement;
  /** What was drawn, as a table with a head. */
  table(): Table;
  csvName: string;
}

export interface Context {
  progress: Progress;
  /** Something was ticked or written. */
  changed(): void;
  /** Show the work list of one patient. */
  showPoints(chart: string): void;
}

/** Text without case or accents, to search in. */
export function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

export function tick({ progress, changed }: Context, id: string, label: string): HTMLElement {
  const box = make("input", { type: "checkbox" });
  box.checked = progress.of(id).done;
  box.addEventListener("change", () => {
    progress.change(id, { done: box.checked });
    changed();
  });
  return make("label", { class: "tick" }, box, make("span", {}, label));
}

export function note({ progress, changed }: Context, id: string): HTMLElement {
  const field = make("textarea", { rows: "2" });
  field.value = progress.of(id).note;
  const printed = make("span", { class: "printed-note" }, field.value);
  field.addEventListener("input", () => {
    progress.change(id, { note: field.value });
    printed.textContent = field.value;
    changed();
  });
  return make("label", { class: "field note" }, make("span", {}, say("desk.work.note")), field, printed);
}

export function search(id: string, label: string, redraw: () => void): { field: HTMLElement; input: HTMLInputElement } {
  const input = make("input", { type: "search", id });
  let waiting = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(redraw, 150);
  });
  return { field: make("label", { class: "field" }, make("span", {}, label), input), input };
}

export function choice(
  id: string,
  label: string,
  options: [string, string][],
  redraw: () => void,
): { field: HTMLElement; select: HTMLSelectElement } {
  const made = options.map(([value, text]) => make("option", { value }, text));
  const select = make("select", { id }, ...made);
  select.addEventListener("change", redraw);
  return { field: make("label", { class: "field" }, make("span", {}, label), select), select };
}
