// Step 5: every statement is signed by the log, of its own name and type, and about this run (in-toto in DSSE envelopes).

import { encode, fromBase64, hex, join, type Bytes } from "./bytes.js";
import { sha256 } from "./digest.js";
import { demand, malformed } from "./fault.js";
import { among, type Files } from "./files.js";
import { at, canonical, equal, facts, list, object, string, type Json } from "./json.js";
import type { Key } from "./key.js";

export const CHECK = "authorisation-check";
export const RUN = "run";
export const DESTRUCTION = "destruction";
const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const STATEMENT = "https://in-toto.io/Statement/v1";

export type Version = 1 | 2;

export interface Statement {
  payload: Bytes;
  predicate: Json;
}

export type Statements = ReadonlyMap<string, Statement>;

export function statement(statements: Statements, name: string): Statement {
  const found = statements.get(name);
  if (!found) throw malformed();
  return found;
}

function predicateType(name: string, version: Version): string {
  return `urn:reprise:${name}/${version === 2 && (name === CHECK || name === RUN) ? "v2" : "v1"}`;
}

async function checkStatement(name: string, data: Bytes, key: Key, run: string, version: Version): Promise<Statement> {
  const body = canonical(data);
  const payload = fromBase64(string(at(body, "payload")));
  const [signature, ...others] = list(at(body, "signatures"));
  if (signature === undefined || others.length) throw malformed();
  const pae = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `;
  demand(at(body, "payloadType") === PAYLOAD_TYPE && body.size === 3, "statement_malformed");
  demand(at(signature, "keyid") === key.id && object(signature).size === 2, "statement_malformed");
  await key.verify(fromBase64(string(at(signature, "sig"))), join(encode(pae), payload));
  const told = canonical(payload);
  const subject = [facts({ name: `run/${run}`, digest: facts({ sha256: hex(sha256(encode(run))) }) })];
  demand(equal(at(told, "subject"), subject), "statement_of_another_run");
  const typed = at(told, "_type") === STATEMENT && at(told, "predicateType") === predicateType(name, version);
  demand(typed && told.size === 4, "statement_of_another_type");
  return { payload, predicate: at(told, "predicate") };
}

export async function checkStatements(files: Files, key: Key, run: string, version: Version): Promise<Statements> {
  const found = new Map<string, Statement>();
  for (const [name, data] of among(files, "statements/", ".dsse.json")) {
    found.set(name, await checkStatement(name, data, key, run, version));
  }
  return found;
}
