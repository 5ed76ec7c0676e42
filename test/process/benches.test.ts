// A bench cut off leaves nobody running and nothing lying about.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const module = fileURLToPath(new URL("../../bench/left-behind.ts", import.meta.url));

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s ends what a bench has started",
  async (signal) => {
    const folder = mkdtempSync(join(tmpdir(), "leveret-left-"));
    const program = `
    import { spawn } from "node:child_process";
    import { rmSync } from "node:fs";
    import { endWithUs } from ${JSON.stringify(module)};
    endWithUs(() => rmSync(${JSON.stringify(folder)}, { recursive: true }));
    const broker = spawn("sleep", ["60"], { stdio: "ignore", detached: true });
    endWithUs(() => broker.kill("SIGKILL"));
    const ended = spawn("sleep", ["60"], { stdio: "ignore", detached: true });
    endWithUs(() => ended.kill("SIGKILL"))();
    console.log(broker.pid, ended.pid);
    setInterval(() => {}, 1000);`;
    const args = ["--import", "tsx", "--input-type=module", "-e", program];
    const bench = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(bench.stdout, "data")) as [Buffer];
    const [broker, forgotten] = String(line).trim().split(" ").map(Number) as [number, number];
    bench.kill(signal);
    const [code] = await once(bench, "exit");
    expect(code).toBe({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }[signal]);
    await expect.poll(() => isRunning(broker)).toBe(false);
    expect(existsSync(folder)).toBe(false);
    // Whoever was let go of is none of the bench's business any more.
    expect(isRunning(forgotten)).toBe(true);
    process.kill(forgotten, "SIGKILL");
  },
);

/** A process that has ended and that nobody has asked about counts as ended. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}

test("bench:micro fails where no case has that name", async () => {
  const program = fileURLToPath(new URL("../../bench/micro.ts", import.meta.url));
  const bench = spawn(process.execPath, ["--import", "tsx", program, "--only", "no such case"]);
  let stderr = "";
  bench.stderr.on("data", (bytes) => {
    stderr += bytes;
  });
  const [code] = await once(bench, "close");
  expect(code).toBe(1);
  expect(stderr).toContain("no such case");
});
