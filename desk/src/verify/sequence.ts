// Step 6: the entries are in order, none between the first and the last is left out, every check of the destruction passed.

import { demand, malformed } from "./fault.js";
import { at, equal, facts, object, string, type Facts } from "./json.js";
import { CHECK, DESTRUCTION, RUN, statement, type Statements } from "./statements.js";

const ORDER = ["authorisation.checked", "run.started", "destruction.started", "destruction.completed"];
const MORE_THAN_ONCE = "destruction.started";
/** Entries that may follow the end of a run. */
const AFTERWARDS = ["custody.", "import.", "proof."];
export const CHECKS = ["keyAbsent", "decryptFails", "filesAbsent", "processEnded"];

export function typeOf(entry: Facts): string {
  return string(at(entry, "type"));
}

export function first(entries: Facts[]): Facts {
  if (!entries[0]) throw malformed();
  return entries[0];
}

/** The confirmed states of the import, each with its last entry. */
export function imports(entries: Facts[]): Map<string, Facts> {
  const confirmed = entries.filter((entry) => typeOf(entry) === "import.confirmed");
  return new Map(confirmed.map((entry) => [string(at(entry, "code")), entry]));
}

function checkOrder(entries: Facts[]): void {
  const types = entries.map(typeOf).filter((type) => !AFTERWARDS.some((start) => type.startsWith(start)));
  const places = ORDER.map((type) => types.indexOf(type));
  const inOrder = places.every((place, step) => place >= 0 && place >= (places[step - 1] ?? 0));
  demand(inOrder && typeOf(first(entries)) === ORDER[0], "story_incomplete_or_out_of_order");
  const once = ORDER.filter((type) => type !== MORE_THAN_ONCE);
  demand(once.every((type) => types.filter((other) => other === type).length === 1), "story_told_twice");
  demand(types.at(-1) === ORDER.at(-1), "story_goes_on_after_its_end");
  const counted = entries.every((entry, place) => (object(at(entry, "n")).get("earlier") ?? place) === place);
  demand(counted, "entry_left_out");
}

function checkImports(entries: Facts[], statements: Statements): void {
  const confirmed = imports(entries);
  const wanted = new Set([CHECK, RUN, DESTRUCTION, ...[...confirmed.keys()].map((state) => `import-${state}`)]);
  const all = wanted.size === statements.size && [...wanted].every((name) => statements.has(name));
  demand(all, "statement_missing_or_unknown");
  for (const [state, entry] of confirmed) {
    const by = state === "accepted" ? "controller_signature" : "operator_record";
    const stated = facts({ state, confirmedAt: at(entry, "at"), by });
    demand(equal(statement(statements, `import-${state}`).predicate, stated), "import_not_as_recorded");
  }
}

export function checkSequence(entries: Facts[], statements: Statements): void {
  checkOrder(entries);
  checkImports(entries, statements);
  const check = statement(statements, CHECK).predicate;
  demand(at(check, "result") === "PASSED", "authorisation_not_passed");
  const begun = first(entries);
  const [kind, signatures] = [at(begun, "code"), object(at(begun, "n")).get("signatures")];
  const recorded = kind === "passed" || (at(check, "signature") === kind && at(check, "signatures") === signatures);
  demand(recorded && at(check, "verifiedAt") === at(begun, "at"), "check_not_as_recorded");
  const verification = object(at(statement(statements, DESTRUCTION).predicate, "verification"));
  demand(CHECKS.every((name) => verification.get(name) === true), "destruction_not_verified");
}
