// Step 2: what was chosen, the click, the progress, the sealed file.

import { clearPrivateFile, openSink } from "../bytes/sinks.js";
import { asRefusal, type Code } from "../refusal.js";
import { moment, say, size } from "../say.js";
import { byId, onClick, show } from "../view.js";
import { unsaved } from "../visit.js";
import type { Key } from "../words.js";
import { checkNumber } from "./number.js";
import { seal, type ChosenFile } from "./seal.js";

/** What `reprise intake open --page` fills in; the recipient is empty in a page that was made for nobody. */
export interface Intake {
  recipient: string;
  until: string;
  language: string;
}

const NAME = "export-sealed.age"; // names nobody
const TOLD: Partial<Record<Code, Key>> = {
  too_large_for_memory: "seal.memory",
  stopped: "seal.aborted",
  unreadable: "seal.unreadable",
  not_enough_room: "seal.full",
};
let intake: Intake;
let chosen: ChosenFile[] = [];

function total(): number {
  return chosen.reduce((sum, { file }) => sum + file.size, 0);
}

/** How many files of what size are chosen. */
function amount(): string {
  return `${chosen.length} ${say("seal.count")} ${size(total())}`;
}

/** Hidden files of the operating system are no part of an export. */
function realFiles(list: FileList): ChosenFile[] {
  const found = [...list].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
  const real = found.filter(({ name }) => !/(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/.test(name));
  return real.sort((one, other) => (one.name < other.name ? -1 : 1));
}

function choose(input: HTMLInputElement, other: HTMLInputElement): void {
  if (!input.files?.length) return;
  other.value = "";
  chosen = realFiles(input.files);
  byId("result").hidden = true;
  refreshSealStep();
}

/** Why this page cannot seal; empty when it can. */
function hindrance(): string {
  if (!intake.recipient) return say("seal.unfilled");
  return Date.parse(intake.until) > Date.now() ? "" : say("seal.expired");
}

function busy(now: boolean): void {
  for (const id of ["files", "folder", "seal"]) {
    byId<HTMLInputElement | HTMLButtonElement>(id).disabled = now;
  }
  byId("progress").hidden = !now;
  document.body.classList.toggle("busy", now);
  if (now) unsaved.add("seal");
  else unsaved.delete("seal");
}

async function run(): Promise<void> {
  const all = total();
  const bar = byId<HTMLProgressElement>("progress");
  byId("result").hidden = true;
  try {
    const sink = await openSink(NAME, all);
    busy(true);
    bar.value = 0;
    show("status", say("seal.working"));
    await seal(chosen, intake.recipient, sink.stream, (bytes) => {
      bar.value = all ? bytes / all : 1;
    });
    finished(await sink.finish());
  } catch (error) {
    show("status", say(TOLD[asRefusal(error).code] ?? "seal.failed"));
  } finally {
    busy(false);
  }
}

function finished(address: string | null): void {
  show("status", "");
  show("done", `${say("seal.done")} ${amount()}`);
  const link = byId<HTMLAnchorElement>("download");
  link.hidden = address === null;
  if (address !== null) link.href = address;
  byId("result").hidden = false;
  (address === null ? byId("done") : link).focus();
}

/** What of this step depends on the language and on what was chosen. */
export function refreshSealStep(): void {
  const named = chosen.length === 1 ? ` (${chosen[0]!.name})` : "";
  show("chosen", chosen.length ? `${say("seal.chosen")} ${amount()}${named}` : say("seal.nothing"));
  byId<HTMLButtonElement>("seal").disabled = !chosen.length || hindrance() !== "";
  show("status", hindrance());
  byId("seal-steps").hidden = !intake.recipient;
  if (intake.recipient) show("until", `${say("seal.until")} ${moment(new Date(intake.until))}.`);
}

export function startSealStep(filled: Intake): void {
  intake = filled;
  if (intake.recipient) {
    show("number", checkNumber(intake.recipient));
    show("recipient", intake.recipient);
  }
  const [files, folder] = [byId<HTMLInputElement>("files"), byId<HTMLInputElement>("folder")];
  files.addEventListener("change", () => choose(files, folder));
  folder.addEventListener("change", () => choose(folder, files));
  onClick("seal", run);
  byId<HTMLAnchorElement>("download").download = NAME;
  void clearPrivateFile(NAME);
}
