// Data directories that versions have written, kept for ever: this version opens them, with everything in them.

import { describe, expect, test } from "vitest";
import { LEVERET_VERSION } from "../../src/version.ts";
import { ends, keptFiles, makeDirectory, readKept, whatIsIn, worldOf } from "./directories.ts";

test("this version has left its directories", () => {
  expect(keptFiles()).toContain(`${LEVERET_VERSION}.json.gz`);
});

describe.each(keptFiles())("%s", (file) => {
  const { directories } = readKept(file);

  test.each(ends)("a directory that was %s has all its definitions and messages", async (end) => {
    const { expected, files } = directories[end];
    expect(Object.keys(expected.messages).length).toBeGreaterThan(5);
    expect(expected.messages.plain?.length).toBeGreaterThan(8);
    expect(await whatIsIn(worldOf(files))).toEqual(expected);
  });
});

test.each(ends)("what is %s today has the same in it as what is kept", async (end) => {
  const { expected } = readKept(`${LEVERET_VERSION}.json.gz`).directories[end];
  expect((await makeDirectory(end)).expected).toEqual(expected);
});
