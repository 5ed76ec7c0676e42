// No key of a RabbitMQ's rabbitmq.conf keeps this broker from starting: each is a setting, or named in the warning.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { isRabbitMqInstalled } from "./real-rabbitmq.ts";

const HOME = "/usr/lib/rabbitmq/lib";

/** The keys of every schema that is installed with RabbitMQ, with words in place of what is free. */
function installedKeys(): readonly string[] {
  const keys = new Set<string>();
  if (!existsSync(HOME)) return [];
  for (const path of readdirSync(HOME, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".schema")) continue;
    const text = readFileSync(join(HOME, path), "utf8");
    for (const [, key] of text.matchAll(/\{mapping,\s*"([^"]+)"/g)) {
      keys.add(key!.replace(/\$\w+/g, "1"));
    }
  }
  return [...keys];
}

/** Why a file with that key is refused because there is no such key; undefined when there is one. */
function unknown(key: string): string | undefined {
  const files: Readonly<Record<string, string>> = { "/keys.conf": `${key} = 1\n` };
  try {
    loadConfig({
      flags: { configFile: "/keys.conf", settings: [] },
      env: {},
      readFile: (path) => files[path],
      listFiles: () => [],
    });
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    return /no setting/.test(message) ? message : undefined;
  }
}

test.skipIf(!isRabbitMqInstalled())("every key of RabbitMQ 3.10 is known", () => {
  const keys = installedKeys();
  expect(keys.length).toBeGreaterThan(800);
  expect(keys.map(unknown).filter((reason) => reason !== undefined)).toEqual([]);
});

test("keys that nobody has are not", () => {
  expect(unknown("log.nonsense.rotation.nonsense.more")).toBeUndefined();
  expect(unknown("lisseners.tcp.1")).toContain("did you mean listeners.tcp");
});
