// Everything a broker under test holds, kept and put back: definitions, and the messages of durable and other queues.

import { openAuthorizer, type User } from "../broker/access/user.ts";
import type { Broker } from "../broker/broker.ts";
import { exportDefinitions } from "../broker/definitions/export.ts";
import { importDefinitions } from "../broker/definitions/import.ts";
import type { PlainJsonObject } from "../broker/message/field-table-json.ts";
import type { MessagePort, StoredMessage } from "../broker/message/message-port.ts";
import { VhostAccess } from "../broker/vhost-access.ts";
import { RABBITMQ_LEVEL } from "../version.ts";
import { storedIn } from "./test-queue.ts";

interface KeptQueue {
  readonly vhost: string;
  readonly name: string;
  readonly messages: readonly StoredMessage[];
}

/** A message that waits at an exchange until it is due. */
interface KeptDelay {
  readonly vhost: string;
  readonly message: StoredMessage;
}

/** What `snapshot` took; it may be restored any number of times. */
export interface Snapshot {
  readonly definitions: PlainJsonObject;
  readonly queues: readonly KeptQueue[];
  readonly delayed: readonly KeptDelay[];
}

const BY = "test";

/** May publish whatever somebody has published before. */
const anybody: User = {
  ...{ name: BY, tags: ["administrator", "impersonator"], authorizer: openAuthorizer },
};
const connection = {
  ...{ name: BY, user: BY, protocol: BY, peer: { address: "127.0.0.1", port: 0 } },
};

export async function takeSnapshot(broker: Broker, messages: MessagePort): Promise<Snapshot> {
  const facts = { rabbitVersion: RABBITMQ_LEVEL, productName: "Leveret", productVersion: "" };
  const definitions = exportDefinitions(broker, facts);
  const queues: KeptQueue[] = [];
  const delayed: KeptDelay[] = [];
  for (const vhost of broker.vhosts.values()) {
    for (const queue of vhost.queues.values()) {
      // Those of one connection end with it.
      if (queue.definition.owner !== undefined) continue;
      const { name } = queue.definition;
      queues.push({ vhost: vhost.name, name, messages: await storedIn(queue, messages) });
    }
    for (const exchange of vhost.exchanges.values()) {
      for (const bucket of vhost.delays?.storeOf(exchange)?.buckets() ?? []) {
        const stored = await storedIn(bucket, messages);
        delayed.push(...stored.map((message) => ({ vhost: vhost.name, message })));
      }
    }
  }
  return { definitions, queues, delayed };
}

/** Connections must be closed already. */
export async function restoreSnapshot(
  broker: Broker,
  messages: MessagePort,
  { definitions, queues, delayed }: Snapshot,
): Promise<void> {
  for (const vhost of [...broker.vhosts.values()]) {
    vhost.metadata = { ...vhost.metadata, deletionProtected: false };
    broker.deleteVhost(vhost, BY);
  }
  const users = new Set((definitions.users as readonly { name: string }[]).map(({ name }) => name));
  for (const { name } of [...broker.access.store.all()]) {
    if (!users.has(name)) broker.deleteUser(name, BY);
  }
  await new Promise<void>((resolve, reject) => {
    importDefinitions(broker, definitions, {
      vhost: undefined,
      by: BY,
      onDone: resolve,
      onFailed: reject,
    });
  });
  for (const { vhost: vhostName, name, messages: kept } of queues) {
    const vhost = broker.vhosts.get(vhostName);
    const queue = vhost?.queues.get(name);
    if (vhost === undefined || queue === undefined) continue;
    for (const message of kept) messages.place(vhost, queue, message);
  }
  for (const { vhost: vhostName, message } of delayed) {
    const vhost = broker.vhosts.get(vhostName);
    if (vhost === undefined) continue;
    messages.publish(new VhostAccess(broker, vhost, anybody, connection), message);
  }
}
