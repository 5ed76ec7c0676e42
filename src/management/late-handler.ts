// Answers HTTP requests with something that is loaded when the first one comes: who never asks has its memory.

import type { IncomingMessage, ServerResponse } from "../env/http.ts";

/** What can answer, and be closed; Fastify's applications can. */
export interface Handler {
  routing(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

export class LateHandler {
  readonly #load: () => Promise<Handler>;
  readonly #onFailure: (error: unknown) => void;
  #loading: Promise<Handler> | undefined = undefined;
  #loaded: Handler | undefined = undefined;

  /** `load` is asked once, and again after it failed, which `onFailure` hears of. */
  constructor(load: () => Promise<Handler>, onFailure: (error: unknown) => void) {
    this.#load = load;
    this.#onFailure = onFailure;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    if (this.#loaded !== undefined) this.#loaded.routing(request, response);
    else void this.#handleLate(request, response);
  }

  async #handleLate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.#loading ??= this.#load();
      this.#loaded = await this.#loading;
    } catch (error) {
      this.#loading = undefined;
      this.#onFailure(error);
      response.writeHead(500).end();
      return;
    }
    this.#loaded.routing(request, response);
  }

  async close(): Promise<void> {
    await (await this.#loading?.catch(() => undefined))?.close();
  }
}
