// rotate_logs and files that logrotate has moved away: lines go on in a new file of the old name, none is lost.

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect } from "amqplib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LeveretProcess } from "./leveret-process.ts";

const run = promisify(execFile);
const ctl = fileURLToPath(new URL("../../dist/leveretctl.js", import.meta.url));
let directory: string;
let broker: LeveretProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "leveret-rotate-"));
});

afterEach(async () => {
  await broker?.kill();
  rmSync(directory, { recursive: true, force: true });
});

/** Makes a line of its own in the log: a virtual host that is not there was asked for. */
async function leaveTrace(port: number, vhost: string): Promise<void> {
  await expect(connect(`amqp://127.0.0.1:${port}/${vhost}`)).rejects.toThrow("ConnectionClose");
}

test.each([
  ["written by the broker alone", []],
  ["that also begins anew by its size", ["--set", "log.file.rotation.size=10000000"]],
  ["that also begins anew every day", ["--set", "log.file.rotation.date=$D0"]],
])("a log file %s", async (_, settings) => {
  const [data, log, moved] = ["data", "broker.log", "broker.log.1"].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  broker = LeveretProcess.start(
    ...[
      "--data-dir",
      data,
      "--amqp-port",
      "0",
      "--http-port",
      "0",
      "--set",
      `log.dir=${directory}`,
    ],
    ...["--set", "log.file=broker.log", "--set", "log.connection.level=info", ...settings],
  );
  const port = await broker.port("amqp");
  const text = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");
  await leaveTrace(port, "before");
  await expect.poll(() => text(log)).toContain("before");

  renameSync(log, moved);
  await leaveTrace(port, "meanwhile");
  await expect.poll(() => text(moved)).toContain("meanwhile");
  await run(process.execPath, [ctl, "--data-dir", data, "rotate_logs"]);
  await leaveTrace(port, "afterwards");
  await expect.poll(() => text(log)).toContain("afterwards");
  expect(text(log)).not.toContain("meanwhile");
  expect(text(moved)).not.toContain("afterwards");
});
