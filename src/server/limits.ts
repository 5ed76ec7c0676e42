// The broker's limits as the configuration sets them; what it leaves open stays as it is.

import type { Limits } from "../broker/limits.ts";
import type { Config } from "../config/table.ts";

export function limitsOf({ network, resources, access }: Config): Partial<Limits> {
  const { residentBytes } = resources;
  return {
    messageBytesMax: network.maxMessageSizeBytes,
    consumersPerChannelMax: network.consumerMaxPerChannel,
    channelsMax: network.channelMaxPerNode,
    connectionsMax: network.connectionMax,
    consumerTimeoutMs: network.consumerTimeoutMs,
    cachedLoginMs: access.loginCacheSeconds * 1000,
    vhostsMax: resources.vhostMax,
    queuesMax: resources.queueLimit,
    exchangesMax: resources.exchangeLimit,
    ...(residentBytes === undefined ? {} : { residentPageBytesMax: residentBytes }),
  };
}
