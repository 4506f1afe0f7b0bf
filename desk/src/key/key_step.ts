// Step 1: make the practice's key, keep it, name it to the operator, answer the challenge.

import { keyFile, makeKey } from "../age/identity.js";
import { moment, say } from "../say.js";
import { attempt, byId, copy, onClick, onFiles, print, save, show } from "../view.js";
import { change, current, onChange, unsaved } from "../visit.js";
import { answerChallenge } from "./challenge.js";
import { drawQr } from "./qr.js";

const KEY_NAME = "practice-key.txt";
const ANSWER_NAME = "answer.txt";
const UNSAVED = "key";
let made: Date | null = null;
let challenge: File | null = null;

async function makeNow(): Promise<void> {
  if (unsaved.has(UNSAVED) && !confirm(say("desk.key.replace"))) return;
  made = new Date();
  unsaved.add(UNSAVED);
  change({ key: await makeKey() });
  byId("key-made-title").focus();
}

function showKey(): void {
  const { key } = current();
  byId("key-made").hidden = key === null || made === null;
  if (key === null || made === null) {
    void answer();
    return;
  }
  show("key-recipient", key.recipient);
  show("sheet-recipient", key.recipient);
  show("sheet-identity", key.identity.match(/.{1,8}/g)!.join(" "));
  show("sheet-made", moment(made));
  drawQr(document.querySelector("#sheet-qr svg")!, key.identity);
  void answer();
}

function saveKey(): void {
  const { key } = current();
  if (!key || !made) return;
  save(KEY_NAME, keyFile(key, made), "text/plain");
  unsaved.delete(UNSAVED);
  show("key-saved", say("desk.key.saved", { name: KEY_NAME }));
}

async function answer(): Promise<void> {
  const { key } = current();
  byId("answer").hidden = true;
  if (!challenge) return;
  if (!key) {
    show("challenge-status", say("desk.key.challenge_needs_key"));
    return;
  }
  const chosen = challenge;
  await attempt("challenge-status", async () => {
    show("answer-line", await answerChallenge(chosen, key.identity));
    byId("answer").hidden = false;
  });
}

export function startKeyStep(): void {
  onChange(showKey);
  onClick("make-key", makeNow);
  onClick("save-key", saveKey);
  onClick("print-sheet", () => print("sheet"));
  onClick("copy-recipient", () => copy(byId("copy-recipient"), current().key?.recipient ?? ""));
  onFiles("challenge", ([file]) => {
    challenge = file!;
    return answer();
  });
  onClick("copy-answer", () => copy(byId("copy-answer"), byId("answer-line").textContent ?? ""));
  onClick("save-answer", () => save(ANSWER_NAME, `${byId("answer-line").textContent}\n`, "text/plain"));
}
