// The page that checks a proof: language, what is given, and the result. It asks for nothing from anywhere.

import { currentLanguage, isLanguage, LANGUAGES, number, say, setLanguage, size, type Language } from "../say.js";
import { byId, make, onFiles, show } from "../view.js";
import type { Key } from "../words.js";
import { decode } from "./bytes.js";
import { Fault } from "./fault.js";
import { filesOf, ofDrop, ofInput, read, type Given } from "./gather.js";
import { judge, type Judgement } from "./judge.js";
import { refusal, result } from "./result.js";

const NAMES: Record<Language, string> = { fr: "Français", nl: "Nederlands", de: "Deutsch", en: "English" };
const MAX_POLICY_BYTES = 2 ** 16;

let given: Given | null = null;
let judged: Judgement | Fault | null = null;

function showFound(): void {
  if (!given) return show("found", "");
  const files = given.kind === "zip" ? [given.file] : [...given.files.values()];
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const name = given.kind === "zip" ? given.file.name : given.name;
  const values = { name, count: number(files.length), size: size(bytes) };
  show("found", say(given.kind === "zip" ? "verify.proof.zip_found" : "verify.proof.folder_found", values));
}

function showResult(): void {
  const place = byId("result");
  place.hidden = !judged;
  if (!judged) return place.replaceChildren();
  const told = judged instanceof Fault ? refusal(judged, null) : result(judged);
  const print = make("button", { type: "button", id: "print", class: "plain" }, say("verify.print"));
  print.addEventListener("click", () => window.print());
  place.replaceChildren(...told, make("div", { class: "row" }, print));
}

function speak(language: Language): void {
  setLanguage(language);
  document.documentElement.lang = language;
  document.title = say("verify.title");
  for (const node of document.querySelectorAll<HTMLElement>("[data-word]")) {
    node.textContent = say(node.dataset["word"] as Key);
  }
  showFound();
  showResult();
}

/** Another proof or policy: what was said of the former no longer holds. */
function changed(): void {
  judged = null;
  show("status", "");
  showFound();
  showResult();
}

function take(taken: Given | null): void {
  given = taken;
  changed();
}

async function check(): Promise<void> {
  const told = byId<HTMLTextAreaElement>("policy").value;
  if (!given) {
    show("status", say("verify.nothing_chosen"));
    return byId("zip").focus();
  }
  const button = byId<HTMLButtonElement>("check");
  button.disabled = true;
  show("status", "");
  const now = given;
  try {
    const files = await filesOf(now);
    judged = await judge(files, told.trim() === "" ? null : told);
  } catch (error) {
    judged = error instanceof Fault ? error : new Fault("unreadable", 93);
  } finally {
    button.disabled = false;
  }
  if (now !== given || told !== byId<HTMLTextAreaElement>("policy").value) return changed();
  showResult();
  byId("verdict").focus();
}

async function takePolicy([file]: File[]): Promise<void> {
  if (!file) return;
  try {
    if (file.size > MAX_POLICY_BYTES) throw new Fault("policy_malformed");
    byId<HTMLTextAreaElement>("policy").value = decode(await read(file));
    changed();
  } catch {
    judged = new Fault("policy_malformed");
    showResult();
  }
}

function startDrop(): void {
  const place = byId("drop");
  const over = (held: boolean) => place.classList.toggle("over", held);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  document.addEventListener("dragleave", () => over(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    const data = event.dataTransfer;
    if (!data) return;
    ofDrop(data).then(take, (error: unknown) => {
      take(null);
      judged = error instanceof Fault ? error : new Fault("unreadable", 93);
      showResult();
    });
  });
}

function startLanguages(): void {
  const wanted = navigator.languages.map((name) => name.slice(0, 2).toLowerCase());
  setLanguage(wanted.find(isLanguage) ?? "en");
  const select = byId<HTMLSelectElement>("language");
  select.append(...LANGUAGES.map((name) => make("option", { value: name, lang: name }, NAMES[name])));
  select.value = currentLanguage();
  select.addEventListener("change", () => speak(select.value as Language));
  speak(currentLanguage());
}

function start(): void {
  startLanguages();
  startDrop();
  const folder = byId<HTMLInputElement>("folder");
  byId("by-folder").hidden = !("webkitdirectory" in folder);
  onFiles("zip", ([file]) => file && take({ kind: "zip", file }));
  onFiles("folder", (chosen) => take(ofInput(chosen)));
  onFiles("policy-file", takePolicy);
  byId("policy").addEventListener("input", changed);
  byId<HTMLFormElement>("given").addEventListener("submit", (event) => {
    event.preventDefault();
    void check();
  });
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("main").focus();
  });
}

start();
