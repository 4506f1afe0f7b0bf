// The answer to an operator's challenge: proof that this key opens what is sealed to it.

import { openText } from "../age/small.js";
import { Refusal } from "../refusal.js";

const MOST_BYTES = 2 ** 14;
/** What a challenge holds. Anything else that was sealed to the key is not shown: it would be opened for somebody else. */
const ANSWER = /^reprise-recipient-v1 [0-9a-f]+ [0-9a-f]{64}\n?$/;

/** Refuses: challenge_does_not_open (another key, or damaged), challenge_is_none. */
export async function answerChallenge(file: File, identity: string): Promise<string> {
  if (file.size > MOST_BYTES) throw new Refusal("challenge_is_none");
  let text: string;
  try {
    text = await openText(file, identity);
  } catch {
    throw new Refusal("challenge_does_not_open");
  }
  if (!ANSWER.test(text)) throw new Refusal("challenge_is_none");
  return text.trim();
}
