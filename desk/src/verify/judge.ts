// All checks in the order of vault/verify.py (docs/formats/proof.md), and what came of them as values.

import { checkAuthorisation, isBound } from "./authorisation.js";
import { decode } from "./bytes.js";
import { checkCertificate, ofCertificate } from "./certificate.js";
import { checkCommitments } from "./commitments.js";
import { checkEntries } from "./entries.js";
import { Fault, malformed } from "./fault.js";
import { file, type Files } from "./files.js";
import { checkGrowth } from "./growth.js";
import { checkWitnesses, openHead, type Head } from "./head.js";
import { at, object, string, type Facts } from "./json.js";
import { checkManifest } from "./manifest.js";
import { checkNames } from "./names.js";
import { splitNote } from "./note.js";
import { Policy } from "./policy.js";
import { checkSequence, first, typeOf } from "./sequence.js";
import { checkStamps } from "./stamps.js";
import { CHECK, checkStatements, statement, type Version } from "./statements.js";

/** What was checked, and what the words about it need. */
export interface Report {
  run: string;
  version: Version;
  trial: boolean;
  certificate: Facts;
  head: Head;
  files: number;
  entries: number;
  statements: number;
  witnesses: string[];
  /** Lines under the head by names that the policy does not have. */
  unknownLines: number;
  earlier: Head[];
  stamped: string[];
  /** Whether the signed instruction lies in the folder. */
  signed: boolean;
  kind: string;
  /** Whether the ledger binds kind, number and owners of the signatures. */
  bound: boolean;
  accepted: boolean;
}

/** 0 proven against the policy, 92 consistent with itself but without a policy, 91 and 93 refused at a step (0: the policy). */
export type Judgement = { exit: 0 | 92; report: Report } | { exit: 91 | 93; fault: Fault; step: number };

/** Marks how far the checks came. */
type Reached = (step: number) => void;

async function report(files: Files, policy: Policy, reached: Reached): Promise<Report> {
  const key = policy.log;
  reached(1);
  checkNames(files);
  reached(2);
  await checkManifest(files, key);
  reached(3);
  const checkpoint = file(files, "checkpoint");
  const head = await openHead(checkpoint, key);
  const witnesses = await checkWitnesses(checkpoint, policy);
  reached(4);
  const entries = checkEntries(files, head);
  const run = string(at(first(entries), "runId"));
  const end = entries.find((entry) => typeOf(entry) === "destruction.completed");
  const version = end && object(at(end, "c")).has("run") ? 2 : 1;
  reached(5);
  const statements = await checkStatements(files, key, run, version);
  reached(6);
  checkSequence(entries, statements);
  reached(7);
  if (!end) throw malformed();
  await checkCommitments(files, end, statements, version);
  reached(8);
  const certificate = checkCertificate(files, entries, statements, version);
  reached(9);
  const earlier = await checkGrowth(files, head, key);
  reached(10);
  const stamped = checkStamps(files);
  reached(11);
  const signed = await checkAuthorisation(files, entries, version);
  return {
    run,
    version,
    trial: at(certificate, "trial") !== false || key.name.startsWith("trial."),
    certificate,
    head,
    files: files.size,
    entries: entries.length,
    statements: statements.size,
    witnesses,
    unknownLines: splitNote(checkpoint).lines.length - 1 - witnesses.length,
    earlier,
    stamped,
    signed,
    kind: ofCertificate(object(statement(statements, CHECK).predicate), "signature"),
    bound: isBound(entries),
    accepted: statements.has("import-accepted"),
  };
}

/** Check the files against a policy; without one, against the policy that lies among them. Never raises. */
export async function judge(files: Files, policy: string | null, reached: Reached = () => undefined): Promise<Judgement> {
  let step = 0;
  try {
    const trusted = new Policy(policy ?? decode(file(files, "policy.txt")));
    const found = await report(files, trusted, (next) => {
      step = next;
      reached(next);
    });
    return { exit: policy === null ? 92 : 0, report: found };
  } catch (error) {
    const fault = error instanceof Fault ? error : malformed();
    return { exit: fault.exit, fault, step };
  }
}
