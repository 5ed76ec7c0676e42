// What the configuration forbids, and what it gives to every new vhost: limits, operator policies, users.

import type { Broker } from "../broker/broker.ts";
import type { PlainValues } from "../broker/message/field-table-json.ts";
import type { BrokerRules } from "../broker/rules.ts";
import { INTERNAL_USER, type Vhost } from "../broker/vhost.ts";
import type { Config } from "../config/table.ts";

/** RabbitMQ 4.3 refuses these unless they are permitted. */
const STRICTLY_DENIED = ["transient_nonexcl_queues", "global_qos", "queue_master_locator"];

export function rulesOf(config: Config, broker: Broker): BrokerRules {
  const { resources, node } = config;
  const denied = new Set(node.profile === "strict" ? STRICTLY_DENIED : []);
  for (const [name, isPermitted] of resources.permitDeprecated) {
    if (isPermitted) denied.delete(name);
    else denied.add(name);
  }
  const disabled = [...resources.queueTypes].filter(([, isEnabled]) => !isEnabled);
  return {
    interceptions: interceptionsOf(config),
    marksDeliveries: node.marksDeliveries,
    deniedFeatures: denied,
    disabledQueueTypes: new Set(disabled.map(([name]) => name)),
    relaxedRedeclaration: resources.relaxedRedeclaration,
    onNewVhost: (vhost) => {
      giveLimits(broker, vhost, resources.vhostDefaultLimits);
      giveOperatorPolicies(broker, vhost, resources.defaultOperatorPolicies);
      giveUsers(broker, vhost, config.access.defaultUsers);
    },
  };
}

function interceptionsOf({ node }: Config): BrokerRules["interceptions"] {
  const header = (overwrite: boolean | undefined) =>
    overwrite === undefined ? undefined : { overwrite };
  const timestamp = header(node.timestampOverwrites);
  const routingNode = header(node.routingNodeOverwrites);
  if (timestamp === undefined && routingNode === undefined) return undefined;
  return { timestamp, routingNode };
}

/** The first record whose pattern is found in the vhost's name counts. */
function giveLimits(
  broker: Broker,
  vhost: Vhost,
  records: Config["resources"]["vhostDefaultLimits"],
): void {
  for (const { pattern = "", max_connections, max_queues } of records.values()) {
    if (!broker.matcher.matches(pattern, vhost.name)) continue;
    const limit = (value: number | undefined) =>
      value === undefined || value < 0 ? undefined : value;
    const limits = { connectionsMax: limit(max_connections), queuesMax: limit(max_queues) };
    broker.setVhostLimits(vhost, limits);
    return;
  }
}

function giveOperatorPolicies(
  broker: Broker,
  vhost: Vhost,
  records: Config["resources"]["defaultOperatorPolicies"],
): void {
  for (const [name, record] of records) {
    const { vhost_pattern = "", queue_pattern = ".*", ...settings } = record;
    if (!broker.matcher.matches(vhost_pattern, vhost.name)) continue;
    const entries = Object.entries(settings).filter(([, value]) => value !== undefined);
    const definition: PlainValues = Object.fromEntries(
      entries.map(([key, value]) => [key.replaceAll("_", "-"), value]),
    );
    if (entries.length === 0) continue;
    const target = { vhost: vhost.name, name, pattern: queue_pattern };
    const policy = { ...target, applyTo: "queues" as const, definition, priority: 0 };
    broker.policies.set("operator_policy", policy, INTERNAL_USER);
  }
}

function giveUsers(broker: Broker, vhost: Vhost, records: Config["access"]["defaultUsers"]): void {
  for (const [name, record] of records) {
    if (!broker.matcher.matches(record.vhost_pattern ?? "", vhost.name)) continue;
    const permit = () =>
      broker.access.setPermissions(
        {
          user: name,
          vhost: vhost.name,
          configure: record.configure ?? "",
          write: record.write ?? "",
          read: record.read ?? "",
        },
        INTERNAL_USER,
      );
    if (broker.access.store.get(name) !== undefined) permit();
    else {
      const password = record.password?.reveal() ?? "";
      broker.access.setPassword(name, password, record.tags ?? [], INTERNAL_USER, permit);
    }
  }
}
