// Takes the header of a trusted proxy off a freshly accepted connection, before anything else looks at its bytes.

import type { Socket as TcpSocket } from "node:net";
import { PROXY_HEADER_BYTES_MAX, type ProxyHeader, type ProxyHeaderReader } from "./env.ts";

/** A proxy that has not sent its header by then is dropped. */
const HEADER_TIMEOUT_MS = 5_000;

export type CompleteHeader = Extract<ProxyHeader, { kind: "complete" }>;

/**
 * Calls `onHeader` with the header and the bytes behind it. The stream is paused then and has no listeners left.
 * A connection that sends none, or a wrong one, is destroyed and `onFailed` says why.
 */
export function takeProxyHeader(
  stream: TcpSocket,
  reader: ProxyHeaderReader,
  onHeader: (header: CompleteHeader, rest: Uint8Array) => void,
  onFailed: (reason: string) => void,
): void {
  let received: Uint8Array = new Uint8Array(0);
  const finish = () => {
    stream.setTimeout(0);
    stream
      .off("data", onData)
      .off("timeout", onTimeout)
      .off("error", onError)
      .off("close", onClose);
  };
  const fail = (reason: string) => {
    finish();
    stream.on("error", () => {});
    stream.destroy();
    onFailed(reason);
  };
  const handOver = (header: CompleteHeader, rest: Uint8Array) => {
    if (stream.destroyed) return;
    finish();
    const more = stream.read() as Buffer | null;
    onHeader(header, more === null ? rest : Buffer.concat([rest, more]));
  };
  const onTimeout = () => fail("no PROXY header in time");
  const onError = (error: Error) => fail(error.message);
  const onClose = () => fail("closed before the PROXY header was complete");
  const onData = (bytes: Buffer) => {
    received = received.length === 0 ? bytes : Buffer.concat([received, bytes]);
    const header = reader.read(received);
    if (header.kind === "complete") {
      stream.pause();
      stream.off("data", onData);
      // Not at once: Node still has a hand on the stream until this event is over.
      setImmediate(() => handOver(header, received.subarray(header.lengthBytes)));
    } else if (header.kind === "invalid") {
      fail(header.reason);
    } else if (received.length > PROXY_HEADER_BYTES_MAX) {
      fail("the PROXY header is too long");
    }
  };
  stream.setTimeout(HEADER_TIMEOUT_MS);
  stream.on("data", onData).on("timeout", onTimeout).on("error", onError).on("close", onClose);
  stream.resume();
}
