// Carries out a checked definitions file in slices: what is there stays as it is, users, permissions and policies are
// replaced.

import type { PasswordHash } from "../access/password-hash.ts";
import type { Broker } from "../broker.ts";
import type { Deadline, Job } from "../flow/turn.ts";
import type { PlainJson } from "../message/field-table-json.ts";
import {
  type DefinitionPlan,
  type PlannedBinding,
  type PlannedExchange,
  type PlannedQueue,
  type PlannedUser,
  type PlannedVhost,
  planDefinitions,
} from "./plan.ts";

export interface ImportOptions {
  /** Undefined: a file of the whole broker; otherwise everything goes into this vhost, which exists. */
  readonly vhost: string | undefined;
  /** Who imports, for events. */
  readonly by: string;
  /** All is done and in the log up to `journal.position`. */
  readonly onDone: () => void;
  /**
   * The file is wrong: precondition-failed, naming the object, and nothing has changed. Or something went wrong that
   * the check had not seen; then what had been done stays.
   */
  readonly onFailed: (error: unknown) => void;
}

/** Checks a whole file, then carries it out; both in slices. */
export function importDefinitions(broker: Broker, json: PlainJson, options: ImportOptions): void {
  runImport(broker, json, options, (job) => broker.turn.addJob(job));
}

/** The same at once, for start-up and tests; only plain passwords have to be waited for. */
export function importDefinitionsNow(
  broker: Broker,
  json: PlainJson,
  options: ImportOptions,
): void {
  runImport(broker, json, options, (job) => job.runSlice(() => false));
}

function runImport(
  broker: Broker,
  json: PlainJson,
  options: ImportOptions,
  run: (job: Job) => void,
): void {
  const onPlanned = (plan: DefinitionPlan) =>
    hashPasswords(broker, plan.users, (hashes) =>
      run(new DefinitionImport(broker, plan, hashes, options)),
    );
  run(new DefinitionCheck(planned(broker, json, options.vhost), onPlanned, options.onFailed));
}

type Hashes = ReadonlyMap<string, PasswordHash>;

/** Hashes the plain passwords of the file. */
function hashPasswords(
  broker: Broker,
  users: readonly PlannedUser[],
  onHashed: (hashes: Hashes) => void,
): void {
  const hashes = new Map<string, PasswordHash>();
  const plain = users.filter((user) => user.password !== undefined);
  let missing = plain.length;
  if (missing === 0) return onHashed(hashes);
  for (const { name, password } of plain) {
    broker.access.hash(password as string, (hash) => {
      hashes.set(name, hash);
      missing--;
      if (missing === 0) onHashed(hashes);
    });
  }
}

/** What is no file at all fails with the first step. */
function* planned(
  broker: Broker,
  json: PlainJson,
  vhost: string | undefined,
): Generator<void, DefinitionPlan> {
  return yield* planDefinitions(broker, json, vhost);
}

class DefinitionCheck implements Job {
  readonly #steps: Iterator<void, DefinitionPlan>;
  readonly #onPlanned: (plan: DefinitionPlan) => void;
  readonly #onFailed: (error: unknown) => void;

  constructor(
    steps: Iterator<void, DefinitionPlan>,
    onPlanned: (plan: DefinitionPlan) => void,
    onFailed: (error: unknown) => void,
  ) {
    this.#steps = steps;
    this.#onPlanned = onPlanned;
    this.#onFailed = onFailed;
  }

  runSlice(deadline: Deadline): boolean {
    try {
      do {
        const step = this.#steps.next();
        if (step.done !== true) continue;
        this.#onPlanned(step.value);
        return true;
      } while (!deadline());
      return false;
    } catch (error) {
      this.#onFailed(error);
      return true;
    }
  }
}

class DefinitionImport implements Job {
  readonly #broker: Broker;
  readonly #options: ImportOptions;
  readonly #hashes: Hashes;
  readonly #steps: Iterator<void>;
  #isHolding = false;

  constructor(broker: Broker, plan: DefinitionPlan, hashes: Hashes, options: ImportOptions) {
    this.#broker = broker;
    this.#options = options;
    this.#hashes = hashes;
    this.#steps = this.#run(plan);
  }

  runSlice(deadline: Deadline): boolean {
    try {
      do {
        if (this.#steps.next().done !== true) continue;
        this.#options.onDone();
        return true;
      } while (!deadline());
      return false;
    } catch (error) {
      if (this.#isHolding) this.#broker.releasePolicies();
      this.#options.onFailed(error);
      return true;
    }
  }

  /** One step per object. */
  *#run(plan: DefinitionPlan): Generator<void> {
    const { access, parameters, policies } = this.#broker;
    const { by } = this.#options;
    yield* each(plan.users, (user) => this.#putUser(user));
    yield* each(plan.vhosts, (vhost) => this.#putVhost(vhost));
    yield* each(plan.vhostLimits, ({ vhost, limits }) => {
      const there = this.#broker.vhosts.get(vhost);
      if (there !== undefined) this.#broker.setVhostLimits(there, limits, by);
    });
    yield* each(plan.permissions, (permissions) => access.setPermissions(permissions, by));
    yield* each(plan.topicPermissions, (topic) => access.setTopicPermissions(topic, by));
    yield* each(plan.parameters, (parameter) => parameters.set(parameter, by));
    yield* each(plan.globalParameters, ({ name, value }) => parameters.setGlobal(name, value, by));
    this.#broker.holdPolicies();
    this.#isHolding = true;
    yield* each(plan.policies, ({ kind, policy }) => policies.set(kind, policy, by));
    this.#broker.releasePolicies();
    this.#isHolding = false;
    yield* each(plan.exchanges, (exchange) => this.#putExchange(exchange));
    yield* each(plan.queues, (queue) => this.#putQueue(queue));
    yield* each(plan.bindings, (binding) => this.#putBinding(binding));
  }

  #putUser({ name, tags, limits, hash, password }: PlannedUser): void {
    const known = password === undefined ? hash : this.#hashes.get(name);
    this.#broker.access.putUser({ name, tags, hash: known, limits }, this.#options.by);
  }

  #putVhost({ name, metadata, limits, tracing }: PlannedVhost): void {
    const { by } = this.#options;
    const existing = this.#broker.vhosts.get(name);
    const vhost = existing ?? this.#broker.addVhost(name, metadata, by);
    if (existing !== undefined) this.#broker.updateVhost(existing, metadata);
    if (limits !== undefined) this.#broker.setVhostLimits(vhost, limits, by);
    if (tracing !== vhost.tracing) this.#broker.setTracing(vhost, tracing, by);
  }

  #putExchange({ vhost, declaration }: PlannedExchange): void {
    const there = this.#broker.vhosts.get(vhost);
    if (there === undefined || there.exchanges.has(declaration.name)) return;
    there.addExchange(declaration, this.#options.by);
  }

  #putQueue({ vhost, type, declaration }: PlannedQueue): void {
    const there = this.#broker.vhosts.get(vhost);
    if (there === undefined || there.queues.has(declaration.name)) return;
    there.addQueue(declaration, type, undefined, this.#options.by);
  }

  #putBinding({ vhost, kind, request }: PlannedBinding): void {
    const there = this.#broker.vhosts.get(vhost);
    const source = there?.exchanges.get(request.source);
    const destination =
      kind === "queue"
        ? there?.queues.get(request.destination)
        : there?.exchanges.get(request.destination);
    if (there === undefined || source === undefined || destination === undefined) return;
    there.bind(source, destination, request.routingKey, request.arguments, this.#options.by);
  }
}

function* each<T>(items: readonly T[], act: (item: T) => void): Generator<void> {
  for (const item of items) {
    act(item);
    yield;
  }
}
