// What `completion` prints, tried in the shells themselves (those that are installed).

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ctl = fileURLToPath(new URL("../../dist/leveretctl.js", import.meta.url));

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ["--version"]).status === 0;
}

function scriptFor(shell: string): string {
  const { stdout, status } = spawnSync(process.execPath, [ctl, "completion", shell], {
    encoding: "utf8",
  });
  expect(status).toBe(0);
  return stdout;
}

/** What bash offers for the last of these words. */
function offeredByBash(...words: string[]): readonly string[] {
  const ask = `${scriptFor("bash")}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_leveretctl; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", ask], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((word) => word !== "");
}

test("bash completes commands, by program", () => {
  expect(offeredByBash("leveretctl", "list_vh")).toEqual(["list_vhost_limits", "list_vhosts"]);
  expect(offeredByBash("rabbitmq-plugins", "")).toContain("is_enabled");
  expect(offeredByBash("rabbitmq-plugins", "list_q")).toEqual([]);
});

test("bash completes options, columns and formatters", () => {
  expect(offeredByBash("rabbitmqctl", "-p", "/", "list_queues", "messages_u")).toEqual([
    "messages_unacknowledged",
    "messages_unacknowledged_ram",
  ]);
  expect(offeredByBash("rabbitmqctl", "add_vhost", "x", "--desc")).toEqual(["--description"]);
  expect(offeredByBash("rabbitmqctl", "--formatter", "p")).toEqual(["pretty_table"]);
});

test.skipIf(!isInstalled("zsh"))("zsh takes the script", () => {
  const { status, stderr } = spawnSync("zsh", ["-n"], {
    input: scriptFor("zsh"),
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
});

test.skipIf(!isInstalled("fish"))("fish completes commands", () => {
  const ask = `${scriptFor("fish")}\ncomplete -C 'leveretctl list_vh'`;
  const { stdout } = spawnSync("fish", ["-c", ask], { encoding: "utf8" });
  expect(stdout).toContain("list_vhosts");
});

test("a shell nobody knows is an error", () => {
  expect(spawnSync(process.execPath, [ctl, "completion", "tcsh"]).status).toBe(65);
});
