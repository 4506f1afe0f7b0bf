// What the page says of a report: what is proven, what is only recorded, and what nothing can prove.

import { currentLanguage, number, say } from "../say.js";
import { WORDS, type Key } from "../words.js";
import { at, list, object, type Facts } from "./json.js";
import type { Report } from "./judge.js";

/** The text of a code that comes from the proof, where the catalogue has one; else the code itself. */
function wording(key: string, code: string): string {
  return Object.hasOwn(WORDS.en, key) ? say(key as Key) : code;
}

export function proven(report: Report): string[] {
  const told = [
    say("verify.proven.files", { count: number(report.files) }),
    say("verify.proven.entries", { count: number(report.entries) }),
    say("verify.proven.statements", { count: number(report.statements) }),
  ];
  if (report.witnesses.length) told.push(say("verify.proven.witnesses", { names: report.witnesses.join(", ") }));
  for (const { size } of report.earlier) {
    told.push(say("verify.proven.grown", { old: size.toString(), size: report.head.size.toString() }));
  }
  if (report.version === 2) told.push(say("verify.proven.certificate"));
  if (report.signed) told.push(say("verify.proven.instruction"));
  if (report.signed && report.bound) told.push(say("verify.proven.signatures"));
  return told;
}

function whoSigned(report: Report): string {
  if (!report.signed) return say("verify.recorded.erased");
  return say(report.kind === "handwritten" ? "verify.recorded.handwritten" : "verify.recorded.signatures");
}

export function recorded(report: Report): string[] {
  const told = [say("verify.recorded.destruction"), whoSigned(report)];
  if (report.signed) told.push(say("verify.recorded.agreement"));
  if (report.accepted) told.push(say("verify.recorded.accepted"));
  if (report.version === 1) told.push(say("verify.recorded.version_1"));
  else if (!report.bound) told.push(say("verify.recorded.began_1"));
  if (!report.witnesses.length) told.push(say("verify.recorded.no_witness"));
  if (report.unknownLines > 0) told.push(say("verify.recorded.lines", { count: number(report.unknownLines) }));
  if (report.stamped.length) told.push(say("verify.recorded.stamps", { count: number(report.stamped.length) }));
  return [...told, say("verify.recorded.pages"), say("verify.recorded.loose"), say("verify.recorded.later")];
}

export function never(report: Report): string[] {
  const codes = list(at(at(report.certificate, "destruction"), "notClaimed")).map(String);
  const what = codes.map((code) => wording(`certificate.not_claimed.${code}`, code)).join(currentLanguage() === "fr" ? "\u00a0; " : "; ");
  const told = [say("verify.never.copies")];
  if (report.signed) told.push(say("verify.never.intent"));
  if (what) told.push(say("verify.never.about", { what }));
  return told;
}

/** How the run ended, in this page's words for the recorded cause. */
export function outcome(certificate: Facts): string {
  const cause = String(object(at(certificate, "destruction")).get("cause"));
  return wording(`certificate.outcome.${cause}`, cause);
}
