import { expect, test } from "vitest";
import { bar, withProgress } from "./progress.ts";

const later = (ms: number) => new Promise<string>((resolve) => setTimeout(resolve, ms, "done"));

test("a bar fills", () => {
  expect(bar(0)).toBe(`${"-".repeat(30)}   0%`);
  expect(bar(1 / 3)).toBe(`${"#".repeat(10)}${"-".repeat(20)}  33%`);
  expect(bar(7)).toBe(`${"#".repeat(30)} 100%`);
});

test("long work shows a bar on a terminal and clears it", async () => {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  const answer = await withProgress(later(1_200), {
    write,
    label: "Importing",
    fraction: async () => 0.5,
  });
  expect(answer).toBe("done");
  expect(written).toContain(`\rImporting ${"#".repeat(15)}${"-".repeat(15)}  50%`);
  expect(written).toMatch(/\r +\r$/);
});

test("short work shows nothing, and a look that fails is no error", async () => {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  await withProgress(later(50), { write, label: "Importing", fraction: async () => 1 });
  await withProgress(later(900), {
    write,
    label: "Importing",
    fraction: () => Promise.reject(new Error("gone")),
  });
  expect(written).toBe("");
});

test("nobody watches: nothing is asked", async () => {
  const fraction = () => Promise.reject(new Error("asked"));
  expect(await withProgress(later(800), { write: undefined, label: "", fraction })).toBe("done");
});
