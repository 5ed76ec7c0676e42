// Carries out a checked plan: what exists stays, what is missing is made, users and policies are replaced.

import type { UserTag } from "../../broker/access/user.ts";
import type { Broker } from "../../broker/broker.ts";
import type { Vhost } from "../../broker/vhost.ts";
import type { ApiObject } from "../api-json.ts";
import { isObject } from "../api-json.ts";
import { Slicer } from "../listing.ts";
import { vhostLimitsOf } from "../resources/vhosts.ts";
import { type Plan, type PlannedUser, planDefinitions } from "./plan.ts";

/** How far an import has come, for progress bars. */
export interface Imported {
  readonly done: number;
  readonly total: number;
}

/**
 * Imports a definitions file on behalf of the user named `by`. Throws ApiError 400 before anything has changed when
 * any object in it is wrong.
 */
export async function importDefinitions(
  broker: Broker,
  file: ApiObject,
  vhost: string | undefined,
  by: string,
  onProgress: (imported: Imported) => void = () => {},
): Promise<void> {
  const plan = planDefinitions(broker, file, vhost);
  const steps = stepsOf(broker, plan, by);
  const slicer = new Slicer(broker.clock);
  const total = steps.length;
  for (const [index, step] of steps.entries()) {
    await step();
    if (!slicer.due) continue;
    onProgress({ done: index + 1, total });
    await slicer.pause();
  }
  onProgress({ done: total, total });
}

type Step = () => void | Promise<void>;

/** In RabbitMQ's order, so that each finds what it needs. */
function stepsOf(broker: Broker, plan: Plan, by: string): readonly Step[] {
  const { access, parameters, policies } = broker;
  const touched = new Set<string>();
  return [
    ...plan.users.map((user) => () => putUser(broker, user, by)),
    ...plan.vhosts.map((vhost) => () => {
      const existing = broker.vhosts.get(vhost.name);
      const made = existing ?? broker.addVhost(vhost.name, vhost.metadata, by);
      if (existing !== undefined) broker.updateVhost(existing, vhost.metadata);
      if (vhost.limits !== undefined) broker.setVhostLimits(made, vhost.limits, by);
      if (vhost.tracing !== made.tracing) broker.setTracing(made, vhost.tracing, by);
    }),
    ...plan.permissions.map((each) => () => access.setPermissions(each, by)),
    ...plan.topicPermissions.map((each) => () => access.setTopicPermissions(each, by)),
    ...plan.parameters.map((each) => () => {
      const { component, vhost, value } = each;
      const target = broker.vhosts.get(vhost);
      if (component !== "vhost-limits") parameters.set({ ...each, value: value }, by);
      else if (target !== undefined && isObject(value)) {
        broker.setVhostLimits(target, vhostLimitsOf(value, target.limits), by);
      }
    }),
    ...plan.globalParameters.map(({ name, value }) => () => {
      if (name !== "internal_cluster_id") parameters.setGlobal(name, value, by);
    }),
    ...plan.policies.map(({ kind, policy }) => () => {
      policies.set(kind, policy, by);
      touched.add(policy.vhost);
    }),
    () => {
      for (const vhost of touched) broker.applyPolicies(vhost);
    },
    ...topologySteps(broker, plan, by),
  ];
}

function putUser(broker: Broker, user: PlannedUser, by: string): void | Promise<void> {
  const { access } = broker;
  const tags = user.tags as readonly UserTag[];
  const put = (hash: PlannedUser["hash"]) =>
    access.putUser({ name: user.name, tags, hash, limits: user.limits }, by);
  const { password } = user;
  if (password === undefined) return put(user.hash);
  return new Promise((resolve) => access.hash(password, (hash) => resolve(put(hash))));
}

function topologySteps(broker: Broker, plan: Plan, by: string): readonly Step[] {
  const inVhost = (name: string, action: (vhost: Vhost) => void) => () => {
    const vhost = broker.vhosts.get(name);
    if (vhost !== undefined) action(vhost);
  };
  return [
    ...plan.exchanges.map((exchange) =>
      inVhost(exchange.vhost, (vhost) => {
        if (!vhost.exchanges.has(exchange.name)) vhost.addExchange(exchange, by);
      }),
    ),
    ...plan.queues.map((queue) =>
      inVhost(queue.vhost, (vhost) => {
        if (vhost.queues.has(queue.name)) return;
        vhost.addQueue({ ...queue, exclusive: false }, queue.type, undefined, by);
      }),
    ),
    ...plan.bindings.map((binding) =>
      inVhost(binding.vhost, (vhost) => {
        const source = vhost.exchanges.get(binding.source);
        const destination =
          binding.kind === "queue"
            ? vhost.queues.get(binding.destination)
            : vhost.exchanges.get(binding.destination);
        if (source === undefined || destination === undefined || source.name === "") return;
        vhost.bind(source, destination, binding.routingKey, binding.arguments, by);
      }),
    ),
  ];
}
