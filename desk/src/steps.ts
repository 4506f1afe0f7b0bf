// The five steps: one is shown, the others are a click away; the address names it (#open).

import { byId } from "./view.js";

export const STEPS = ["key", "seal", "open", "work", "confirm"] as const;
export type Step = (typeof STEPS)[number];

function isStep(name: string): name is Step {
  return (STEPS as readonly string[]).includes(name);
}

function showStep(step: Step, focus: boolean): void {
  for (const name of STEPS) {
    byId(`step-${name}`).hidden = name !== step;
    const link = byId(`to-${name}`);
    if (name === step) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  }
  byId(`step-${step}`).querySelector(".lead")!.after(byId("choose"));
  document.body.dataset["step"] = step;
  if (focus) {
    byId(`${step}-title`).focus();
    window.scrollTo(0, 0);
  }
}

export function startSteps(first: Step): void {
  const named = (): string => location.hash.slice(1);
  window.addEventListener("hashchange", () => {
    const step = named();
    if (isStep(step)) showStep(step, true);
  });
  const step = named();
  showStep(isStep(step) ? step : first, false);
}
