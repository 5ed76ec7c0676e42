// What all tests of the documents' programs need: a new broker for each, and ways to run blocks and fragments.

import { afterAll, afterEach, beforeAll, beforeEach, describe } from "vitest";
import type { Program } from "./program.ts";
import { missingForSeeds, type SeedOptions, seedProgram } from "./seed-program.ts";
import { startEmbeddedTarget, type Target } from "./target.ts";

/** What a fragment that begins in the middle of a program takes for granted. */
export const CHANNEL = `
import pika, time, uuid
connection = pika.BlockingConnection(pika.ConnectionParameters('localhost'))
channel = connection.channel()
message = 'a message'
def callback(ch, method, properties, body):
    print('callback got', body)
    ch.basic_ack(method.delivery_tag)
def stop_soon():
    connection.call_later(0.5, channel.stop_consuming)
def depth(name):
    return channel.queue_declare(queue=name, passive=True).method.message_count
def drain(name):
    bodies = []
    while True:
        method, properties, body = channel.basic_get(name, auto_ack=True)
        if method is None:
            return bodies
        bodies.append(body.decode())
`;

/** How the tests run programs. A place is a document and the line a block of it begins at: "000:587". */
export interface SeedRunner {
  /** Starts a program that is interrupted when the test ends. */
  start(places: string | readonly string[], options?: SeedOptions): Program;
  /** Runs it to its orderly end and answers what it printed. */
  ends(places: string | readonly string[], options?: SeedOptions): Promise<string>;
  /** Runs it until it dies of this. */
  raises(
    places: string | readonly string[],
    expected: RegExp,
    options?: SeedOptions,
  ): Promise<void>;
  /** For a fragment: a channel and the names it takes for granted, and what to look at afterwards. */
  fragment(before?: string, after?: string): SeedOptions;
}

const missing = missingForSeeds();

/** A `describe` for one document. Each test has a new broker. */
export function describeSeed(title: string, tests: (runner: SeedRunner) => void): void {
  if (missing !== "") console.warn(`programs of document ${title} are not run: ${missing}`);
  describe.skipIf(missing !== "")(`programs of document ${title}`, () => {
    let target: Target;
    let running: Program[] = [];

    beforeAll(async () => {
      target = await startEmbeddedTarget();
    }, 60_000);
    afterAll(() => target?.stop());
    beforeEach(() => target.reset());
    afterEach(async () => {
      await Promise.all(running.map((program) => program.stop()));
      running = [];
    });

    const start: SeedRunner["start"] = (places, options = {}) => {
      const program = seedProgram(target.port, [places].flat(), options);
      running.push(program);
      return program;
    };
    tests({
      start,
      ends: (places, options) => start(places, options).ends(),
      raises: (places, expected, options) => start(places, options).raises(expected),
      fragment: (before = "", after = "") => ({ before: CHANNEL + before, after }),
    });
  });
}
