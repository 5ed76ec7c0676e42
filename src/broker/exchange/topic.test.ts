import fc from "fast-check";
import { expect, test } from "vitest";
import { threadCpuMs } from "../../env/thread-cpu.ts";
import type { Binding, Destination, RoutedMessage, TargetSet } from "./exchange.ts";
import { TopicRouter } from "./topic.ts";

class Names implements TargetSet {
  readonly names = new Set<string>();
  add(destination: Destination): void {
    this.names.add((destination as unknown as { name: string }).name);
  }
}

function bindingTo(name: string, routingKey: string): Binding {
  return { destination: { name } as unknown as Destination, routingKey } as unknown as Binding;
}

function matches(router: TopicRouter, routingKey: string): string[] {
  const into = new Names();
  router.route({ routingKey } as RoutedMessage, into);
  return [...into.names].sort();
}

/** Says of one pattern and one key, word by word with backtracking, whether they match. */
function matchesNaively(pattern: readonly string[], key: readonly string[]): boolean {
  const [word, ...rest] = pattern;
  if (word === undefined) return key.length === 0;
  if (word === "#") {
    return matchesNaively(rest, key) || (key.length > 0 && matchesNaively(pattern, key.slice(1)));
  }
  if (key.length === 0) return false;
  return (word === "*" || word === key[0]) && matchesNaively(rest, key.slice(1));
}

const splitWords = (text: string) => (text === "" ? [] : text.split("."));
const keyWord = fc.constantFrom("a", "b", "", "é");
const key = fc.array(keyWord, { maxLength: 6 }).map((words) => words.join("."));
const pattern = fc
  .array(fc.oneof(keyWord, fc.constantFrom("*", "#")), { maxLength: 6 })
  .map((words) => words.join("."));

test("finds what a naive matcher finds, also after some bindings have gone", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(pattern, { maxLength: 12 }),
      fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
      fc.array(key, { maxLength: 8 }),
      (patterns, gone, keys) => {
        const router = new TopicRouter();
        const bindings = patterns.map((text) => bindingTo(text, text));
        for (const binding of bindings) router.bind(binding);
        const left = patterns.filter((_, i) => !gone[i]);
        bindings.forEach((binding, i) => {
          if (gone[i]) router.unbind(binding);
        });
        for (const routingKey of keys) {
          const expected = left.filter((text) =>
            matchesNaively(splitWords(text), splitWords(routingKey)),
          );
          expect(matches(router, routingKey)).toEqual(expected.sort());
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test.each([
  ["user.#", "user", true],
  ["user.#", "user.a.b", true],
  ["user.*", "user", false],
  ["user.*", "user.", true],
  ["#", "", true],
  ["*", "", false],
  ["", "", true],
  ["*.critical", "kern.critical", true],
  ["*.created.*", "order.created", false],
])("%s and %s: %s", (text, routingKey, expected) => {
  const router = new TopicRouter();
  router.bind(bindingTo("q", text));
  expect(matches(router, routingKey)).toEqual(expected ? ["q"] : []);
});

test("a pattern of 127 hashes costs what the words cost, not their combinations", () => {
  const router = new TopicRouter();
  router.bind(bindingTo("q", Array.from({ length: 127 }, () => "#").join(".a.")));
  const words = Array.from({ length: 128 }, () => "a").join(".");
  const startedMs = threadCpuMs();
  for (let i = 0; i < 20; i++) expect(matches(router, words)).toEqual(["q"]);
  // 20 matches take about 20 ms cold; without the marks a single one would take longer than the universe.
  expect(threadCpuMs() - startedMs).toBeLessThan(1000);
});

test("the same destination bound twice stays until both bindings are gone", () => {
  const router = new TopicRouter();
  const binding = bindingTo("q", "a.#");
  router.bind(binding);
  router.bind(binding);
  router.unbind(binding);
  expect(matches(router, "a.b")).toEqual(["q"]);
  router.unbind(binding);
  expect(matches(router, "a.b")).toEqual([]);
});
