// Reasons why publishers must wait: memory or disk run low. Connections hear of changes and tell their clients.

/** As RabbitMQ names resources in connection.blocked and in its API. */
export type AlarmKind = "memory" | "disk";

/** One call per change of an alarm. */
export interface AlarmListener {
  /** `blocked`: whether any alarm is set now. `reason` is what to show ("low on memory"). */
  onAlarm(kind: AlarmKind, set: boolean, blocked: boolean, reason: string): void;
}

export class Alarms {
  /** By kind, then by who says so: an alarm stays until the last of them clears it. */
  readonly #sources = new Map<AlarmKind, Map<string, string>>();
  readonly #active = new Map<AlarmKind, string>();
  readonly #listeners = new Set<AlarmListener>();

  /** Any alarm is set: publishes wait. */
  get blocked(): boolean {
    return this.#active.size > 0;
  }

  /** The alarms that are set, each with its reason. */
  get active(): ReadonlyMap<AlarmKind, string> {
    return this.#active;
  }

  /** The text of connection.blocked, as RabbitMQ words it: "low on memory", "low on memory & disk". */
  get reason(): string {
    if (this.#active.size === 0) return "";
    return `low on ${[...this.#active.keys()].join(" & ")}`;
  }

  /** Sets an alarm on behalf of `source`; a second time only the reason changes and nobody is told again. */
  set(kind: AlarmKind, reason: string, source = ""): void {
    const known = this.#active.has(kind);
    const sources = this.#sources.get(kind) ?? new Map<string, string>();
    this.#sources.set(kind, sources);
    sources.set(source, reason);
    this.#active.set(kind, reason);
    if (!known) this.#tell(kind, true);
  }

  /** `source` has no reason any more; the alarm ends with the last one. */
  clear(kind: AlarmKind, source = ""): void {
    const sources = this.#sources.get(kind);
    if (sources?.delete(source) !== true) return;
    const [left] = sources.values();
    if (left !== undefined) {
      this.#active.set(kind, left);
      return;
    }
    this.#active.delete(kind);
    this.#tell(kind, false);
  }

  listen(listener: AlarmListener): void {
    this.#listeners.add(listener);
  }

  forget(listener: AlarmListener): void {
    this.#listeners.delete(listener);
  }

  #tell(kind: AlarmKind, set: boolean): void {
    for (const listener of this.#listeners) {
      listener.onAlarm(kind, set, this.blocked, this.reason);
    }
  }
}
