// The patient index: who is there, in which file, with how much, and with how many open points.

import { day, number, say } from "../say.js";
import { make } from "../view.js";
import { choice, plain, search, tick, type Context, type List, type Table } from "./list.js";
import { pointId } from "./work_list.js";
import type { PatientRow, Report } from "./report.js";

/** The sorts that a doctor looks for first; the others are in the spreadsheet. */
const SHOWN = ["problem", "medication", "allergy", "vaccination", "contact", "letter", "lab_report"] as const;

export class PatientIndexView implements List {
  readonly csvName = "patients.csv";
  private readonly words;
  private readonly only;
  private readonly labels: Map<string, string>;
  private readonly points = new Map<string, string[]>();

  constructor(
    private readonly report: Report,
    private readonly context: Context,
    redraw: () => void,
  ) {
    this.words = search("filter-name", say("desk.work.search_patient"), redraw);
    const options: [string, string][] = [["", say("desk.work.all")], ["open", say("desk.work.with_points")]];
    this.only = choice("filter-points", say("desk.work.state"), options, redraw);
    this.labels = new Map(SHOWN.map((sort) => [sort, say(`desk.sort.${sort}`)]));
    for (const point of report.work.points) {
      for (const chart of new Set([point.patient?.chart, point.other?.chart])) {
        if (chart) this.points.set(chart, [...(this.points.get(chart) ?? []), pointId(point)]);
      }
    }
  }

  title(): string {
    return say("desk.work.patients");
  }

  about(): string {
    return say("desk.work.about_patients", { patients: number(this.report.index.patients.length) });
  }

  filters(): HTMLElement[] {
    return [this.words.field, this.only.field];
  }

  /** Points of this patient that are not ticked. */
  private open({ patient }: PatientRow): number {
    const points = this.points.get(patient.chart) ?? [];
    return points.length - this.context.progress.done(points);
  }

  private passing(): PatientRow[] {
    const wanted = plain(this.words.input.value).split(/\s+/).filter(Boolean);
    return this.report.index.patients.filter((row) => {
      if (this.only.select.value && !this.open(row)) return false;
      const { name, birth_date, inss, chart } = row.patient;
      const text = plain([name, birth_date, birth_date && day(birth_date), inss, chart].join(" "));
      return wanted.every((word) => text.includes(word));
    });
  }

  entries(): (() => Node)[] {
    return this.passing().map((row) => () => this.draw(row));
  }

  private draw(row: PatientRow): Node {
    const { patient } = row;
    const open = this.open(row);
    const points = make("td", { class: "count", "data-label": say("desk.work.open_points") });
    if (this.points.has(patient.chart)) {
      const link = make("button", { type: "button", class: "plain small" }, number(open));
      link.setAttribute("aria-label", say("desk.work.show_points", { count: number(open), name: patient.name ?? patient.chart }));
      link.addEventListener("click", () => this.context.showPoints(patient.chart));
      points.append(link);
    } else points.append("0");
    return make(
      "tbody",
      {},
      make(
        "tr",
        {},
        make("th", { scope: "row" }, make("span", {}, patient.name ?? say("desk.work.no_name"))),
        make("td", { "data-label": say("desk.work.birth") }, patient.birth_date ? day(patient.birth_date) : "–"),
        ...SHOWN.map((sort) => make("td", { class: "count", "data-label": this.labels.get(sort)! }, number(row.counts[sort] ?? 0))),
        points,
        make("td", { class: "check" }, tick(this.context, `patient:${patient.chart}`, say("desk.work.seen"))),
      ),
    );
  }

  container(): HTMLElement {
    const heads = [
      say("desk.work.patient"), say("desk.work.birth"), ...this.labels.values(), say("desk.work.open_points"),
      say("desk.work.checked"),
    ];
    const head = make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text))));
    return make("table", { class: "counts patients" }, make("caption", { class: "unseen" }, this.title()), head);
  }

  table(): Table {
    const sorts = [...new Set(this.report.index.patients.flatMap(({ counts }) => Object.keys(counts)))];
    const head = [
      say("desk.work.patient"), say("desk.work.birth"), "INSS/NISS", say("desk.work.file"), ...sorts,
      say("desk.column.as_text"), say("desk.column.set_aside"), say("desk.work.open_points"), say("desk.work.checked"),
    ];
    const rows = this.passing().map((row) => [
      row.patient.name ?? "", row.patient.birth_date ?? "", row.patient.inss ?? "", row.patient.chart,
      ...sorts.map((sort) => row.counts[sort] ?? 0), row.as_text, row.set_aside, this.open(row),
      this.context.progress.of(`patient:${row.patient.chart}`).done ? "x" : "",
    ]);
    return [head, ...rows];
  }
}
