// What the page refuses, by the codes of the command line (`reprise open`), and its own.

export type PackageCode =
  | "manifest_missing"
  | "manifest_malformed"
  | "package_version_unknown"
  | "part_altered"
  | "beside_altered"
  | "sealed_part_does_not_open"
  | "part_is_no_zip"
  | "part_has_too_many_members"
  | "part_unpacks_to_too_much"
  | "member_leaves_folder"
  | "member_named_twice"
  | "identity_not_age"
  | "into_not_new";

export type OwnCode =
  | "challenge_does_not_open"
  | "challenge_is_none"
  | "report_missing"
  | "report_version_unknown"
  | "progress_does_not_open"
  | "progress_of_another"
  | "too_large_for_memory"
  | "not_enough_room"
  | "unreadable"
  | "stopped"
  | "failed";

export type Code = PackageCode | OwnCode;

export class Refusal extends Error {
  constructor(
    readonly code: Code,
    /** The file that it is about, where a person can do something about it. */
    readonly file = "",
  ) {
    super(code);
  }
}

const CODES: Record<string, OwnCode> = {
  AbortError: "stopped",
  NotReadableError: "unreadable",
  NotFoundError: "unreadable",
  QuotaExceededError: "not_enough_room",
};

/** Any failure as a refusal. Its own text is not kept: it may quote data. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return new Refusal((error instanceof DOMException && CODES[error.name]) || "failed");
}
