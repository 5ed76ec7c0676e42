// What scripts read from the JSON of rabbitmqctl status and cluster_status: RabbitMQ 3.10's fields are there.

import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { SharedBroker } from "./set-up.ts";

const program = (name: string) =>
  fileURLToPath(new URL(`../../dist/compat/${name}`, import.meta.url));
const broker = new SharedBroker("status");

function answer(name: string, ...args: string[]): Record<string, unknown> {
  const all = ["--data-dir", broker.folder, ...args, "--formatter", "json", "-s"];
  return JSON.parse(execFileSync(program(name), all, { encoding: "utf8" }));
}

/** Absent on purpose: there is one file of plug-ins for the next start, and the setting is shown by `environment`. */
const STATUS = [
  ...["active_plugins", "alarms", "config_files", "crypto_lib_version", "data_directory"],
  ...["disk_free", "disk_free_limit", "erlang_version", "file_descriptors", "is_under_maintenance"],
  ...["listeners", "log_files", "memory", "net_ticktime", "os", "pid", "processes", "product_name"],
  ...[
    "product_version",
    "rabbitmq_version",
    "raft_data_directory",
    "release_series_support_status",
  ],
  ...["run_queue", "totals", "uptime", "vm_memory_calculation_strategy"],
  "vm_memory_high_watermark_limit",
];

test("status has RabbitMQ's fields", () => {
  const status = answer("rabbitmqctl", "status");
  expect(STATUS.filter((name) => status[name] === undefined)).toEqual([]);
  expect(status.totals).toEqual({ connection_count: 0, queue_count: 0, virtual_host_count: 1 });
});

test("what is missing is said before anything is announced", () => {
  const args = ["--data-dir", broker.folder, "reset_offset", "--stream", "events"];
  const { status, stdout, stderr } = spawnSync(program("rabbitmq-streams"), args, {
    encoding: "utf8",
  });
  expect([status, stdout]).toEqual([64, ""]);
  expect(stderr).toContain("--stream and --reference are required");
});

test("listeners are told as status tells them", () => {
  const { result, listeners } = answer("rabbitmq-diagnostics", "listeners");
  expect(result).toBe("ok");
  expect(listeners).toEqual(answer("rabbitmqctl", "status").listeners);
  expect(listeners).toContainEqual(
    expect.objectContaining({ interface: "[::]", protocol: "http", purpose: "HTTP API" }),
  );
});

test("leveretctl takes its options before the word for a program, too", () => {
  const args = [
    program("../leveretctl.js"),
    "--data-dir",
    broker.folder,
    "-s",
    "diagnostics",
    "listeners",
  ];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("protocol: amqp");
});
