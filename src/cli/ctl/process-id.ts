// What stands for Erlang's process identifiers of connections and channels: one word, so that scripts which pass the
// column "pid" on to close_connection go on working. It is made from the name, and unknown to the broker.

import { crc32 } from "node:zlib";

/** "<rabbit@host.3632233996.0.0>" for a connection, with the channel's number in the third place for a channel. */
export function processId(node: string, connectionName: string, channelNumber = 0): string {
  return `<${node}.${crc32(connectionName)}.${channelNumber}.0>`;
}

/** Of a channel, from its name: the connection's with the number in brackets behind it. */
export function channelProcessId(node: string, channelName: string): string {
  const parts = /^(.*) \((\d+)\)$/.exec(channelName);
  return parts === null
    ? processId(node, channelName)
    : processId(node, parts[1]!, Number(parts[2]));
}
