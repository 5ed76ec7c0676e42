// Passwords are told to nobody: not in logs, on the banner, in commands about settings, nor in what errors say.

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect } from "amqplib";
import { expect, test } from "vitest";
import { LeveretProcess } from "./leveret-process.ts";
import { ownFolder } from "./set-up.ts";

const dist = (name: string) => fileURLToPath(new URL(`../../dist/${name}`, import.meta.url));
const directory = ownFolder("secrets");

/** Every one of them stands for itself and must be seen nowhere. */
const SECRETS = {
  fromFile: "open-sesame-1",
  key: "open-sesame-2",
  wrong: "open-sesame-3",
  added: "open-sesame-4",
  fromVariable: "open-sesame-5",
  ldap: "open-sesame-6",
};

function expectNoSecretIn(text: string, where: string): void {
  for (const secret of Object.values(SECRETS)) {
    expect(text, where).not.toContain(secret);
    expect(text, where).not.toContain(Buffer.from(secret).toString("base64"));
  }
}

const CONFIGURATION = `
listeners.tcp.1 = 127.0.0.1:0
management.tcp.port = 0
prometheus.tcp.port = 0
default_user = chief
default_pass = ${SECRETS.fromFile}
default_users.a.password = $(APP_PASSWORD)
ssl_options.password = ${SECRETS.key}
auth_ldap.dn_lookup_bind.password = ${SECRETS.ldap}
log.default.level = debug
log.file = leveret.log
`;

test("a broker and its commands keep passwords to themselves", async () => {
  const file = join(directory, "leveret.conf");
  writeFileSync(file, CONFIGURATION);
  const data = join(directory, "data");
  process.env.APP_PASSWORD = SECRETS.fromVariable;
  const broker = new LeveretProcess(["start", "--data-dir", data, "--config", file]);
  delete process.env.APP_PASSWORD;
  try {
    const port = await broker.port("amqp");
    const at = (user: string, password: string) => `amqp://${user}:${password}@127.0.0.1:${port}/`;
    await (await connect(at("chief", SECRETS.fromFile))).close();
    await expect(connect(at("chief", SECRETS.wrong))).rejects.toThrow();
    for (const words of [
      ["status"],
      ["environment"],
      ["report"],
      ["list_users"],
      ["add_user", "ann", SECRETS.added],
      ["authenticate_user", "ann", SECRETS.wrong],
      ["change_password", "nobody", SECRETS.added],
      ["diagnostics", "os_env"],
      ["diagnostics", "command_line_arguments"],
      ["diagnostics", "log_tail"],
      ["export_definitions", "-"],
    ]) {
      const { stdout, stderr } = spawnSync(
        process.execPath,
        [dist("leveretctl.js"), "--data-dir", data, ...words],
        { encoding: "utf8" },
      );
      expectNoSecretIn(stdout + stderr, words[0]!);
    }
    broker.signal("SIGTERM");
    await broker.exitCode();
  } finally {
    await broker.kill();
  }
  expectNoSecretIn(broker.stdout + broker.stderr, "what the process prints");
  for (const name of readdirSync(join(data, "logs"))) {
    expectNoSecretIn(readFileSync(join(data, "logs", name), "utf8"), name);
  }
});

test.each([
  ["default_pas = SECRET", "an unknown key"],
  ["default_pass SECRET", "a line without an equals sign"],
  ["default_pass = 'SECRET", "a quote that is not closed"],
  ["vm_memory_high_watermark.relative = SECRET", "a number that is none"],
  ["ssl_options.certfile = /nowhere\nlisteners.ssl.1 = 0\nssl_options.password = SECRET", "TLS"],
])("%s is refused without repeating what may be a password: %s", (line, _) => {
  const file = join(directory, "wrong.conf");
  writeFileSync(file, `${line.replace("SECRET", SECRETS.fromFile)}\n`);
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [dist("leveret.js"), "config", "check", file],
    { encoding: "utf8" },
  );
  expect(status).toBe(78);
  expect(stderr).not.toBe("");
  if (!line.startsWith("vm_memory")) expectNoSecretIn(stdout + stderr, line);
});

test("`config show` masks them", () => {
  const { stdout, status } = spawnSync(process.execPath, [dist("leveret.js"), "config", "show"], {
    encoding: "utf8",
    env: { ...process.env, RABBITMQ_DEFAULT_PASS: SECRETS.fromVariable },
  });
  expect(status).toBe(0);
  expect(stdout).toContain("default_pass");
  expectNoSecretIn(stdout, "config show");
});
