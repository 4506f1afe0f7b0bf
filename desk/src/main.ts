// The practice's page: language, steps, and what each step does.

import { refreshConfirmStep, startConfirmStep } from "./confirm/confirm_step.js";
import { startKeyStep } from "./key/key_step.js";
import { startOpenStep } from "./package/open_step.js";
import { refreshPackagePanel, startPackagePanel } from "./package/package_panel.js";
import { currentLanguage, isLanguage, LANGUAGES, say, setLanguage, type Language } from "./say.js";
import { refreshSealStep, startSealStep, type Intake } from "./seal/seal_step.js";
import { startSteps } from "./steps.js";
import { byId, make } from "./view.js";
import { unsaved } from "./visit.js";
import { refreshWorkStep, startWorkStep } from "./work/work_step.js";
import type { Key } from "./words.js";

const NAMES: Record<Language, string> = { fr: "Français", nl: "Nederlands", de: "Deutsch", en: "English" };

/** The language that was filled in, else the first of the browser's that the page speaks. */
function firstLanguage(filled: string): Language {
  const wanted = [filled, ...navigator.languages.map((name) => name.slice(0, 2).toLowerCase())];
  return wanted.find(isLanguage) ?? "en";
}

function speak(language: Language): void {
  setLanguage(language);
  document.documentElement.lang = language;
  document.title = say("desk.title");
  for (const node of document.querySelectorAll<HTMLElement | SVGElement>("[data-word]")) {
    node.textContent = say(node.dataset["word"] as Key);
  }
  refreshSealStep();
  refreshPackagePanel();
  refreshWorkStep();
  refreshConfirmStep();
}

function startLanguages(first: Language): void {
  const select = byId<HTMLSelectElement>("language");
  select.append(...LANGUAGES.map((name) => make("option", { value: name, lang: name }, NAMES[name])));
  select.value = first;
  select.addEventListener("change", () => speak(select.value as Language));
  speak(currentLanguage());
}

function start(): void {
  const intake = JSON.parse(byId("intake").textContent ?? "{}") as Intake;
  const first = firstLanguage(intake.language);
  setLanguage(first);
  startKeyStep();
  startSealStep(intake);
  startPackagePanel();
  startOpenStep();
  startWorkStep();
  startConfirmStep();
  startLanguages(first);
  startSteps(intake.recipient ? "seal" : "key");
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("main").focus();
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved.size) event.preventDefault();
  });
}

start();
