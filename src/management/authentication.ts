// Who asks: Basic credentials from the header, checked slowly for those who guess.

import type { User } from "../broker/access/user.ts";
import { BrokerError } from "../broker/errors.ts";
import type { Clock, Endpoint } from "../env/env.ts";
import { ApiError } from "./answers.ts";
import type { Authenticate, Credentials } from "./management.ts";

const CHALLENGE = { "www-authenticate": 'Basic realm="RabbitMQ Management"' };
/** How long an answer waits once somebody has failed too often: one after the other, however many ask at a time. */
const DELAY_MS = 1_000;
/** Who would have to wait longer is sent away at once. */
const WAIT_MS_MAX = 10_000;
/** Failures of an address, whatever the names, that cost nothing; many people may share one. */
const ADDRESS_FACTOR = 10;
const WINDOW_MS = 60_000;
/** (user, address) pairs whose failures are counted; the oldest are forgotten. */
const TRACKED_MAX = 10_000;

interface Failures {
  count: number;
  since: number;
  /** When the last of those who wait is answered. */
  busyUntil: number;
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
    await this.#slowDown(key, peer.address);
    try {
      const user = await this.#options.authenticate(credentials, peer);
      this.#failures.delete(key);
      return user;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.#failed(key);
      this.#failed(peer.address);
      throw new ApiError(401, { error: "not_authorized", reason: "Login failed" }, CHALLENGE);
    }
  }

  /** Guessing one user's password is answered once a second; trying many users, a second late. */
  async #slowDown(key: string, address: string): Promise<void> {
    const { clock, failuresPerMinute } = this.#options;
    const guessing = this.#recent(key, failuresPerMinute);
    if (guessing !== undefined) {
      const now = clock.monotonicMs();
      const answeredAt = Math.max(now, guessing.busyUntil) + DELAY_MS;
      if (answeredAt - now > WAIT_MS_MAX) {
        throw new ApiError(429, { error: "too_many_requests", reason: "Too many failed logins" });
      }
      guessing.busyUntil = answeredAt;
      await this.#delay(answeredAt - now);
    } else if (this.#recent(address, failuresPerMinute * ADDRESS_FACTOR) !== undefined) {
      await this.#delay(DELAY_MS);
    }
  }

  /** The failures of the last minute, when they are too many. */
  #recent(key: string, countMax: number): Failures | undefined {
    const failures = this.#failures.get(key);
    if (failures === undefined) return undefined;
    if (this.#options.clock.monotonicMs() - failures.since > WINDOW_MS) {
      this.#failures.delete(key);
      return undefined;
    }
    return failures.count >= countMax ? failures : undefined;
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
    const since = this.#options.clock.monotonicMs();
    this.#failures.set(key, { count: 1, since, busyUntil: since });
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.setTimer(ms, resolve));
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
