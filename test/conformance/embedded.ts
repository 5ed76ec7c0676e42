// A broker of ours inside this process, with the users, vhosts and limits the recorded cases name.

import { loadConfig } from "../../src/config/load.ts";
import { nodeClock, nodeRandom } from "../../src/env/node-clock.ts";
import { NodeNet } from "../../src/env/node-net.ts";
import { nodeProcessFacts } from "../../src/env/process-facts.ts";
import { Memory } from "../../src/lib/memory.ts";
import { LARGE_PAGE_BYTES } from "../../src/lib/page-pool.ts";
import type { Log } from "../../src/logging/log.ts";
import { Server } from "../../src/server/server.ts";
import { permissions, topicPermissions, userLimits, users, vhostLimits, vhosts } from "./set-up.ts";

export interface EmbeddedBroker {
  readonly port: number;
  /** Of the HTTP API; 0 without it. */
  readonly httpPort: number;
  readonly server: Server;
  /** What was thrown that is nobody's fault but ours. */
  readonly bugs: readonly unknown[];
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly memoryMiB?: number;
  /** Serve the HTTP API on any free port, too. */
  readonly management?: boolean;
  /** Lines of rabbitmq.conf, "key=value". */
  readonly settings?: readonly string[];
}

/** Listens on every address, because one case comes from outside. */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<EmbeddedBroker> {
  const memory = new Memory({ arenaBytes: (options.memoryMiB ?? 128) * LARGE_PAGE_BYTES });
  const bugs: unknown[] = [];
  const log: Log = {
    write: (level, category, text) => {
      if (process.env.LEVERET_TEST_LOG !== undefined) console.log(level, category, text);
    },
  };
  const { config } = loadConfig({
    flags: {
      configFile: "none",
      settings: [
        "leveret.in_memory=true",
        "listeners.tcp=none",
        "listeners.tcp.1=0",
        `leveret.management.enabled=${options.management === true}`,
        "management.tcp.port=0",
        "prometheus.tcp.port=0",
        ...(options.settings ?? []),
      ],
    },
    env: {},
    readFile: () => undefined,
    listFiles: () => [],
  });
  const net = new NodeNet({ memory, warn: () => {} });
  const server = await Server.start({
    config,
    log,
    onBug: (error) => bugs.push(error),
    world: {
      ...{ memory, clock: nodeClock, random: nodeRandom, net, hostName: "localhost" },
      readFile: () => "",
      ...(options.management === true ? { facts: nodeProcessFacts() } : {}),
    },
  });
  await prepare(server);
  return {
    port: server.amqpEndpoint?.port ?? 0,
    httpPort: server.httpListeners.find(({ protocol }) => protocol === "http")?.port ?? 0,
    server,
    bugs,
    stop: () => server.stop(),
  };
}

const BY = "test";

async function prepare({ broker }: Server): Promise<void> {
  for (const vhost of vhosts) broker.addVhost(vhost);
  for (const { name, password } of users) {
    await new Promise<void>((done) => broker.access.setPassword(name, password, [], BY, done));
    if (password !== "") continue;
    const user = broker.access.store.get(name);
    if (user !== undefined) broker.access.putUser({ ...user, hash: undefined }, BY);
  }
  for (const row of permissions) broker.access.setPermissions(row, BY);
  for (const row of topicPermissions) broker.access.setTopicPermissions(row, BY);
  for (const { user, limits } of userLimits) {
    const { "max-connections": connectionsMax, "max-channels": channelsMax } = limits;
    broker.access.setUserLimits(user, { connectionsMax, channelsMax }, BY);
  }
  for (const { vhost, limits } of vhostLimits) {
    const { "max-connections": connectionsMax, "max-queues": queuesMax } = limits;
    const found = broker.vhosts.get(vhost);
    if (found !== undefined) broker.setVhostLimits(found, { connectionsMax, queuesMax }, BY);
  }
}
