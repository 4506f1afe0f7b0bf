// Names of files that come from a package: one step of a path that every file system accepts.

const MOST_BYTES = 255;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

export function isName(name: string): boolean {
  return (
    name !== "" &&
    name !== "." &&
    name !== ".." &&
    new TextEncoder().encode(name).length <= MOST_BYTES &&
    !UNPRINTABLE.test(name) &&
    !/[/\\:]/.test(name)
  );
}

/** One form of all names that some file system takes for equal. */
export function folded(path: string): string {
  return path.normalize("NFC").toUpperCase().toLowerCase();
}
