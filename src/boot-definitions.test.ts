import { expect, test } from "vitest";
import { loadDefinitionsFile } from "./boot-definitions.ts";
import { newTestBroker } from "./broker/test-doubles.ts";

test("a definitions file fills an empty broker, 64-bit numbers exact", async () => {
  const broker = newTestBroker();
  const file = {
    users: [{ name: "u", password: "p", tags: "administrator" }],
    vhosts: [{ name: "/" }],
    permissions: [{ user: "u", vhost: "/", configure: ".*", write: ".*", read: ".*" }],
    queues: [{ name: "q", vhost: "/", arguments: { "x-foo": "HUGE" } }],
  };
  const text = JSON.stringify(file).replace('"HUGE"', "9007199254740993");
  await loadDefinitionsFile(broker, "defs.json", () => text);
  const queue = broker.vhosts.get("/")?.queues.get("q");
  expect(queue?.definition.arguments.get("x-foo")).toEqual({ type: "l", value: 9007199254740993n });
  expect(broker.access.store.permissionsOf("u", "/")?.read).toBe(".*");
});

test.each([
  [() => "{", "The definitions file defs.json cannot be loaded: "],
  [() => '{"queues":[{"name":"q","vhost":"no"}]}', "queues[0]: vhost 'no' does not exist"],
  [
    () => {
      throw new Error("ENOENT: no such file");
    },
    "The definitions file defs.json cannot be loaded: ENOENT: no such file",
  ],
])("a file that is wrong is one clear sentence: %#", async (readFile, text) => {
  await expect(loadDefinitionsFile(newTestBroker(), "defs.json", readFile)).rejects.toThrow(text);
});
