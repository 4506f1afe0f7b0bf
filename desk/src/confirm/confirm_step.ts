// Step 5: the practice says that it opened and imported the package, and accepts it on a page that a doctor signs.

import { fileBeside } from "../package/open_package.js";
import { moment, number, say } from "../say.js";
import { attempt, byId, copy, onClick, save, show } from "../view.js";
import { current, onChange } from "../visit.js";
import { openPoints } from "../work/work_step.js";
import { acceptanceOf } from "./acceptance.js";

/** The page to sign, which lies in the package; packages of earlier releases have none, and JSON is signed. */
const PAGE = "acceptance.pdf";
const JSON_NAME = "acceptance.json";
type State = "opened" | "imported";
let stated: { state: State; at: Date } | null = null;

function statement(): string {
  const { package: chosen } = current();
  if (!chosen || !stated) return "";
  const { run } = chosen.manifest;
  const said = say(`desk.statement.${stated.state}`, { run, date: moment(stated.at) });
  return `${said}\n\nreprise confirm ${run} ${stated.state}\n`;
}

function state(which: State): void {
  stated = { state: which, at: new Date() };
  refreshConfirmStep();
  byId("statement-title").focus();
}

function hasPage(): boolean {
  const { package: chosen } = current();
  return !chosen || chosen.manifest.beside.some(({ name }) => name === PAGE);
}

async function saveAcceptance(): Promise<void> {
  const { package: chosen } = current();
  if (!chosen) return;
  await attempt("acceptance-saved", async () => {
    const name = hasPage() ? PAGE : JSON_NAME;
    if (name === JSON_NAME) save(name, acceptanceOf(chosen.manifest), "application/json");
    else {
      const page = await fileBeside(chosen, PAGE);
      if (!page) {
        show("acceptance-saved", say("desk.choose.missing", { names: PAGE }));
        return;
      }
      save(name, await page.arrayBuffer(), "application/pdf");
    }
    show("acceptance-saved", say("desk.confirm.saved", { name }));
  });
}

export function refreshConfirmStep(): void {
  const { package: chosen } = current();
  for (const id of ["say-opened", "say-imported", "save-acceptance"]) {
    byId<HTMLButtonElement>(id).disabled = chosen === null;
  }
  show("confirm-run", chosen ? say("desk.confirm.run", { run: chosen.manifest.run }) : "");
  byId("save-acceptance").textContent = say("desk.confirm.save", { name: hasPage() ? PAGE : JSON_NAME });
  show("sign-how", say(hasPage() ? "desk.confirm.sign_text" : "desk.confirm.sign_json"));
  const left = openPoints();
  show("still-open", left ? say("desk.confirm.still_open", { count: number(left) }) : "");
  const text = statement();
  byId("statement").hidden = text === "";
  show("statement-line", text);
}

export function startConfirmStep(): void {
  onClick("say-opened", () => state("opened"));
  onClick("say-imported", () => state("imported"));
  onClick("save-acceptance", saveAcceptance);
  onClick("copy-statement", () => copy(byId("copy-statement"), statement()));
  onClick("save-statement", () => save(`${stated!.state}.txt`, statement(), "text/plain"));
  window.addEventListener("hashchange", refreshConfirmStep);
  let before = current().package;
  onChange(() => {
    if (before !== current().package) stated = null;
    before = current().package;
    refreshConfirmStep();
  });
}
