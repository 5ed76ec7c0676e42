import { expect, test } from "vitest";
import { newTestBroker } from "../broker/test-doubles.ts";
import { loadDefinitions } from "./boot-definitions.ts";

test("a definitions file fills an empty broker, 64-bit numbers exact", async () => {
  const broker = newTestBroker();
  const file = {
    users: [{ name: "u", password: "p", tags: "administrator" }],
    vhosts: [{ name: "/" }],
    permissions: [{ user: "u", vhost: "/", configure: ".*", write: ".*", read: ".*" }],
    queues: [{ name: "q", vhost: "/", arguments: { "x-foo": "HUGE" } }],
  };
  const text = JSON.stringify(file).replace('"HUGE"', "9007199254740993");
  await loadDefinitions(broker, { path: "defs.json" }, { readFile: () => text });
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
  const place = { path: "defs.json" };
  await expect(loadDefinitions(newTestBroker(), place, { readFile })).rejects.toThrow(text);
});

/** A directory of these files. */
function directoryOf(files: Readonly<Record<string, unknown>>) {
  return {
    readFile: (path: string) => JSON.stringify(files[path.slice("defs/".length)]),
    listDirectory: () => Object.keys(files),
  };
}

test("files of a directory are one: each may name what another defines", async () => {
  const broker = newTestBroker();
  const files = {
    "20-queues.json": { queues: [{ name: "q", vhost: "shop" }] },
    "10-vhosts.json": { vhosts: [{ name: "shop" }] },
    "notes.txt": "not JSON",
  };
  expect(await loadDefinitions(broker, { path: "defs" }, directoryOf(files))).toBe(true);
  expect(broker.vhosts.get("shop")?.queues.has("q")).toBe(true);
});

test("nothing is imported when one file of a directory is wrong, and that file is named", async () => {
  const broker = newTestBroker();
  const files = {
    "1.json": { vhosts: [{ name: "shop" }], queues: [{ name: "a", vhost: "shop" }] },
    "2.json": {
      queues: [
        { name: "b", vhost: "shop" },
        { name: "c", vhost: "nowhere" },
      ],
    },
  };
  const loading = loadDefinitions(broker, { path: "defs" }, directoryOf(files));
  await expect(loading).rejects.toThrow(
    "The definitions file defs/2.json cannot be loaded: queues[1]: vhost 'nowhere' does not exist",
  );
  expect(broker.vhosts.has("shop")).toBe(false);
});

test("what has not changed is left alone when that is asked for", async () => {
  const broker = newTestBroker();
  const place = { path: "defs", skipIfUnchanged: true };
  const world = (tag: string) => ({
    ...directoryOf({ "1.json": { users: [{ name: "u", password_hash: "", tags: [tag] }] } }),
    digest: (text: string) => text,
  });
  expect(await loadDefinitions(broker, place, world("monitoring"))).toBe(true);
  expect(await loadDefinitions(broker, place, world("monitoring"))).toBe(false);
  expect(await loadDefinitions(broker, place, world("management"))).toBe(true);
});

test("definitions are fetched from an address", async () => {
  const broker = newTestBroker();
  const readFile = () => "";
  const fetchText = async (url: string) => JSON.stringify({ vhosts: [{ name: url.slice(-4) }] });
  await loadDefinitions(broker, { path: "https://host/shop" }, { readFile, fetchText });
  expect(broker.vhosts.has("shop")).toBe(true);
  const failing = {
    readFile,
    fetchText: () => Promise.reject(new Error("the server answers 404")),
  };
  await expect(loadDefinitions(broker, { path: "https://host/x" }, failing)).rejects.toThrow(
    "The definitions at https://host/x cannot be loaded: the server answers 404",
  );
});

test("an address that holds a password or a token is named without them", async () => {
  const world = { readFile: () => "", fetchText: () => Promise.reject(new Error("no answer")) };
  const place = { path: "https://ann:secret@host/x?token=hidden" };
  const failed = await loadDefinitions(newTestBroker(), place, world).catch(String);
  expect(failed).toContain("https://host/x?***");
  expect(failed).not.toMatch(/secret|hidden/);
});
