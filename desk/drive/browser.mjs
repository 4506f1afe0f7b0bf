// A real Chromium for tests: started on a profile of its own, its memory measured by the kernel's own marks.

import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

/** VmHWM in MiB of the browser's processes, by kind. */
function highWater(profile) {
  const found = {};
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (!words.includes(profile)) continue;
      const kind = /--type=([a-z-]+)/.exec(words)?.[1] ?? "browser";
      const mark = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
      found[kind] = Math.max(found[kind] ?? 0, Math.round(Number(mark) / 1024));
    } catch {
      continue; // it ended
    }
  }
  return found;
}

/** Do each task in turn in one browser, and print what each gave as JSON. */
export async function carryAll(tasks, carry, options = {}) {
  const profile = await mkdtemp(join(tmpdir(), "practice-page-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.REPRISE_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
    acceptDownloads: true,
    viewport: { width: 900, height: 1200 },
    ...options,
  });
  try {
    const said = [];
    for (const task of tasks) said.push(await carry(context, task, () => highWater(profile)));
    process.stdout.write(`${JSON.stringify(said)}\n`);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

/** What the page asked of a network, and what it complained of. */
export function watch(page, own) {
  const asked = [];
  const complaints = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.name));
  return () => ({
    requested: asked.filter((url) => !url.startsWith("blob:") && url.split("#")[0] !== own && !url.endsWith("/favicon.ico")),
    complaints,
  });
}
