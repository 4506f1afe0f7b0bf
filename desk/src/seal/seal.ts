// The way of the bytes: files > one stream > age > large pieces > sink. Nothing is held but a few pieces.

import { Encrypter } from "age-encryption";
import { zip } from "../bytes/zip_writer.js";

const PIECE = 2 ** 20;

/** A chosen file, by its path below the chosen folder. */
export interface ChosenFile {
  name: string;
  file: File;
}

/** What is chosen, as one stream: a single file as it is, several as a zip. */
function asOneStream(members: ChosenFile[]): ReadableStream<Uint8Array> {
  const [first] = members;
  if (first && members.length === 1) return first.file.stream();
  const pieces = zip(members.map(({ name, file }) => ({ name, pieces: () => file.stream() })));
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

function counting(tell: (bytes: number) => void): TransformStream<Uint8Array, Uint8Array> {
  let seen = 0;
  return new TransformStream({
    transform(piece, controller) {
      seen += piece.length;
      tell(seen);
      controller.enqueue(piece);
    },
  });
}

/** Chunks of 64 KiB gathered into pieces of 1 MiB: a write to a file costs the same for both. */
function gathering(): TransformStream<Uint8Array, Uint8Array> {
  let held = new Uint8Array(PIECE);
  let used = 0;
  return new TransformStream({
    transform(piece, controller) {
      while (piece.length) {
        const count = Math.min(PIECE - used, piece.length);
        held.set(piece.subarray(0, count), used);
        used += count;
        piece = piece.subarray(count);
        if (used === PIECE) {
          controller.enqueue(held);
          held = new Uint8Array(PIECE);
          used = 0;
        }
      }
    },
    flush: (controller) => controller.enqueue(held.subarray(0, used)),
  });
}

/** Seal the chosen files to the recipient into the sink; tells how many bytes were read. */
export async function seal(
  members: ChosenFile[],
  recipient: string,
  sink: WritableStream<Uint8Array>,
  tell: (bytes: number) => void,
): Promise<void> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const sealed = await encrypter.encrypt(asOneStream(members).pipeThrough(counting(tell)));
  await sealed.pipeThrough(gathering()).pipeTo(sink);
}
