// The result on the page: verdict, facts of the run, three lists, and the eleven checks in their order.

import { say } from "../say.js";
import { make } from "../view.js";
import type { Key } from "../words.js";
import { ofCertificate } from "./certificate.js";
import type { Fault } from "./fault.js";
import type { Judgement, Report } from "./judge.js";
import { never, outcome, proven, recorded } from "./findings.js";

const STEPS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"] as const;
type State = "passed" | "failed" | "not_done";
/** Codes that have a text of their own here; the others name the check and the code. */
const FAULTS = [
  "policy_malformed",
  "vkey_malformed",
  "no_manifest",
  "folder_too_large",
  "zip_not_as_written",
  "file_of_unknown_name",
  "signed_by_another_key",
  "file_altered",
  "quorum_not_met",
  "unreadable",
] as const;

/** `2026-01-02 03:04 UTC`: the year first, as on the certificate. */
function moment(told: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(told) ? `${told.slice(0, 10)} ${told.slice(11, 16)} UTC` : told;
}

function listOf(title: Key, lines: string[], kind: string): HTMLElement {
  const items = lines.map((line) => make("li", {}, line));
  return make("section", { class: "panel" }, make("h3", {}, say(title)), make("ul", { class: `told ${kind}` }, ...items));
}

function rows(...pairs: [Key, string][]): HTMLElement {
  const cells = pairs.flatMap(([key, value]) => [make("dt", {}, say(key)), make("dd", {}, value)]);
  return make("dl", { class: "facts" }, ...cells);
}

type Kind = "accepted" | "unanchored" | "refused";

/** Green is a proof of something that happened: no trial, nothing without a policy. */
function verdict(kind: Kind, trial: boolean, ...more: HTMLElement[]): HTMLElement {
  const title = make("h2", { id: "verdict", tabindex: "-1" }, say(`verify.verdict.${kind}`));
  const about = make("p", {}, say(`verify.about.${kind}`));
  return make("div", { class: `verdict${kind === "accepted" && !trial ? " good" : ""}` }, title, about, ...more);
}

function checks(passed: number, failed: number): HTMLElement {
  const items = STEPS.map((step) => {
    const state: State = Number(step) === failed ? "failed" : Number(step) <= passed ? "passed" : "not_done";
    const told = make("span", { class: "state" }, say(`verify.state.${state}`));
    return make("li", { class: state }, say(`verify.step.${step}`), " – ", told);
  });
  return make("section", { class: "panel" }, make("h3", {}, say("verify.steps")), make("ol", { class: "steps" }, ...items));
}

function factsOf(report: Report): HTMLElement {
  const { certificate, head } = report;
  const paper = make("p", { class: "quiet" }, say("verify.fact.compare"));
  const told = rows(
    ["verify.fact.run", report.run],
    ["verify.fact.outcome", outcome(certificate)],
    ["verify.fact.checked", moment(ofCertificate(certificate, "authorisation", "checkedAt"))],
    ["verify.fact.destroyed", moment(ofCertificate(certificate, "destruction", "destroyedAt"))],
    ["verify.fact.log", head.origin],
    ["verify.fact.size", head.size.toString()],
    ["verify.fact.root", head.root],
  );
  return make("section", { class: "panel" }, make("h3", {}, say("verify.fact.title")), told, paper);
}

function ofReport(report: Report, kind: "accepted" | "unanchored"): HTMLElement[] {
  const trial = report.trial ? [make("p", { class: "trial" }, say("certificate.trial"))] : [];
  return [
    ...trial,
    verdict(kind, report.trial),
    factsOf(report),
    listOf(kind === "accepted" ? "verify.proven.title" : "verify.proven.unanchored", proven(report), "proven"),
    listOf("verify.recorded.title", recorded(report), "recorded"),
    listOf("verify.never.title", never(report), "never"),
    checks(STEPS.length, 0),
  ];
}

/** A refusal: the check that failed and its code; step 0 is the policy, and null what comes before all checks. */
export function refusal(fault: Fault, step: number | null): HTMLElement[] {
  const code = FAULTS.find((known) => known === fault.code);
  const told = code ? [make("p", {}, say(`verify.fault.${code}`))] : [];
  const where = fault.file ? [make("p", {}, say("verify.refused.file", { file: fault.file }))] : [];
  const failed = step ? [make("p", {}, say("verify.refused.step", { step }))] : [];
  const named = make("p", { class: "mono" }, say("verify.refused.code", { code: fault.code }));
  return [verdict("refused", false, ...told, ...failed, ...where, named), ...(step ? [checks(step - 1, step)] : [])];
}

export function result(judged: Judgement): HTMLElement[] {
  if ("fault" in judged) return refusal(judged.fault, judged.step);
  return ofReport(judged.report, judged.exit === 0 ? "accepted" : "unanchored");
}
