// What can be done to queues.

import type { ArgumentChanges } from "../../api/beyond.ts";
import { apiPath, request } from "../../api/client.ts";

export interface QueueRef {
  readonly vhost: string;
  readonly name: string;
}

function queuePath(queue: QueueRef, ...rest: readonly string[]): string {
  return apiPath("queues", queue.vhost, queue.name, ...rest);
}

export const queueApi = {
  path: queuePath,
  purge: (queue: QueueRef): Promise<unknown> =>
    request(queuePath(queue, "contents"), { method: "DELETE" }),
  delete: (queue: QueueRef, only: { ifEmpty: boolean; ifUnused: boolean }): Promise<unknown> => {
    const flags = [only.ifEmpty && "if-empty=true", only.ifUnused && "if-unused=true"];
    const query = flags.filter(Boolean).join("&");
    return request(queuePath(queue) + (query === "" ? "" : `?${query}`), { method: "DELETE" });
  },
  pause: (queue: QueueRef): Promise<unknown> =>
    request(queuePath(queue, "pause"), { method: "PUT" }),
  resume: (queue: QueueRef): Promise<unknown> =>
    request(queuePath(queue, "resume"), { method: "PUT" }),
  /** Null takes an argument away; Leveret only, as the next one. */
  changeArguments: (
    queue: QueueRef,
    wanted: Readonly<Record<string, unknown>>,
  ): Promise<ArgumentChanges> =>
    request(queuePath(queue, "arguments"), { method: "PUT", body: { arguments: wanted } }),
  convert: (
    queue: QueueRef,
    type: string,
    wanted: Readonly<Record<string, unknown>>,
  ): Promise<{ messages: number }> =>
    request(queuePath(queue, "type"), { method: "PUT", body: { type, arguments: wanted } }),
  /** Moves what is ready now; Leveret only. */
  move: (queue: QueueRef, destination: string): Promise<{ moved: number }> =>
    request(queuePath(queue, "move"), { method: "POST", body: { destination } }),
  /** The same on RabbitMQ: a shovel that ends when it has moved what was there. */
  moveByShovel: (queue: QueueRef, destination: string): Promise<unknown> => {
    const uri = `amqp:///${encodeURIComponent(queue.vhost)}`;
    const value = {
      "src-uri": uri,
      "src-queue": queue.name,
      "src-protocol": "amqp091",
      "src-prefetch-count": 1000,
      "src-delete-after": "queue-length",
      "dest-protocol": "amqp091",
      "dest-uri": uri,
      "dest-queue": destination,
      "dest-add-forward-headers": false,
      "ack-mode": "on-confirm",
    };
    const body = { component: "shovel", vhost: queue.vhost, name: shovelName(queue), value };
    return request(apiPath("parameters", "shovel", queue.vhost, body.name), {
      method: "PUT",
      body,
    });
  },
  addMember: (queue: QueueRef, node: string): Promise<unknown> =>
    request(apiPath("queues", "quorum", queue.vhost, queue.name, "replicas", "add"), {
      method: "POST",
      body: { node },
    }),
  deleteMember: (queue: QueueRef, node: string): Promise<unknown> =>
    request(apiPath("queues", "quorum", queue.vhost, queue.name, "replicas", "delete"), {
      method: "DELETE",
      body: { node },
    }),
};

function shovelName(queue: QueueRef): string {
  return `Move from ${queue.name}`;
}
