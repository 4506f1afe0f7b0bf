// Step 7: the last entry of the run commits to the statements, the destruction statement to the inventory.

import { fromBase64, hex, same } from "./bytes.js";
import { sha256, sha256OfFile } from "./digest.js";
import { demand } from "./fault.js";
import { file, type Files } from "./files.js";
import { at, string, type Facts } from "./json.js";
import { CHECK, DESTRUCTION, RUN, statement, type Statements, type Version } from "./statements.js";

export async function checkCommitments(files: Files, end: Facts, statements: Statements, version: Version): Promise<void> {
  const fields = [[DESTRUCTION, "statement"], [RUN, "run"], [CHECK, "check"]] as const;
  for (const [name, field] of version === 2 ? fields : fields.slice(0, 1)) {
    const recorded = fromBase64(string(at(at(end, "c"), field)));
    demand(same(recorded, sha256(statement(statements, name).payload)), "statement_not_the_recorded_one");
  }
  const listed = at(at(statement(statements, DESTRUCTION).predicate, "inventory"), "sha256");
  demand(listed === hex(await sha256OfFile(file(files, "inventory.json"))), "another_inventory");
}
