// The documents of the sealed report that this page reads (docs/formats/practice.md; schemas/practice_documents.py).

import { member, readDirectory, type Entry, type Source } from "../bytes/zip_reader.js";
import { openPart, type ChosenPackage } from "../package/open_package.js";
import { Refusal } from "../refusal.js";

export interface Run {
  id: string;
  begun_at: string;
  signed_at: string;
  source_system: string;
  language: string;
}

export interface ChartOf {
  name: string | null;
  birth_date: string | null;
  inss: string | null;
  chart: string;
  page: string;
}

export interface Attachment {
  title: string | null;
  date: string | null;
  author: string | null;
  media_type: string | null;
  bytes: number;
  sha256: string;
  member: string | null;
}

export const DANGERS = [
  "identity", "allergy", "medication", "vaccine", "problem", "result", "record", "document", "administrative",
] as const;
export type Danger = (typeof DANGERS)[number];

export interface Point {
  id: string;
  danger: Danger;
  reason: string;
  patient: ChartOf | null;
  other: ChartOf | null;
  what: string;
  why: string;
  content: string;
  instead: string;
  place: string;
  action: string;
  document: Attachment | null;
  member: string | null;
  unit: string;
}

export interface Tally {
  source: number;
  delivered: number;
  as_text: number;
  set_aside: number;
  out_of_scope: number;
}

export interface Row {
  sort: string;
  part: string | null;
  label: string;
  tally: Tally;
  years: { year: number | null; tally: Tally }[];
}

export interface WorkList {
  run: Run;
  patients: number;
  checked: number;
  points: Point[];
}

export interface Reconciliation {
  run: Run;
  patients: { source: number; charts: number; joined: number; to_review: number };
  rows: Row[];
  attachments: { label: string; tally: Tally; bytes: number }[];
  undivided: { kind: string; label: string; count: number }[];
}

export interface PatientRow {
  patient: ChartOf;
  counts: Record<string, number>;
  as_text: number;
  set_aside: number;
  open_points: number;
}

export interface PatientIndex {
  run: Run;
  patients: PatientRow[];
}

export interface Report {
  work: WorkList;
  counts: Reconciliation;
  index: PatientIndex;
  /** A file of the report, whole, by its path. Null: it is not in it. */
  file(path: string): Promise<Blob | null>;
}

const REPORT = "report.zip.age";
const VERSION = 1;
const MEMBERS = 500_000;

async function wholeMember(source: Source, entry: Entry): Promise<Blob> {
  const pieces: BlobPart[] = [];
  for await (const piece of member(source, entry)) pieces.push(piece.slice());
  return new Blob(pieces);
}

async function parsed<T>(file: Blob | null): Promise<T> {
  if (file === null) throw new Refusal("report_missing");
  const found = JSON.parse(await file.text()) as { version?: unknown };
  if (found.version !== VERSION) throw new Refusal("report_version_unknown");
  return found as T;
}

/** Refuses: what `openPart` refuses, report_missing, report_version_unknown. */
export async function readReport(chosen: ChosenPackage, identity: string): Promise<Report> {
  const part = chosen.manifest.parts.find(({ name }) => name === REPORT);
  if (!part) throw new Refusal("report_missing");
  const never = new AbortController().signal;
  const sealed = await openPart(chosen, part, identity, { signal: never, tell: () => undefined });
  const entries = new Map((await readDirectory(sealed, MEMBERS)).map((entry) => [entry.name, entry]));
  const file = async (path: string): Promise<Blob | null> => {
    const entry = entries.get(path);
    return entry ? wholeMember(sealed, entry) : null;
  };
  return {
    work: await parsed<WorkList>(await file("work-list.json")),
    counts: await parsed<Reconciliation>(await file("reconciliation.json")),
    index: await parsed<PatientIndex>(await file("patients.json")),
    file,
  };
}
