// One connection as /api/connections shows it.

import type { ConnectionView } from "../../broker/connection-registry.ts";
import { tableToPlainJson } from "../../broker/message/field-table-json.ts";
import type { ApiJson, ApiObject } from "../api-json.ts";
import { connectionMetrics } from "../sampling/metrics.ts";
import type { ViewContext } from "./context.ts";
import { GARBAGE_COLLECTION, REDUCTIONS } from "./erlang-facts.ts";
import { addNumbers } from "./stats.ts";

export function connectionView(view: ConnectionView, context: ViewContext): ApiObject {
  const facts = view.describe();
  const { tls } = facts;
  const object: Record<string, ApiJson> = {
    auth_mechanism: facts.authenticationMechanism,
    channel_max: facts.channelsMax,
    channels: view.channelCount,
    client_properties: tableToPlainJson(facts.clientProperties),
    connected_at: facts.connectedAtMs,
    frame_max: facts.frameBytesMax,
    garbage_collection: GARBAGE_COLLECTION,
    host: facts.local.address,
    name: facts.name,
    node: context.broker.nodeName,
    peer_cert_issuer: tls?.peerIssuer ?? null,
    peer_cert_subject: tls?.peerSubject ?? null,
    peer_cert_validity: tls?.peerValidity ?? null,
    peer_host: facts.peer.address,
    peer_port: facts.peer.port,
    port: facts.local.port,
    protocol: facts.protocol,
    recv_cnt: facts.receivedFrames,
    ...REDUCTIONS,
    send_cnt: facts.sentFrames,
    send_pend: facts.pendingBytes,
    ssl: tls !== undefined,
    ssl_cipher: tls?.cipher ?? null,
    ssl_hash: null,
    ssl_key_exchange: null,
    // As RabbitMQ writes it: "tlsv1.3".
    ssl_protocol: tls?.version.toLowerCase() ?? null,
    state: facts.state,
    timeout: facts.heartbeatSeconds,
    type: "network",
    user: facts.user,
    user_provided_name: facts.clientName,
    user_who_performed_action: facts.user,
    vhost: facts.vhost,
  };
  const { sampler, ranges } = context;
  const series = sampler.of<ConnectionView>(view, ranges.data !== undefined);
  const names = ["recv_oct", "send_oct"];
  addNumbers(object, view, connectionMetrics, names, series, ranges.data);
  return object;
}
