// A C2SP tlog-policy: one log, its witnesses, and how many of which must have cosigned a head.

import { BLANK } from "./bytes.js";
import { demand, Fault } from "./fault.js";
import { Key, LOG, WITNESS } from "./key.js";

const MAX_LINES = 256;
const LINE_ENDS = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;
const BLANKS = new RegExp(`[${BLANK}]+`);

interface Group {
  needed: number;
  members: string[];
}

export class Policy {
  readonly witnesses = new Map<string, Key>();
  readonly log: Key;
  private readonly groups = new Map<string, Group>();
  private readonly quorum: string;

  constructor(text: string) {
    const logs: Key[] = [];
    const quorums: string[] = [];
    const split = text.split(LINE_ENDS).map((line) => line.split(BLANKS).filter(Boolean));
    const lines = split.filter((words) => words.length && !words[0]?.startsWith("#"));
    for (const [kind, first, ...rest] of lines.slice(0, MAX_LINES + 1)) {
      if (kind === "log" && first !== undefined && rest.length < 2) logs.push(Key.parse(first, LOG));
      else if (kind === "witness" && rest.length && rest.length < 3 && this.isNew(first)) this.addWitness(first, rest);
      else if (kind === "group" && rest.length && this.isNew(first)) this.addGroup(first, rest);
      else if (kind === "quorum" && !rest.length && first !== undefined && !this.isNew(first)) quorums.push(first);
      else throw new Fault("policy_malformed");
    }
    const [log, quorum] = [logs[0], quorums[0]];
    const one = logs.length === 1 && quorums.length === 1 && lines.length <= MAX_LINES;
    demand(one && log && quorum !== undefined, "policy_malformed");
    [this.log, this.quorum] = [log, quorum];
  }

  /** A group can only name earlier lines: no circles. */
  private isNew(name: string | undefined): name is string {
    return name !== undefined && name !== "none" && !this.witnesses.has(name) && !this.groups.has(name);
  }

  private addWitness(name: string, [vkey = ""]: string[]): void {
    this.witnesses.set(name, Key.parse(vkey, WITNESS));
  }

  private addGroup(name: string, [asked = "", ...members]: string[]): void {
    demand(
      members.every((member) => this.witnesses.has(member) || this.groups.has(member)),
      "policy_malformed",
    );
    const count = asked === "any" ? "1" : asked === "all" ? String(members.length) : asked;
    const needed = Number(count);
    const well = /^[0-9]{1,3}$/.test(count) && 1 <= needed && needed <= members.length;
    demand(well && new Set(members).size === members.length, "policy_malformed");
    this.groups.set(name, { needed, members });
  }

  /** Whether enough witnesses cosigned a head. */
  holds(seen: string[]): boolean {
    const met = new Set(["none", ...seen]);
    for (const [name, { needed, members }] of this.groups) {
      if (members.filter((member) => met.has(member)).length >= needed) met.add(name);
    }
    return met.has(this.quorum);
  }
}
