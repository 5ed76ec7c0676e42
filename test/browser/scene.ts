// What most browser tests begin with: a broker, a page of it, and a client that sees what the page has done.

import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { type Client, openClient } from "./amqp.ts";
import { Stage, type StageOptions, type View } from "./stage.ts";

export interface Scene {
  readonly stage: Stage;
  readonly view: View;
  readonly client: Client;
}

/** For the tests of a `describe`: hands it over before the first of them. None may leave problems on the page. */
export function openScene(
  clientName: string | undefined,
  use: (scene: Scene) => void,
  options: StageOptions = {},
): void {
  let stage: Stage | undefined;
  let view: View | undefined;
  let client: Client | undefined;
  beforeAll(async () => {
    stage = await Stage.open(options);
    view = await stage.newView();
    client = await openClient(stage.amqpUrl, clientName);
    use({ stage, view, client });
  });
  afterEach(() => expect(view?.problems.splice(0)).toEqual([]));
  afterAll(async () => {
    await client?.close();
    await stage?.close();
  });
}
