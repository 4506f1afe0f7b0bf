// A check that failed, as a value: the code names it, and the exit code is that of the two other verifiers.

/** What a verifier says of a folder that is refused: 91 a check failed, 93 it cannot be read or is built to cause harm. */
export class Fault extends Error {
  constructor(
    readonly code: string,
    readonly exit: 91 | 93 = 91,
    /** The file, from the closed list of names. */
    readonly file = "",
  ) {
    super(code);
  }
}

export function demand(holds: unknown, code: string, exit: 91 | 93 = 91, file = ""): asserts holds {
  if (!holds) throw new Fault(code, exit, file);
}

/** What is not of the form that the format has: missing, of another type, not to be decoded. */
export function malformed(): Fault {
  return new Fault("folder_malformed", 93);
}
