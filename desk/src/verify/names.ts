// Step 1: a closed list of names, and no two that a file system, or a reader, could mistake for one.

import { stamps, type Files } from "./files.js";
import { demand } from "./fault.js";

const N = "(?:0|[1-9][0-9]{0,15})";
const NAMES = new RegExp(
  "^(?:" +
    [
      "manifest\\.(?:json|sig)|README\\.txt|policy\\.txt|inventory\\.json|certificate\\.(?:json|html|pdf)|tsa-chain\\.pem",
      `checkpoint(?:\\.tsr)?|entries/${N}\\.json|proofs/${N}\\.tlog-proof|heads/${N}\\.checkpoint`,
      `consistency/${N}-${N}\\.txt`,
      "statements/(?:authorisation-check|run|destruction|import-(?:opened|imported|accepted))\\.dsse\\.json",
      "authorisation/(?:salt\\.b64|signers\\.json|instruction\\.json",
      "instruction(?:\\.json(?:\\.[1-9][0-9]?)?\\.p7s|\\.pdf)(?:\\.tsr)?",
      "scan\\.(?:pdf|png|jpg)|acceptance(?:\\.json|\\.json\\.p7s|\\.pdf|-signer\\.json)",
      "(?:acceptance-)?(?:roots|intermediates|crls|ocsps)-[^/\\\\]{1,200})",
    ].join("|") +
    ")$",
  "u",
);
/** What Python's `isprintable` refuses: all but the plain blank. */
const UNPRINTABLE = /(?! )[\p{C}\p{Z}]/u;

function folded(name: string): string {
  return Array.from(name.normalize("NFC").toUpperCase(), (sign) => sign.toLowerCase()).join("");
}

export function checkNames(files: Files): void {
  const names = [...files.keys()];
  demand(names.every((name) => NAMES.test(name) && !UNPRINTABLE.test(name)), "file_of_unknown_name");
  demand(new Set(names.map(folded)).size === names.length, "two_files_of_one_name");
  demand(stamps(files).length || !files.has("tsa-chain.pem"), "stamp_roots_without_stamp");
}
