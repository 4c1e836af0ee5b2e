import { readFileSync, writeFileSync } from "node:fs";
import path, { join, type ParsedPath } from "node:path";
import type { Stats } from "node:fs";
import * as util from "util";
import assert from "node:assert/strict";

const file: string = join("/tmp", "config.json");
writeFileSync(file, JSON.stringify({ retries: 3, hosts: ["a", "b"] }, null, 2));
interface Config { retries: number; hosts: string[] }
const config: Config = JSON.parse(readFileSync(file, "utf8"));
const parsed: ParsedPath = path.parse(file);
assert.deepEqual(config, { retries: 3, hosts: ["a", "b"] });
console.log(config.hosts.length, parsed.name, util.format("%s=%d %j", "x", 5, { a: 1 }));
export type { Config };
export const version: string = "1.0";
export default function main(): void {}
