// The work list: points by danger, then by patient; each says what, why, its content, what was done instead, where, what to do.

import { day, number, say, size } from "../say.js";
import { make, save } from "../view.js";
import { choice, note, plain, search, tick, type Context, type List, type Table } from "./list.js";
import { DANGERS, type ChartOf, type Point, type Report } from "./report.js";

export function pointId(point: Point): string {
  return `point:${point.id}`;
}

function person({ name, birth_date, inss }: ChartOf): string {
  const known = [name ?? say("desk.work.no_name"), birth_date ? day(birth_date) : "", inss ?? ""];
  return known.filter(Boolean).join(", ");
}

function people(point: Point): string {
  if (!point.patient) return say("desk.work.no_patient");
  return [point.patient, point.other].filter((one) => one !== null).map(person).join(" / ");
}

/** An attachment's date, title, author and size, where the point's content does not say them. */
function attached({ content, document }: Point): string {
  if (!document) return "";
  const { title, date, author, bytes } = document;
  const told = [date && day(date), title, author].filter((fact) => fact && !content.includes(fact));
  return told.length ? [...told, size(bytes)].join(", ") : "";
}

function facts(point: Point): [string, string][] {
  const all: [string, string][] = [
    [say("desk.work.why"), point.why],
    [say("desk.work.content"), point.content],
    [say("desk.work.document"), attached(point)],
    [say("desk.work.instead"), point.instead],
    [say("desk.work.place"), point.place],
    [say("desk.work.action"), point.action],
  ];
  return all.filter(([, text]) => text !== "");
}

export class WorkListView implements List {
  readonly csvName = "work-list.csv";
  private readonly words;
  private readonly danger;
  private readonly state;
  private readonly drawn: Point[];

  constructor(
    private readonly report: Report,
    private readonly context: Context,
    redraw: () => void,
  ) {
    const { points } = report.work;
    const found = DANGERS.filter((each) => points.some(({ danger }) => danger === each));
    this.words = search("filter-words", say("desk.work.search"), redraw);
    this.danger = choice(
      "filter-danger",
      say("desk.work.danger"),
      [["", say("desk.work.all")], ...found.map((each): [string, string] => [each, say(`desk.danger.${each}`)])],
      redraw,
    );
    this.state = choice(
      "filter-state",
      say("desk.work.state"),
      [
        ["", say("desk.work.all")],
        ["open", say("desk.work.open_only")],
        ["done", say("desk.work.done_only")],
      ],
      redraw,
    );
    this.drawn = points;
  }

  /** Look for this patient alone. */
  lookFor(words: string): void {
    this.words.input.value = words;
  }

  title(): string {
    return say("desk.work.points");
  }

  about(): string {
    const { run, patients, checked } = this.report.work;
    const facts = { patients: number(patients), checked: number(checked), date: day(run.begun_at), run: run.id };
    return say(this.drawn.length ? "desk.work.about_points" : "desk.work.about_no_points", facts);
  }

  filters(): HTMLElement[] {
    return this.drawn.length ? [this.words.field, this.danger.field, this.state.field] : [];
  }

  private passing(): Point[] {
    const wanted = plain(this.words.input.value).split(/\s+/).filter(Boolean);
    const { value: danger } = this.danger.select;
    const { value: state } = this.state.select;
    return this.drawn.filter((point) => {
      if (danger && point.danger !== danger) return false;
      if (state && this.context.progress.of(pointId(point)).done !== (state === "done")) return false;
      const text = plain([people(point), point.patient?.chart, point.what, point.why, point.content].join(" "));
      return wanted.every((word) => text.includes(word));
    });
  }

  entries(): (() => Node)[] {
    let before = "";
    return this.passing().map((point) => {
      const begins = point.danger !== before;
      before = point.danger;
      return () => this.draw(point, begins);
    });
  }

  private draw(point: Point, begins: boolean): Node {
    const card = make("article", { class: `point ${point.danger}`, "aria-label": point.what });
    const details = make("dl");
    for (const [label, text] of facts(point)) details.append(make("dt", {}, label), make("dd", {}, text));
    card.append(
      make("p", { class: "who" }, people(point)),
      make("h4", {}, point.what),
      details,
      this.files(point),
      make("div", { class: "marks" }, tick(this.context, pointId(point), say("desk.work.done")), note(this.context, pointId(point))),
    );
    const entry = make("div");
    if (begins) entry.append(make("h3", { class: "danger" }, say(`desk.danger.${point.danger}`)));
    entry.append(card);
    return entry;
  }

  private files(point: Point): HTMLElement {
    const line = make("p", { class: "files quiet" });
    if (point.patient) line.append(make("span", { class: "mono" }, point.patient.chart));
    const { member } = point;
    if (member) {
      const button = make("button", { type: "button", class: "plain small" }, say("desk.work.save_member"));
      button.addEventListener("click", () => void this.saveMember(member));
      line.append(" ", make("span", { class: "mono" }, member), " ", button);
    }
    return line;
  }

  private async saveMember(member: string): Promise<void> {
    const file = await this.report.file(member);
    if (file) save(member.split("/").at(-1)!, file);
  }

  container(): HTMLElement {
    return make("div", { class: "points" });
  }

  table(): Table {
    const head = [
      "#", say("desk.work.danger"), say("desk.work.patient"), say("desk.work.birth"), "INSS/NISS", say("desk.work.file"),
      say("desk.work.what_column"), say("desk.work.why"), say("desk.work.content"), say("desk.work.instead"),
      say("desk.work.place"), say("desk.work.action"), say("desk.work.done"), say("desk.work.note"),
    ];
    const rows = this.passing().map((point) => {
      const mark = this.context.progress.of(pointId(point));
      const { patient } = point;
      return [
        point.id, say(`desk.danger.${point.danger}`), patient?.name ?? "", patient?.birth_date ?? "", patient?.inss ?? "",
        patient?.chart ?? point.member ?? "", point.what, point.why, point.content, point.instead, point.place,
        point.action, mark.done ? "x" : "", mark.note,
      ];
    });
    return [head, ...rows];
  }
}
