// The page: what was chosen, the click, the progress, the sealed file.

import { checkNumber } from "./number.js";
import { seal } from "./seal.js";
import { clearPrivateFile, openSink, TooLargeForMemory } from "./sinks.js";
import { WORDS, type Words } from "./words.js";
import type { Member } from "./zip.js";

interface Intake {
  recipient: string;
  until: string;
  language: string;
}

const NAME = "export-sealed.age"; // names nobody

function element<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

const intake = JSON.parse(element("intake").textContent ?? "{}") as Intake;
const words: Words = WORDS[intake.language] ?? WORDS["en"]!;
let members: Member[] = [];

function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) bytes /= 1000;
  const digits = { maximumFractionDigits: unit ? 1 : 0 };
  return `${bytes.toLocaleString(intake.language, digits)} ${units[unit]}`;
}

function total(): number {
  return members.reduce((sum, member) => sum + member.file.size, 0);
}

/** How many files of what size are chosen. */
function amount(): string {
  return `${members.length} ${words.count} ${size(total())}`;
}

function show(id: string, text: string): void {
  element(id).textContent = text;
}

/** Hidden files of the operating system are no part of an export. */
function chosen(list: FileList): Member[] {
  const found = [...list].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
  const real = found.filter(({ name }) => !/(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/.test(name));
  return real.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function choose(input: HTMLInputElement, other: HTMLInputElement): void {
  if (!input.files?.length) return;
  other.value = "";
  members = chosen(input.files);
  const names = members.length === 1 ? ` (${members[0]!.name})` : "";
  show("chosen", members.length ? `${words.chosen} ${amount()}${names}` : words.nothing);
  element<HTMLButtonElement>("seal").disabled = !members.length || hindrance() !== "";
  element("result").hidden = true;
  show("status", hindrance());
}

/** Why this page cannot seal; empty when it can. */
function hindrance(): string {
  if (!intake.recipient) return words.unfilled;
  return Date.parse(intake.until) > Date.now() ? "" : words.expired;
}

function told(error: unknown): string {
  if (error instanceof TooLargeForMemory) return words.memory;
  const name = error instanceof DOMException ? error.name : "";
  if (name === "AbortError") return words.aborted;
  if (name === "NotReadableError" || name === "NotFoundError") return words.unreadable;
  return name === "QuotaExceededError" ? words.full : words.failed;
}

function busy(now: boolean): void {
  for (const id of ["files", "folder", "seal"]) {
    element<HTMLInputElement | HTMLButtonElement>(id).disabled = now;
  }
  element("progress").hidden = !now;
  document.body.classList.toggle("busy", now);
}

async function run(): Promise<void> {
  const all = total();
  const bar = element<HTMLProgressElement>("progress");
  element("result").hidden = true;
  try {
    const sink = await openSink(NAME, all);
    busy(true);
    bar.value = 0;
    show("status", words.working);
    await seal(members, intake.recipient, sink.stream, (bytes) => {
      bar.value = all ? bytes / all : 1;
    });
    finished(await sink.finish());
  } catch (error) {
    show("status", told(error));
  } finally {
    busy(false);
  }
}

function finished(address: string | null): void {
  show("status", "");
  show("done", `${words.done} ${amount()}`);
  const link = element<HTMLAnchorElement>("download");
  link.hidden = address === null;
  if (address !== null) link.href = address;
  element("result").hidden = false;
  (address === null ? element("done") : link).focus();
}

function start(): void {
  document.documentElement.lang = intake.language;
  document.title = words.title;
  for (const node of document.querySelectorAll<HTMLElement>("[data-word]")) {
    node.textContent = words[node.dataset["word"] as keyof Words];
  }
  show("chosen", words.nothing);
  if (intake.recipient) {
    show("number", checkNumber(intake.recipient));
    show("recipient", intake.recipient);
    const until = new Date(intake.until);
    show("until", `${words.until} ${until.toLocaleString(intake.language, { dateStyle: "long", timeStyle: "short" })}.`);
  }
  show("status", hindrance());
  const [files, folder] = [element<HTMLInputElement>("files"), element<HTMLInputElement>("folder")];
  files.addEventListener("change", () => choose(files, folder));
  folder.addEventListener("change", () => choose(folder, files));
  element("seal").addEventListener("click", () => void run());
  element<HTMLAnchorElement>("download").download = NAME;
  window.addEventListener("beforeunload", (event) => {
    if (document.body.classList.contains("busy")) event.preventDefault();
  });
  void clearPrivateFile(NAME);
}

start();
