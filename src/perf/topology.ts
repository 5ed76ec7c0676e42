// The queues and the exchange of a run: made before it, taken away after it.

import { EMPTY_TABLE } from "../broker/message/field-table.ts";
import type { ClientChannel } from "./client/channel.ts";
import type { LoadPlan } from "./plan.ts";

/** Declares, binds and empties what the plan needs. */
export async function makeTopology(channel: ClientChannel, plan: LoadPlan): Promise<void> {
  const { queues, exchange } = plan;
  if (queues.predeclared) return;
  if (exchange.name !== "" && !exchange.name.startsWith("amq.")) {
    await channel.call(
      {
        name: "exchange.declare",
        exchange: exchange.name,
        type: exchange.type,
        passive: false,
        durable: false,
        autoDelete: false,
        internal: false,
        noWait: false,
        arguments: EMPTY_TABLE,
      },
      "exchange.declare-ok",
    );
  }
  for (const queue of queues.names) await makeQueue(channel, queue, plan);
}

async function makeQueue(channel: ClientChannel, queue: string, plan: LoadPlan): Promise<void> {
  const { durable, exclusive, autoDelete, purge } = plan.queues;
  await channel.call(
    {
      name: "queue.declare",
      queue,
      passive: false,
      durable,
      exclusive,
      autoDelete,
      noWait: false,
      arguments: plan.queues.arguments,
    },
    "queue.declare-ok",
  );
  if (purge) await channel.call({ name: "queue.purge", queue, noWait: false }, "queue.purge-ok");
  if (plan.exchange.name === "") return;
  await channel.call(
    {
      name: "queue.bind",
      queue,
      exchange: plan.exchange.name,
      routingKey: plan.exchange.bindingKey ?? plan.exchange.routingKey ?? queue,
      noWait: false,
      arguments: EMPTY_TABLE,
    },
    "queue.bind-ok",
  );
}

/** Messages waiting in all queues of the plan. */
export async function messagesLeft(channel: ClientChannel, plan: LoadPlan): Promise<number> {
  let count = 0;
  for (const queue of plan.queues.names) {
    const answer = await channel.call(
      {
        name: "queue.declare",
        queue,
        passive: true,
        durable: false,
        exclusive: false,
        autoDelete: false,
        noWait: false,
        arguments: EMPTY_TABLE,
      },
      "queue.declare-ok",
    );
    count += answer.messageCount;
  }
  return count;
}

/** Deletes what `makeTopology` made, if the plan says so. */
export async function removeTopology(channel: ClientChannel, plan: LoadPlan): Promise<void> {
  if (plan.queues.predeclared || !plan.queues.remove) return;
  for (const queue of plan.queues.names) {
    await channel.call(
      { name: "queue.delete", queue, ifUnused: false, ifEmpty: false, noWait: false },
      "queue.delete-ok",
    );
  }
  const { name } = plan.exchange;
  if (name === "" || name.startsWith("amq.")) return;
  await channel.call(
    { name: "exchange.delete", exchange: name, ifUnused: false, noWait: false },
    "exchange.delete-ok",
  );
}
