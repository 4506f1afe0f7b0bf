// Step 8: certificate.json is, byte for byte, what follows from entries, statements, head and stamps: no field of it is trusted.

import { byCodePoint, same } from "./bytes.js";
import { demand, malformed } from "./fault.js";
import { file, stamps, type Files } from "./files.js";
import { at, canonical, facts, list, object, string, written, type Facts, type Json } from "./json.js";
import { splitNote } from "./note.js";
import { first, typeOf } from "./sequence.js";
import { stampTime } from "./stamps.js";
import { CHECK, DESTRUCTION, RUN, statement, type Statements, type Version } from "./statements.js";

const WORTH = { source: "unlinked_overwritten", package: "unlinked_sealed" };
const COUNTS = ["files", "bytes", "at_server", "earlier"];

/** How the operator's copy of a kind ended, according to the ledger; null while it is held, or if there is none. */
function endOf(entries: Facts[], kind: keyof typeof WORTH): Json {
  const end = entries.filter((entry) => typeOf(entry).startsWith("custody.") && at(entry, "code") === kind).at(-1);
  if (!end) return null;
  const counts = object(at(end, "n"));
  return facts({
    at: at(end, "at"),
    complete: typeOf(end) === "custody.destroyed",
    evidence: counts.has("at_server") ? "deleted_at_server" : WORTH[kind],
    files: at(counts, "files"),
    bytes: at(counts, "bytes"),
    exceptions: [...counts.keys()].filter((name) => !COUNTS.includes(name)).sort(byCodePoint),
  });
}

function fates(told: Facts, entries: Facts[]): Facts {
  const ended = (kind: keyof typeof WORTH): Facts => new Map([...object(at(told, kind)), ["end", endOf(entries, kind)]]);
  return new Map([...told, ["source", ended("source")], ["package", ended("package")]]);
}

function channels(told: Json[], files: Files): Json[] {
  const grown = new Map([
    ["time_stamp", stamps(files).length > 0],
    ["witness", splitNote(file(files, "checkpoint")).lines.length > 1],
  ]);
  const later = [...grown].filter(([, used]) => used).map(([name]) => name);
  return [...told.filter((name) => typeof name !== "string" || !grown.has(name)), ...later];
}

function authorisation(check: Json, checkedAt: Json): Facts {
  const kept = [...object(check)].filter(([name]) => !["result", "verifiedAt", "authorisation"].includes(name));
  return new Map([["id", at(check, "authorisation")], ["checkedAt", checkedAt], ...kept]);
}

function derive(told: Facts, entries: Facts[], statements: Statements, files: Files): Facts {
  const checkpoint = file(files, "checkpoint");
  const [origin = "", size = "", root = ""] = splitNote(checkpoint).text.split("\n");
  const confirmed = entries.filter((entry) => typeOf(entry) === "import.confirmed").at(-1);
  const started = entries.find((entry) => typeOf(entry) === "run.started");
  const stamp = files.get("checkpoint.tsr");
  const begun = first(entries);
  return new Map([
    ...told,
    ["run", at(begun, "runId")],
    ["use", at(started, "code")],
    ["authorisation", authorisation(statement(statements, CHECK).predicate, at(begun, "at"))],
    ["destruction", statement(statements, DESTRUCTION).predicate],
    ["fate", fates(object(at(told, "fate")), entries)],
    ["import_state", confirmed ? at(confirmed, "code") : at(told, "import_state")],
    ["channels", channels(list(at(told, "channels")), files)],
    ["head", facts({ origin, size: BigInt(size), root })],
    ["stamp", stamp ? facts({ at: stampTime(checkpoint, stamp) }) : null],
  ]);
}

/** The certificate. In version 1 no statement contains its facts. */
export function checkCertificate(files: Files, entries: Facts[], statements: Statements, version: Version): Facts {
  const data = file(files, "certificate.json");
  const certificate = canonical(data);
  demand(at(certificate, "version") === version, "certificate_of_another_version");
  const told = version === 2 ? at(statement(statements, RUN).predicate, "facts") : certificate;
  demand(same(written(derive(object(told), entries, statements, files)), data), "certificate_differs");
  demand(files.has("certificate.html") && files.has("certificate.pdf"), "certificate_missing");
  return certificate;
}

export function ofCertificate(certificate: Facts, ...path: string[]): string {
  const found = path.reduce<Json>((inner, key) => at(inner, key), certificate);
  if (typeof found !== "string") throw malformed();
  return string(found);
}
