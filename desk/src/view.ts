// Elements of the page. Text goes in as text: nothing that comes from a file is ever read as HTML.

import { asRefusal, type Refusal } from "./refusal.js";
import { say } from "./say.js";

type Attributes = Record<string, string | boolean>;
type Child = Node | string;

export function make<T extends keyof HTMLElementTagNameMap>(
  tag: T,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[T] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "string") made.setAttribute(name, value);
    else made.toggleAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found as T;
}

export function show(id: string, text: string): void {
  byId(id).textContent = text;
}

export function onClick(id: string, act: () => unknown): void {
  byId(id).addEventListener("click", () => void act());
}

export function onFiles(id: string, act: (files: File[]) => unknown): void {
  const input = byId<HTMLInputElement>(id);
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    if (files.length) void act(files);
  });
}

/** What a person reads of a refusal. */
export function tellRefusal(refusal: Refusal): string {
  const said = say(`desk.refusal.${refusal.code}`);
  return refusal.file ? `${refusal.file}: ${said}` : said;
}

/** Do something; where it is refused, say why at the place of that name. Gives whether it was done. */
export async function attempt(status: string, act: () => Promise<void>): Promise<boolean> {
  show(status, "");
  try {
    await act();
    return true;
  } catch (error) {
    show(status, tellRefusal(asRefusal(error)));
    return false;
  }
}

/** Save a small file of the page's own making. */
export function save(name: string, content: BlobPart, type = "application/octet-stream"): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Copy a text, and say on the button that it was done. */
export async function copy(button: HTMLElement, text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = say("desk.copied");
  setTimeout(() => (button.textContent = before), 2000);
}

/** Print one section of the page alone. */
export function print(section: string): void {
  document.body.dataset["printing"] = section;
  window.addEventListener("afterprint", () => delete document.body.dataset["printing"], { once: true });
  window.print();
}
