// The reconciliation: what the export held and what became of it, with a column for what the old software's statistics say.

import { number, say, size } from "../say.js";
import { make } from "../view.js";
import { tick, type Context, type List, type Table } from "./list.js";
import type { Report, Row, Tally } from "./report.js";

const COLUMNS = ["source", "delivered", "as_text", "set_aside", "out_of_scope"] as const;

interface Line {
  id: string;
  label: string;
  tally: Tally;
  /** What cannot be known of it, such as how many persons arrived as text. */
  only?: readonly (typeof COLUMNS)[number][];
  years: Row["years"];
}

export class ReconciliationView implements List {
  readonly csvName = "reconciliation.csv";

  constructor(
    private readonly report: Report,
    private readonly context: Context,
  ) {}

  title(): string {
    return say("desk.work.counts");
  }

  about(): string {
    return say("desk.work.about_counts");
  }

  filters(): HTMLElement[] {
    return [];
  }

  private lines(): Line[] {
    const { patients, rows, attachments } = this.report.counts;
    const none = { delivered: 0, as_text: 0, set_aside: 0, out_of_scope: 0 };
    const persons: Line = {
      id: "row:patients",
      label: say("desk.work.patients_row"),
      tally: { ...none, source: patients.source, delivered: patients.charts },
      only: ["source", "delivered"],
      years: [],
    };
    const sorts = rows.map(({ sort, part, label, tally, years }): Line => ({ id: `row:${sort}:${part ?? ""}`, label, tally, years }));
    const held = attachments.filter(({ tally }) => tally.source > 0);
    const sizes = held.map(({ label, tally, bytes }): Line => ({
      id: `size:${label}`,
      label: say("desk.work.attachments", { label, size: size(bytes) }),
      tally,
      years: [],
    }));
    return [persons, ...sorts, ...sizes];
  }

  entries(): (() => Node)[] {
    return this.lines().map((line) => () => this.draw(line));
  }

  private draw(line: Line): Node {
    const row = make("tbody");
    const head = make("th", { scope: "row" }, make("span", {}, line.label));
    const counted = COLUMNS.map((column) => this.cell(line, column));
    const checked = make("td", { class: "check" }, tick(this.context, line.id, say("desk.work.agrees")));
    row.append(make("tr", {}, head, ...counted, ...this.compared(line), checked));
    if (line.years.length > 1) head.append(this.unfold(line, row));
    return row;
  }

  private cell(line: Line, column: (typeof COLUMNS)[number]): HTMLElement {
    const known = !line.only || line.only.includes(column);
    const value = line.tally[column];
    const always = column === "source" || column === "delivered";
    const attributes = { class: `count ${value ? column : always ? "" : "zero"}` };
    return make("td", { ...attributes, "data-label": say(`desk.column.${column}`) }, known ? number(value) : "–");
  }

  /** The old software's number as a field, and its difference to what the export held. */
  private compared({ id, label, tally }: Line): HTMLElement[] {
    const { progress, changed } = this.context;
    const difference = make("td", { class: "count difference", "data-label": say("desk.work.difference") });
    const input = make("input", { type: "text", inputmode: "numeric", size: "6", "aria-label": `${say("desk.work.old")}: ${label}` });
    input.value = progress.of(id).old;
    const compare = (): void => {
      const digits = input.value.replace(/[\s.]/g, "");
      const known = /^\d+$/.test(digits);
      const value = Number(digits) - tally.source;
      difference.textContent = known ? (value > 0 ? `+${number(value)}` : number(value)) : "";
      difference.classList.toggle("differs", known && value !== 0);
    };
    input.addEventListener("input", () => {
      progress.change(id, { old: input.value });
      compare();
      changed();
    });
    compare();
    return [make("td", { class: "old", "data-label": say("desk.work.old") }, input), difference];
  }

  private unfold(line: Line, body: HTMLElement): HTMLElement {
    const button = make("button", { type: "button", class: "plain small years", "aria-expanded": "false" }, say("desk.work.years"));
    const rows = line.years.map(({ year, tally }) =>
      make(
        "tr",
        { class: "year", hidden: true },
        make("th", { scope: "row" }, year === null ? say("desk.work.no_year") : String(year)),
        ...COLUMNS.map((column) => make("td", { class: "count", "data-label": say(`desk.column.${column}`) }, number(tally[column]))),
        make("td", { colspan: "3" }),
      ),
    );
    body.append(...rows);
    button.addEventListener("click", () => {
      const open = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      for (const row of rows) row.hidden = !open;
    });
    return button;
  }

  container(): HTMLElement {
    const heads = [
      say("desk.work.sort"), ...COLUMNS.map((column) => say(`desk.column.${column}`)), say("desk.work.old"),
      say("desk.work.difference"), say("desk.work.checked"),
    ];
    const head = make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text))));
    return make("table", { class: "counts" }, make("caption", { class: "unseen" }, this.title()), head);
  }

  table(): Table {
    const head = [
      say("desk.work.sort"), say("desk.work.year"), ...COLUMNS.map((column) => say(`desk.column.${column}`)),
      say("desk.work.old"), say("desk.work.checked"),
    ];
    const rows = this.lines().flatMap((line): Table => {
      const mark = this.context.progress.of(line.id);
      const whole = [line.label, "", ...COLUMNS.map((column) => line.tally[column]), mark.old, mark.done ? "x" : ""];
      const years = line.years.map(({ year, tally }) => [
        line.label, year ?? say("desk.work.no_year"), ...COLUMNS.map((column) => tally[column]), "", "",
      ]);
      return [whole, ...years];
    });
    return [head, ...rows];
  }
}
