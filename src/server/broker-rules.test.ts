import { expect, test } from "vitest";
import { EMPTY_TABLE } from "../broker/message/field-table.ts";
import { anybody, connectionNamed, newTestBroker } from "../broker/test-doubles.ts";
import { configWith } from "../config/testing.ts";
import { rulesOf } from "./broker-rules.ts";

function brokerWith(...settings: string[]) {
  const config = configWith(...settings);
  const broker = newTestBroker();
  broker.rules = rulesOf(config, broker);
  broker.addVhost("qa-1");
  const access = broker.open(anybody, "qa-1", connectionNamed("c"));
  const declare = (type: string | undefined, changes = {}) =>
    access.declareQueue({
      name: "q",
      durable: true,
      exclusive: false,
      autoDelete: false,
      arguments:
        type === undefined
          ? EMPTY_TABLE
          : new Map([["x-queue-type", { type: "S", value: new TextEncoder().encode(type) }]]),
      ...changes,
    });
  return { broker, declare };
}

test("without settings nothing is refused", () => {
  const { declare } = brokerWith();
  expect(declare(undefined, { durable: false }).definition.durable).toBe(false);
});

test("transient shared queues are refused where they are not permitted", () => {
  for (const setting of [
    "deprecated_features.permit.transient_nonexcl_queues=false",
    "leveret.profile=strict",
  ]) {
    const { declare } = brokerWith(setting);
    expect(() => declare(undefined, { durable: false })).toThrow("transient_nonexcl_queues");
    expect(declare(undefined, { durable: false, exclusive: true }).definition.name).toBe("q");
  }
});

test("a disabled queue type is refused", () => {
  const { declare } = brokerWith("queue_types.stream.enabled=false");
  expect(() => declare("stream")).toThrow("unsupported queue type 'stream'");
  expect(declare("quorum").definition.type.name).toBe("quorum");
});

test("relaxed checks let old applications redeclare a queue that is a quorum queue now", () => {
  const strict = brokerWith();
  strict.declare("quorum");
  expect(() => strict.declare("classic")).toThrow("x-queue-type");
  const relaxed = brokerWith(
    "quorum_queue.property_equivalence.relaxed_checks_on_redeclaration=true",
  );
  const queue = relaxed.declare("quorum");
  expect(relaxed.declare("classic", { durable: false })).toBe(queue);
});

test("a new vhost gets limits, operator policies and users", () => {
  const { broker, declare } = brokerWith(
    "default_limits.vhosts.1.pattern=^qa",
    "default_limits.vhosts.1.max_queues=1",
    "default_policies.operator.small.vhost_pattern=^qa",
    "default_policies.operator.small.queue_pattern=^q",
    "default_policies.operator.small.max_length=7",
    "default_users.tester.vhost_pattern=^qa",
    "default_users.tester.password=p",
    "default_users.tester.configure=.*",
    "default_users.tester.read=.*",
  );
  expect(declare(undefined).settings.values.maxLength).toBe(7);
  expect(broker.vhosts.get("qa-1")?.limits.queuesMax).toBe(1);
  expect(broker.access.store.permissionsOf("tester", "qa-1")).toMatchObject({
    configure: ".*",
    write: "",
  });
  broker.addVhost("production");
  expect(broker.vhosts.get("production")?.limits.queuesMax).toBeUndefined();
  expect(broker.access.store.permissionsOf("tester", "production")).toBeUndefined();
});
