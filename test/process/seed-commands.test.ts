// Every rabbitmq* command line of the documents, run by a shell against the programs in dist/compat.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ownFolder } from "./set-up.ts";

const compat = fileURLToPath(new URL("../../dist/compat", import.meta.url));
const script = fileURLToPath(new URL("seed-commands.sh", import.meta.url));
const directory = ownFolder("commands");

/** Homebrew's places: links to the programs, and an environment file. */
function prepareHomebrew(): string {
  const brew = join(directory, "homebrew");
  for (const place of ["sbin", "opt/rabbitmq/sbin", "etc/rabbitmq"]) {
    mkdirSync(join(brew, place), { recursive: true });
  }
  for (const place of ["sbin", "opt/rabbitmq/sbin"]) {
    for (const name of ["rabbitmqctl", "rabbitmq-server"]) {
      symlinkSync(join(compat, name), join(brew, place, name));
    }
  }
  writeFileSync(
    join(directory, "ports.conf"),
    "management.tcp.port = 0\nprometheus.tcp.port = 0\n",
  );
  const environment = `NODE_PORT=0\nCONFIG_FILE=${join(directory, "ports.conf")}\n`;
  writeFileSync(join(brew, "etc/rabbitmq/rabbitmq-env.conf"), environment);
  return brew;
}

test("every command line of the documents does what it says", () => {
  const brew = prepareHomebrew();
  const result = spawnSync("sh", [script], {
    encoding: "utf8",
    env: {
      ...process.env,
      PATH: `${compat}:${process.env.PATH}`,
      HOMEBREW: brew,
      CONF_ENV_FILE: join(brew, "etc/rabbitmq/rabbitmq-env.conf"),
      LEVERET_DATA_DIR: join(directory, "data"),
    },
  });
  expect(result.stdout, result.stderr).toMatch(/\d+ passed, 0 failed/);
  expect(result.status).toBe(0);
}, 120_000);

test("the programs have twins for Windows", () => {
  for (const name of ["rabbitmqctl", "rabbitmq-server", "rabbitmq-diagnostics", "rabbitmqadmin"]) {
    expect(existsSync(join(compat, `${name}.bat`)), name).toBe(true);
  }
});
