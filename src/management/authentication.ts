// Who asks: Basic credentials from the header, checked slowly for those who guess.

import type { User } from "../broker/access/user.ts";
import { BrokerError } from "../broker/errors.ts";
import type { Clock, Endpoint } from "../env/env.ts";
import { ApiError } from "./answers.ts";
import type { Authenticate, Credentials } from "./management.ts";

const CHALLENGE = { "www-authenticate": 'Basic realm="Leveret Management"' };
/** How long an answer waits once somebody has failed too often. */
const DELAY_MS = 1_000;
const WINDOW_MS = 60_000;
/** (user, address) pairs whose failures are counted; the oldest are forgotten. */
const TRACKED_MAX = 10_000;

interface Failures {
  count: number;
  since: number;
}

export interface AuthenticationOptions {
  readonly clock: Clock;
  readonly authenticate: Authenticate;
  readonly failuresPerMinute: number;
  /** Only tokens are taken. */
  readonly disableBasicAuth: boolean;
}

export class Authentication {
  readonly #options: AuthenticationOptions;
  readonly #failures = new Map<string, Failures>();

  constructor(options: AuthenticationOptions) {
    this.#options = options;
  }

  /** The user behind an Authorization header. Throws ApiError 401 or 400. */
  async userOf(header: string | undefined, peer: Endpoint): Promise<User> {
    if (header === undefined || header === "") throw new ApiError(401, undefined, CHALLENGE);
    const credentials = parseAuthorization(header);
    if (credentials.name !== "" && this.#options.disableBasicAuth) {
      throw new ApiError(401, {
        error: "not_authorized",
        reason: "Basic authentication is disabled",
      });
    }
    const key = `${credentials.name}\0${peer.address}`;
    if (this.#isGuessing(key)) await this.#delay();
    try {
      const user = await this.#options.authenticate(credentials, peer);
      this.#failures.delete(key);
      return user;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.#failed(key);
      throw new ApiError(401, { error: "not_authorized", reason: "Login failed" }, CHALLENGE);
    }
  }

  #isGuessing(key: string): boolean {
    const failures = this.#failures.get(key);
    if (failures === undefined) return false;
    if (this.#options.clock.monotonicMs() - failures.since > WINDOW_MS) {
      this.#failures.delete(key);
      return false;
    }
    return failures.count >= this.#options.failuresPerMinute;
  }

  #failed(key: string): void {
    const failures = this.#failures.get(key);
    if (failures !== undefined) {
      failures.count++;
      return;
    }
    if (this.#failures.size >= TRACKED_MAX) {
      const [oldest] = this.#failures.keys();
      this.#failures.delete(oldest!);
    }
    this.#failures.set(key, { count: 1, since: this.#options.clock.monotonicMs() });
  }

  #delay(): Promise<void> {
    return new Promise((resolve) => this.#options.clock.setTimer(DELAY_MS, resolve));
  }
}

/** Basic: user and password; Bearer: the token as password of nobody. */
function parseAuthorization(header: string): Credentials {
  const [scheme, value = ""] = header.split(/\s+/, 2);
  if (scheme?.toLowerCase() === "bearer") return { name: "", password: value };
  if (scheme?.toLowerCase() !== "basic") throw new ApiError(401, undefined, CHALLENGE);
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) throw new ApiError(400, undefined);
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
