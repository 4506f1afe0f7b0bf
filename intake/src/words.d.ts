// What the page says. The texts are those of the catalogues (`seal` in schemas/texts); build.mjs puts them in.

export type Words = Record<
  | "title"
  | "what"
  | "until"
  | "number_title"
  | "number_text"
  | "choose_title"
  | "choose_text"
  | "files"
  | "folder"
  | "nothing"
  | "chosen"
  | "count"
  | "seal_title"
  | "seal"
  | "working"
  | "done_title"
  | "done"
  | "download"
  | "send"
  | "expired"
  | "unfilled"
  | "aborted"
  | "unreadable"
  | "full"
  | "memory"
  | "failed",
  string
>;

export declare const WORDS: Record<string, Words>;
