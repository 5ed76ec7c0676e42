// The real world: this folder's node-*.ts files are the only ones that touch Node's clock, sockets and files.

import type { Memory } from "../lib/memory.ts";
import type { Env } from "./env.ts";
import { nodeClock, nodeRandom } from "./node-clock.ts";
import { NodeDisk } from "./node-disk.ts";
import { NodeNet } from "./node-net.ts";

export interface NodeEnvOptions {
  readonly memory: Memory;
  /** One line for people about a listener or connection that had trouble. */
  readonly warn: (text: string) => void;
}

export function createNodeEnv(options: NodeEnvOptions): Env {
  return {
    clock: nodeClock,
    random: nodeRandom,
    net: new NodeNet(options),
    disk: new NodeDisk(options.memory.arena),
  };
}
