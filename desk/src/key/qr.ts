// A QR code as an SVG drawing.

import encodeQR from "qr";

const QUIET = 4;

/** The modules of the code, without a quiet zone. Upper case and digits take the least room (alphanumeric mode). */
export function modules(text: string): boolean[][] {
  const encoding = /^[0-9A-Z $%*+\-./:]*$/.test(text) ? "alphanumeric" : "byte";
  const framed = encodeQR(text, "raw", { ecc: "medium", border: 1, encoding });
  return framed.slice(1, -1).map((row) => row.slice(1, -1));
}

/** Draws the code into an SVG of the page, which has one path. */
export function drawQr(drawing: Element, text: string): void {
  const rows = modules(text);
  const side = rows.length + 2 * QUIET;
  drawing.setAttribute("viewBox", `0 0 ${side} ${side}`);
  const dark = rows.flatMap((row, y) => row.map((on, x) => (on ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : "")));
  drawing.querySelector("path")!.setAttribute("d", dark.join(""));
}
