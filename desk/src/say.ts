// What the page says, in the language that the person chose.

import { WORDS, type Key } from "./words.js";

export const LANGUAGES = ["fr", "nl", "de", "en"] as const;
export type Language = (typeof LANGUAGES)[number];

let language: Language = "en";

export function isLanguage(name: string): name is Language {
  return (LANGUAGES as readonly string[]).includes(name);
}

export function setLanguage(name: Language): void {
  language = name;
}

export function currentLanguage(): Language {
  return language;
}

/** The text with its values set in and typographic apostrophes; in French, no line breaks before a colon or within quotation marks. */
export function say(key: Key, values: Record<string, string | number> = {}): string {
  const set = WORDS[language][key].replace(/(?<=\p{L})'/gu, "\u2019");
  const told = set.replace(/\{([a-z_0-9]+)\}/g, (_, name: string) => String(values[name]));
  return language === "fr" ? told.replace(/« /g, "«\u00A0").replace(/ ([»:;?!])/g, "\u00A0$1") : told;
}

function locale(): string {
  return language === "en" ? "en-GB" : `${language}-BE`;
}

export function number(value: number): string {
  return value.toLocaleString(locale());
}

export function size(bytes: number): string {
  const units = language === "fr" ? ["octets", "ko", "Mo", "Go"] : ["B", "kB", "MB", "GB"];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) bytes /= 1000;
  const digits = { maximumFractionDigits: unit ? 1 : 0 };
  return `${bytes.toLocaleString(locale(), digits)}\u00A0${units[unit]}`;
}

export function moment(date: Date): string {
  return date.toLocaleString(locale(), { dateStyle: "long", timeStyle: "short" });
}

/** A date of a record: whole or a part of one (`1959`, `1959-03`), as it is written here. */
export function day(date: string): string {
  const whole = /^(\d{4})-(\d{2})-(\d{2})/.exec(date);
  if (whole) return `${whole[3]}/${whole[2]}/${whole[1]}`;
  const month = /^(\d{4})-(\d{2})$/.exec(date);
  return month ? `${month[2]}/${month[1]}` : date;
}
