// The node itself: settings, logs, watermarks, stopping. Most of it is what the command line needs.

import type { EventFacts, EventListener, EventName } from "../../broker/events.ts";
import { type Answer, badRequest, json, noContent } from "../answers.ts";
import { type ApiJson, type ApiObject, property } from "../api-json.ts";
import { booleanField, optionalTextField, requireFields, textField } from "../body.ts";
import type { LogEntry, Watermark } from "../control.ts";
import { Feed } from "../feed.ts";
import type { Management } from "../management.ts";
import type { ApiRequest } from "../request.ts";
import { get, post, put, type Route } from "../route.ts";

const STOP_DELAY_MS = 100;
const LINES_DEFAULT = 100;
const LINES_MAX = 1_000;
/** Lines a slow reader may fall behind before it loses some. */
const STREAM_LIMITS = { waitingMax: 10_000, waitingLengthMax: 8 * 1_048_576 };

export const controlRoutes: readonly Route[] = [
  get(
    "/config/effective",
    "monitoring",
    "Every setting, and where it was written",
    ({ management }) => json(management.control.settings().map((each) => ({ ...each }))),
  ),
  get("/logs", "monitoring", "The last log lines", logs, {
    query: {
      after: "only lines with a higher number",
      limit: "so many at most",
      level: "only of this level",
    },
  }),
  get(
    "/livelog",
    "monitoring",
    "Log lines as they are written (server-sent events)",
    ({ management }) => ({
      kind: "live",
      contentType: "text/event-stream",
      feed: logFeed(management),
    }),
  ),
  get("/events", "monitoring", "What happened lately in the broker", ({ management, query }) => {
    const after = Number(query.after ?? 0);
    return json(management.recentEvents.after(Number.isFinite(after) ? after : 0));
  }),
  post("/auth/check", "administrator", "Whether a password is right", checkPassword, {
    body: { user: "ann", password: "secret" },
  }),
  post("/node/stop", "administrator", "Stops the broker", ({ management }) => {
    // The answer still has to leave.
    management.broker.clock.setTimer(STOP_DELAY_MS, () => management.control.stop());
    return json({ pid: management.node.processId });
  }),
  put(
    "/node/listeners",
    "administrator",
    "Lets clients in, or keeps them out",
    (request) => {
      const { body, management } = request;
      management.control.setAccepting(booleanField(body, "accepting", true));
      if (booleanField(body, "close_connections", false)) {
        management.broker.connections.closeAll("the node is being drained", () => true);
      }
      return noContent;
    },
    { body: { accepting: false, close_connections: true } },
  ),
  put(
    "/node/memory-watermark",
    "administrator",
    "Above this publishers are blocked",
    (request) => {
      request.management.control.setMemoryWatermark(watermarkOf(request.body));
      return noContent;
    },
    { body: { relative: 0.6 } },
  ),
  put(
    "/node/disk-free-limit",
    "administrator",
    "Below this publishers are blocked",
    (request) => {
      const { body, management } = request;
      if (property(body, "monitored") !== undefined) {
        management.control.monitorDisk(booleanField(body, "monitored", true));
      } else management.control.setDiskFreeLimit(watermarkOf(body));
      return noContent;
    },
    { body: { absolute: 50_000_000 } },
  ),
  put(
    "/node/log-level",
    "administrator",
    "How much is logged",
    (request) => {
      requireFields(request.body, ["level"]);
      const level = textField(request.body, "level", "");
      const category = optionalTextField(request.body, "category");
      if (!request.management.control.setLogLevel(level, category)) {
        throw badRequest(`there is no level or category ${category ?? level}`);
      }
      return noContent;
    },
    { body: { level: "debug", category: "connection" } },
  ),
  post("/node/rotate-logs", "administrator", "Starts a new log file", ({ management }) => {
    management.control.rotateLogs();
    return noContent;
  }),
  post(
    "/nodes/gc_collect",
    "administrator",
    "Collects garbage, where that can be asked for",
    ({ management }) => {
      management.control.collectGarbage();
      return noContent;
    },
  ),
];

function watermarkOf(body: ApiObject): Watermark {
  for (const name of ["absolute", "relative"] as const) {
    const value = property(body, name);
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value >= 0))
      throw badRequest(`${name} must be a number, 0 or more`);
    return { [name]: value };
  }
  throw badRequest("[{key_missing,absolute}]");
}

function lineView({ number, timeMs, level, category, text }: LogEntry): ApiObject {
  return { number, time: new Date(timeMs).toISOString(), level, category, text };
}

function logs({ management, query }: ApiRequest): Answer {
  const after = Number(query.after ?? 0);
  const limit = Math.min(Number(query.limit ?? LINES_DEFAULT), LINES_MAX);
  if (!Number.isFinite(after) || !(limit >= 0)) throw badRequest("after and limit must be numbers");
  const lines = management.control.logs.linesAfter(after, limit);
  const wanted =
    query.level === undefined ? lines : lines.filter(({ level }) => level === query.level);
  return json(wanted.map(lineView));
}

/** Lines as they come, until the reader goes away. */
function logFeed({ control: { logs } }: Management): Feed {
  const feed = new Feed(STREAM_LIMITS, () => logs.forget(listener));
  const listener = {
    onLine: (line: LogEntry) =>
      feed.push(`id: ${line.number}\ndata: ${JSON.stringify(lineView(line))}\n\n`),
  };
  feed.push("retry: 2000\n\n");
  for (const line of logs.linesAfter(0, LINES_DEFAULT)) listener.onLine(line);
  logs.listen(listener);
  return feed;
}

async function checkPassword({ body, management, peer }: ApiRequest): Promise<Answer> {
  requireFields(body, ["user", "password"]);
  const credentials = {
    name: textField(body, "user", ""),
    password: textField(body, "password", ""),
  };
  try {
    const { tags } = await management.authenticate(credentials, peer);
    return json({ ok: true, tags });
  } catch {
    return json({ ok: false });
  }
}

/** Events kept for those who ask a little later. */
const EVENTS_KEPT = 1_000;

/** The last events of the broker, numbered. */
export class RecentEvents implements EventListener {
  readonly #nowMs: () => number;
  readonly #kept: ApiObject[] = [];
  #lastNumber = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  onEvent(name: EventName, facts: EventFacts): void {
    const number = ++this.#lastNumber;
    this.#kept.push({
      number,
      event: name,
      timestamp_in_ms: this.#nowMs(),
      ...(facts as ApiObject),
      // Values of parameters may be secrets; who may read them asks for the parameter.
      ...(name === "parameter.set" ? { value: undefined } : {}),
    });
    if (this.#kept.length > EVENTS_KEPT) this.#kept.shift();
  }

  after(number: number): readonly ApiJson[] {
    return this.#kept.filter((event) => Number(event.number) > number);
  }
}
