// Step 4: the three lists of the report, their filters, the progress and its file.

import { pickFile } from "../bytes/sinks.js";
import { asRefusal } from "../refusal.js";
import { number, say } from "../say.js";
import { attempt, byId, onClick, onFiles, print, save, show, tellRefusal } from "../view.js";
import { current, onChange, unsaved } from "../visit.js";
import { csv } from "./csv.js";
import type { Context, List } from "./list.js";
import { PatientIndexView } from "./patient_index.js";
import { Progress, progressName } from "./progress.js";
import { ReconciliationView } from "./reconciliation.js";
import { readReport, type Report } from "./report.js";
import { pointId, WorkListView } from "./work_list.js";

const VIEWS = ["points", "counts", "patients"] as const;
type View = (typeof VIEWS)[number];

const UNSAVED = "progress";
const AT_ONCE = 100;
const SAVE_AFTER_MS = 1000;

interface Opened {
  report: Report;
  progress: Progress;
  lists: { points: WorkListView; counts: ReconciliationView; patients: PatientIndexView };
}

let opened: Opened | null = null;
let view: View = "points";
let shown = AT_ONCE;
let file: FileSystemFileHandle | null = null;
let waiting = 0;

function list(): List {
  return opened!.lists[view];
}

/** How many points are left to do; null when no report is open. */
export function openPoints(): number | null {
  if (!opened) return null;
  const points = opened.report.work.points.map(pointId);
  return points.length - opened.progress.done(points);
}

function draw(): void {
  if (!opened) return;
  const current = list();
  const entries = current.entries();
  const container = current.container();
  container.append(...entries.slice(0, shown).map((entry) => entry()));
  byId("list").replaceChildren(container);
  show("list-title", current.title());
  show("list-about", current.about());
  show("list-count", current.filters().length ? say("desk.work.count", { count: number(entries.length) }) : "");
  const rest = entries.length - shown;
  byId("more").hidden = rest <= 0;
  show("more", say("desk.work.more", { count: number(Math.min(AT_ONCE, rest)) }));
}

function redraw(): void {
  shown = AT_ONCE;
  draw();
}

function showView(name: View): void {
  view = name;
  for (const each of VIEWS) byId(`view-${each}`).setAttribute("aria-pressed", String(each === name));
  byId("filters").replaceChildren(...list().filters());
  redraw();
}

function showProgress(): void {
  if (!opened) return;
  const all = opened.report.work.points.length;
  const done = all - openPoints()!;
  show("progress-text", say("desk.work.progress_text", { done: number(done), all: number(all) }));
  byId<HTMLProgressElement>("points-done").value = all ? done / all : 1;
}

/** Something was ticked or written: into the file at once where there is one, else the person is asked to save. */
function changed(): void {
  showProgress();
  unsaved.add(UNSAVED);
  show("save-status", say(file ? "desk.work.saving" : "desk.work.unsaved"));
  clearTimeout(waiting);
  if (file) waiting = window.setTimeout(() => void writeProgress(), SAVE_AFTER_MS);
}

async function writeProgress(): Promise<void> {
  const { key } = current();
  if (!opened || !key) return;
  const name = progressName(opened.progress.run);
  const sealed = await opened.progress.sealed(key.recipient);
  if (file) {
    const sink = await file.createWritable();
    await sink.write(sealed);
    await sink.close();
  } else save(name, sealed);
  unsaved.delete(UNSAVED);
  show("save-status", say("desk.work.saved", { name: file?.name ?? name }));
}

async function saveProgress(): Promise<void> {
  if (!opened) return;
  try {
    file ??= await pickFile(progressName(opened.progress.run));
    await writeProgress();
  } catch (error) {
    show("save-status", tellRefusal(asRefusal(error)));
  }
}

function makeLists(report: Report, progress: Progress): Opened["lists"] {
  const context: Context = {
    progress,
    changed,
    showPoints: (chart) => {
      opened!.lists.points.lookFor(chart);
      showView("points");
      byId("list-title").scrollIntoView();
    },
  };
  return {
    points: new WorkListView(report, context, redraw),
    counts: new ReconciliationView(report, context),
    patients: new PatientIndexView(report, context, redraw),
  };
}

async function load(): Promise<void> {
  const { key, package: chosen } = current();
  if (!key || !chosen) return;
  await attempt("work-status", async () => {
    const report = await readReport(chosen, key.identity);
    const progress = new Progress(chosen.manifest.run);
    const kept = chosen.files.get(progressName(progress.run));
    if (kept) await progress.load(kept, key.identity);
    opened = { report, progress, lists: makeLists(report, progress) };
    file = null;
    show("save-status", kept ? say("desk.work.loaded", { name: kept.name }) : "");
    refreshWorkStep();
  });
}

async function loadProgress(chosen: File): Promise<void> {
  const { key } = current();
  if (!opened || !key) return;
  const { progress } = opened;
  const done = await attempt("save-status", () => progress.load(chosen, key.identity));
  if (!done) return;
  show("save-status", say("desk.work.loaded", { name: chosen.name }));
  refreshWorkStep();
}

async function printList(): Promise<void> {
  const before = shown;
  shown = Infinity;
  draw();
  print("list");
  shown = before;
  draw();
}

export function refreshWorkStep(): void {
  const { key, package: chosen } = current();
  byId<HTMLButtonElement>("load-work").disabled = key === null || chosen === null;
  byId("load-work").hidden = opened !== null;
  byId("work").hidden = opened === null;
  document.body.toggleAttribute("data-loaded", opened !== null);
  if (!opened) return;
  opened.lists = makeLists(opened.report, opened.progress); // in the language of now
  showProgress();
  showView(view);
}

export function startWorkStep(): void {
  onClick("load-work", load);
  for (const name of VIEWS) onClick(`view-${name}`, () => showView(name));
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  onClick("more", () => {
    shown += AT_ONCE;
    draw();
  });
  onClick("save-progress", saveProgress);
  onFiles("progress-file", ([chosen]) => loadProgress(chosen!));
  onClick("print-list", printList);
  onClick("save-csv", () => save(list().csvName, csv(list().table()), "text/csv"));
  let before = current().package;
  onChange(() => {
    if (before !== current().package) opened = null;
    before = current().package;
    refreshWorkStep();
  });
}
