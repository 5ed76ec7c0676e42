// Generated from spec/amqp091.txt by scripts/generate-amqp091.ts. Do not edit: change the spec and generate again.
// One interface, one straight-line decode and one straight-line write per method, for both sides.

import type { FieldTable } from "../../../broker/message/field-table.ts";
import { unreachable } from "../../../lib/assert.ts";
import type { ByteReader } from "../../../lib/byte-reader.ts";
import type { ByteWriter } from "../../../lib/byte-writer.ts";
import { beginMethod, endFrame, type MethodFacts, type MethodIds, readMethod } from "./method-frame.ts";
import { readLongString, readShortString, writeLongString, writeShortString } from "./strings.ts";
import { readTable, writeTable } from "./table.ts";

const NO_BYTES = new Uint8Array(0);

export interface ConnectionStart {
  readonly name: "connection.start";
  readonly versionMajor: number;
  readonly versionMinor: number;
  readonly serverProperties: FieldTable;
  readonly mechanisms: Uint8Array;
  readonly locales: Uint8Array;
}

export interface ConnectionStartOk {
  readonly name: "connection.start-ok";
  readonly clientProperties: FieldTable;
  readonly mechanism: string;
  readonly response: Uint8Array;
  readonly locale: string;
}

export interface ConnectionSecure {
  readonly name: "connection.secure";
  readonly challenge: Uint8Array;
}

export interface ConnectionSecureOk {
  readonly name: "connection.secure-ok";
  readonly response: Uint8Array;
}

export interface ConnectionTune {
  readonly name: "connection.tune";
  readonly channelMax: number;
  readonly frameMax: number;
  readonly heartbeat: number;
}

export interface ConnectionTuneOk {
  readonly name: "connection.tune-ok";
  readonly channelMax: number;
  readonly frameMax: number;
  readonly heartbeat: number;
}

export interface ConnectionOpen {
  readonly name: "connection.open";
  readonly virtualHost: string;
}

export interface ConnectionOpenOk {
  readonly name: "connection.open-ok";
}

export interface ConnectionClose {
  readonly name: "connection.close";
  readonly replyCode: number;
  readonly replyText: string;
  readonly classId: number;
  readonly methodId: number;
}

export interface ConnectionCloseOk {
  readonly name: "connection.close-ok";
}

export interface ConnectionBlocked {
  readonly name: "connection.blocked";
  readonly reason: string;
}

export interface ConnectionUnblocked {
  readonly name: "connection.unblocked";
}

export interface ConnectionUpdateSecret {
  readonly name: "connection.update-secret";
  readonly newSecret: Uint8Array;
  readonly reason: string;
}

export interface ConnectionUpdateSecretOk {
  readonly name: "connection.update-secret-ok";
}

export interface ChannelOpen {
  readonly name: "channel.open";
}

export interface ChannelOpenOk {
  readonly name: "channel.open-ok";
}

export interface ChannelFlow {
  readonly name: "channel.flow";
  readonly active: boolean;
}

export interface ChannelFlowOk {
  readonly name: "channel.flow-ok";
  readonly active: boolean;
}

export interface ChannelClose {
  readonly name: "channel.close";
  readonly replyCode: number;
  readonly replyText: string;
  readonly classId: number;
  readonly methodId: number;
}

export interface ChannelCloseOk {
  readonly name: "channel.close-ok";
}

export interface AccessRequest {
  readonly name: "access.request";
  readonly realm: string;
  readonly exclusive: boolean;
  readonly passive: boolean;
  readonly active: boolean;
  readonly write: boolean;
  readonly read: boolean;
}

export interface AccessRequestOk {
  readonly name: "access.request-ok";
  readonly ticket: number;
}

export interface ExchangeDeclare {
  readonly name: "exchange.declare";
  readonly exchange: string;
  readonly type: string;
  readonly passive: boolean;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

export interface ExchangeDeclareOk {
  readonly name: "exchange.declare-ok";
}

export interface ExchangeDelete {
  readonly name: "exchange.delete";
  readonly exchange: string;
  readonly ifUnused: boolean;
  readonly noWait: boolean;
}

export interface ExchangeDeleteOk {
  readonly name: "exchange.delete-ok";
}

export interface ExchangeBind {
  readonly name: "exchange.bind";
  readonly destination: string;
  readonly source: string;
  readonly routingKey: string;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

export interface ExchangeBindOk {
  readonly name: "exchange.bind-ok";
}

export interface ExchangeUnbind {
  readonly name: "exchange.unbind";
  readonly destination: string;
  readonly source: string;
  readonly routingKey: string;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

export interface ExchangeUnbindOk {
  readonly name: "exchange.unbind-ok";
}

export interface QueueDeclare {
  readonly name: "queue.declare";
  readonly queue: string;
  readonly passive: boolean;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

export interface QueueDeclareOk {
  readonly name: "queue.declare-ok";
  readonly queue: string;
  readonly messageCount: number;
  readonly consumerCount: number;
}

export interface QueueBind {
  readonly name: "queue.bind";
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

export interface QueueBindOk {
  readonly name: "queue.bind-ok";
}

export interface QueuePurge {
  readonly name: "queue.purge";
  readonly queue: string;
  readonly noWait: boolean;
}

export interface QueuePurgeOk {
  readonly name: "queue.purge-ok";
  readonly messageCount: number;
}

export interface QueueDelete {
  readonly name: "queue.delete";
  readonly queue: string;
  readonly ifUnused: boolean;
  readonly ifEmpty: boolean;
  readonly noWait: boolean;
}

export interface QueueDeleteOk {
  readonly name: "queue.delete-ok";
  readonly messageCount: number;
}

export interface QueueUnbind {
  readonly name: "queue.unbind";
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly arguments: FieldTable;
}

export interface QueueUnbindOk {
  readonly name: "queue.unbind-ok";
}

export interface BasicQos {
  readonly name: "basic.qos";
  readonly prefetchSize: number;
  readonly prefetchCount: number;
  readonly global: boolean;
}

export interface BasicQosOk {
  readonly name: "basic.qos-ok";
}

export interface BasicConsume {
  readonly name: "basic.consume";
  readonly queue: string;
  readonly consumerTag: string;
  readonly noLocal: boolean;
  readonly noAck: boolean;
  readonly exclusive: boolean;
  readonly noWait: boolean;
  readonly arguments: FieldTable;
}

export interface BasicConsumeOk {
  readonly name: "basic.consume-ok";
  readonly consumerTag: string;
}

export interface BasicCancel {
  readonly name: "basic.cancel";
  readonly consumerTag: string;
  readonly noWait: boolean;
}

export interface BasicCancelOk {
  readonly name: "basic.cancel-ok";
  readonly consumerTag: string;
}

export interface BasicPublish {
  readonly name: "basic.publish";
  readonly exchange: string;
  readonly routingKey: string;
  readonly mandatory: boolean;
  readonly immediate: boolean;
}

export interface BasicReturn {
  readonly name: "basic.return";
  readonly replyCode: number;
  readonly replyText: string;
  readonly exchange: string;
  readonly routingKey: string;
}

export interface BasicDeliver {
  readonly name: "basic.deliver";
  readonly consumerTag: string;
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
}

export interface BasicGet {
  readonly name: "basic.get";
  readonly queue: string;
  readonly noAck: boolean;
}

export interface BasicGetOk {
  readonly name: "basic.get-ok";
  readonly deliveryTag: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageCount: number;
}

export interface BasicGetEmpty {
  readonly name: "basic.get-empty";
}

export interface BasicAck {
  readonly name: "basic.ack";
  readonly deliveryTag: number;
  readonly multiple: boolean;
}

export interface BasicReject {
  readonly name: "basic.reject";
  readonly deliveryTag: number;
  readonly requeue: boolean;
}

export interface BasicRecoverAsync {
  readonly name: "basic.recover-async";
  readonly requeue: boolean;
}

export interface BasicRecover {
  readonly name: "basic.recover";
  readonly requeue: boolean;
}

export interface BasicRecoverOk {
  readonly name: "basic.recover-ok";
}

export interface BasicNack {
  readonly name: "basic.nack";
  readonly deliveryTag: number;
  readonly multiple: boolean;
  readonly requeue: boolean;
}

export interface ConfirmSelect {
  readonly name: "confirm.select";
  readonly noWait: boolean;
}

export interface ConfirmSelectOk {
  readonly name: "confirm.select-ok";
}

export interface TxSelect {
  readonly name: "tx.select";
}

export interface TxSelectOk {
  readonly name: "tx.select-ok";
}

export interface TxCommit {
  readonly name: "tx.commit";
}

export interface TxCommitOk {
  readonly name: "tx.commit-ok";
}

export interface TxRollback {
  readonly name: "tx.rollback";
}

export interface TxRollbackOk {
  readonly name: "tx.rollback-ok";
}

/** What a client may send. */
export type ClientMethod =
  | ConnectionStartOk
  | ConnectionSecureOk
  | ConnectionTuneOk
  | ConnectionOpen
  | ConnectionClose
  | ConnectionCloseOk
  | ConnectionUpdateSecret
  | ChannelOpen
  | ChannelFlow
  | ChannelFlowOk
  | ChannelClose
  | ChannelCloseOk
  | AccessRequest
  | ExchangeDeclare
  | ExchangeDelete
  | ExchangeBind
  | ExchangeUnbind
  | QueueDeclare
  | QueueBind
  | QueuePurge
  | QueueDelete
  | QueueUnbind
  | BasicQos
  | BasicConsume
  | BasicCancel
  | BasicPublish
  | BasicGet
  | BasicAck
  | BasicReject
  | BasicRecoverAsync
  | BasicRecover
  | BasicNack
  | ConfirmSelect
  | TxSelect
  | TxCommit
  | TxRollback;

/** Reads the payload of a method frame sent by a client; throws CodecError (501 malformed, 503 not a method of a client). */
export function decodeClientMethod(reader: ByteReader): ClientMethod {
  return readMethod(reader, decodeClientByIds);
}

function decodeClientByIds(ids: MethodIds, reader: ByteReader): ClientMethod | undefined {
  switch (ids) {
    case 0x000a000b:
      return decodeConnectionStartOk(reader);
    case 0x000a0015:
      return decodeConnectionSecureOk(reader);
    case 0x000a001f:
      return decodeConnectionTuneOk(reader);
    case 0x000a0028:
      return decodeConnectionOpen(reader);
    case 0x000a0032:
      return decodeConnectionClose(reader);
    case 0x000a0033:
      return decodeConnectionCloseOk();
    case 0x000a0046:
      return decodeConnectionUpdateSecret(reader);
    case 0x0014000a:
      return decodeChannelOpen(reader);
    case 0x00140014:
      return decodeChannelFlow(reader);
    case 0x00140015:
      return decodeChannelFlowOk(reader);
    case 0x00140028:
      return decodeChannelClose(reader);
    case 0x00140029:
      return decodeChannelCloseOk();
    case 0x001e000a:
      return decodeAccessRequest(reader);
    case 0x0028000a:
      return decodeExchangeDeclare(reader);
    case 0x00280014:
      return decodeExchangeDelete(reader);
    case 0x0028001e:
      return decodeExchangeBind(reader);
    case 0x00280028:
      return decodeExchangeUnbind(reader);
    case 0x0032000a:
      return decodeQueueDeclare(reader);
    case 0x00320014:
      return decodeQueueBind(reader);
    case 0x0032001e:
      return decodeQueuePurge(reader);
    case 0x00320028:
      return decodeQueueDelete(reader);
    case 0x00320032:
      return decodeQueueUnbind(reader);
    case 0x003c000a:
      return decodeBasicQos(reader);
    case 0x003c0014:
      return decodeBasicConsume(reader);
    case 0x003c001e:
      return decodeBasicCancel(reader);
    case 0x003c0028:
      return decodeBasicPublish(reader);
    case 0x003c0046:
      return decodeBasicGet(reader);
    case 0x003c0050:
      return decodeBasicAck(reader);
    case 0x003c005a:
      return decodeBasicReject(reader);
    case 0x003c0064:
      return decodeBasicRecoverAsync(reader);
    case 0x003c006e:
      return decodeBasicRecover(reader);
    case 0x003c0078:
      return decodeBasicNack(reader);
    case 0x0055000a:
      return decodeConfirmSelect(reader);
    case 0x005a000a:
      return decodeTxSelect();
    case 0x005a0014:
      return decodeTxCommit();
    case 0x005a001e:
      return decodeTxRollback();
    default:
      return undefined;
  }
}

/** Writes the whole frame. */
export function writeClientMethod(writer: ByteWriter, channel: number, method: ClientMethod): void {
  switch (method.name) {
    case "connection.start-ok":
      return writeConnectionStartOk(writer, channel, method);
    case "connection.secure-ok":
      return writeConnectionSecureOk(writer, channel, method);
    case "connection.tune-ok":
      return writeConnectionTuneOk(writer, channel, method);
    case "connection.open":
      return writeConnectionOpen(writer, channel, method);
    case "connection.close":
      return writeConnectionClose(writer, channel, method);
    case "connection.close-ok":
      return writeConnectionCloseOk(writer, channel);
    case "connection.update-secret":
      return writeConnectionUpdateSecret(writer, channel, method);
    case "channel.open":
      return writeChannelOpen(writer, channel);
    case "channel.flow":
      return writeChannelFlow(writer, channel, method);
    case "channel.flow-ok":
      return writeChannelFlowOk(writer, channel, method);
    case "channel.close":
      return writeChannelClose(writer, channel, method);
    case "channel.close-ok":
      return writeChannelCloseOk(writer, channel);
    case "access.request":
      return writeAccessRequest(writer, channel, method);
    case "exchange.declare":
      return writeExchangeDeclare(writer, channel, method);
    case "exchange.delete":
      return writeExchangeDelete(writer, channel, method);
    case "exchange.bind":
      return writeExchangeBind(writer, channel, method);
    case "exchange.unbind":
      return writeExchangeUnbind(writer, channel, method);
    case "queue.declare":
      return writeQueueDeclare(writer, channel, method);
    case "queue.bind":
      return writeQueueBind(writer, channel, method);
    case "queue.purge":
      return writeQueuePurge(writer, channel, method);
    case "queue.delete":
      return writeQueueDelete(writer, channel, method);
    case "queue.unbind":
      return writeQueueUnbind(writer, channel, method);
    case "basic.qos":
      return writeBasicQos(writer, channel, method);
    case "basic.consume":
      return writeBasicConsume(writer, channel, method);
    case "basic.cancel":
      return writeBasicCancel(writer, channel, method);
    case "basic.publish":
      return writeBasicPublish(writer, channel, method);
    case "basic.get":
      return writeBasicGet(writer, channel, method);
    case "basic.ack":
      return writeBasicAck(writer, channel, method);
    case "basic.reject":
      return writeBasicReject(writer, channel, method);
    case "basic.recover-async":
      return writeBasicRecoverAsync(writer, channel, method);
    case "basic.recover":
      return writeBasicRecover(writer, channel, method);
    case "basic.nack":
      return writeBasicNack(writer, channel, method);
    case "confirm.select":
      return writeConfirmSelect(writer, channel, method);
    case "tx.select":
      return writeTxSelect(writer, channel);
    case "tx.commit":
      return writeTxCommit(writer, channel);
    case "tx.rollback":
      return writeTxRollback(writer, channel);
    default:
      return unreachable(method);
  }
}

/** What a server may send. */
export type ServerMethod =
  | ConnectionStart
  | ConnectionSecure
  | ConnectionTune
  | ConnectionOpenOk
  | ConnectionClose
  | ConnectionCloseOk
  | ConnectionBlocked
  | ConnectionUnblocked
  | ConnectionUpdateSecretOk
  | ChannelOpenOk
  | ChannelFlow
  | ChannelFlowOk
  | ChannelClose
  | ChannelCloseOk
  | AccessRequestOk
  | ExchangeDeclareOk
  | ExchangeDeleteOk
  | ExchangeBindOk
  | ExchangeUnbindOk
  | QueueDeclareOk
  | QueueBindOk
  | QueuePurgeOk
  | QueueDeleteOk
  | QueueUnbindOk
  | BasicQosOk
  | BasicConsumeOk
  | BasicCancel
  | BasicCancelOk
  | BasicReturn
  | BasicDeliver
  | BasicGetOk
  | BasicGetEmpty
  | BasicAck
  | BasicRecoverOk
  | BasicNack
  | ConfirmSelectOk
  | TxSelectOk
  | TxCommitOk
  | TxRollbackOk;

/** Reads the payload of a method frame sent by a server; throws CodecError (501 malformed, 503 not a method of a server). */
export function decodeServerMethod(reader: ByteReader): ServerMethod {
  return readMethod(reader, decodeServerByIds);
}

function decodeServerByIds(ids: MethodIds, reader: ByteReader): ServerMethod | undefined {
  switch (ids) {
    case 0x000a000a:
      return decodeConnectionStart(reader);
    case 0x000a0014:
      return decodeConnectionSecure(reader);
    case 0x000a001e:
      return decodeConnectionTune(reader);
    case 0x000a0029:
      return decodeConnectionOpenOk(reader);
    case 0x000a0032:
      return decodeConnectionClose(reader);
    case 0x000a0033:
      return decodeConnectionCloseOk();
    case 0x000a003c:
      return decodeConnectionBlocked(reader);
    case 0x000a003d:
      return decodeConnectionUnblocked();
    case 0x000a0047:
      return decodeConnectionUpdateSecretOk();
    case 0x0014000b:
      return decodeChannelOpenOk(reader);
    case 0x00140014:
      return decodeChannelFlow(reader);
    case 0x00140015:
      return decodeChannelFlowOk(reader);
    case 0x00140028:
      return decodeChannelClose(reader);
    case 0x00140029:
      return decodeChannelCloseOk();
    case 0x001e000b:
      return decodeAccessRequestOk(reader);
    case 0x0028000b:
      return decodeExchangeDeclareOk();
    case 0x00280015:
      return decodeExchangeDeleteOk();
    case 0x0028001f:
      return decodeExchangeBindOk();
    case 0x00280033:
      return decodeExchangeUnbindOk();
    case 0x0032000b:
      return decodeQueueDeclareOk(reader);
    case 0x00320015:
      return decodeQueueBindOk();
    case 0x0032001f:
      return decodeQueuePurgeOk(reader);
    case 0x00320029:
      return decodeQueueDeleteOk(reader);
    case 0x00320033:
      return decodeQueueUnbindOk();
    case 0x003c000b:
      return decodeBasicQosOk();
    case 0x003c0015:
      return decodeBasicConsumeOk(reader);
    case 0x003c001e:
      return decodeBasicCancel(reader);
    case 0x003c001f:
      return decodeBasicCancelOk(reader);
    case 0x003c0032:
      return decodeBasicReturn(reader);
    case 0x003c003c:
      return decodeBasicDeliver(reader);
    case 0x003c0047:
      return decodeBasicGetOk(reader);
    case 0x003c0048:
      return decodeBasicGetEmpty(reader);
    case 0x003c0050:
      return decodeBasicAck(reader);
    case 0x003c006f:
      return decodeBasicRecoverOk();
    case 0x003c0078:
      return decodeBasicNack(reader);
    case 0x0055000b:
      return decodeConfirmSelectOk();
    case 0x005a000b:
      return decodeTxSelectOk();
    case 0x005a0015:
      return decodeTxCommitOk();
    case 0x005a001f:
      return decodeTxRollbackOk();
    default:
      return undefined;
  }
}

/** Writes the whole frame. */
export function writeServerMethod(writer: ByteWriter, channel: number, method: ServerMethod): void {
  switch (method.name) {
    case "connection.start":
      return writeConnectionStart(writer, channel, method);
    case "connection.secure":
      return writeConnectionSecure(writer, channel, method);
    case "connection.tune":
      return writeConnectionTune(writer, channel, method);
    case "connection.open-ok":
      return writeConnectionOpenOk(writer, channel);
    case "connection.close":
      return writeConnectionClose(writer, channel, method);
    case "connection.close-ok":
      return writeConnectionCloseOk(writer, channel);
    case "connection.blocked":
      return writeConnectionBlocked(writer, channel, method);
    case "connection.unblocked":
      return writeConnectionUnblocked(writer, channel);
    case "connection.update-secret-ok":
      return writeConnectionUpdateSecretOk(writer, channel);
    case "channel.open-ok":
      return writeChannelOpenOk(writer, channel);
    case "channel.flow":
      return writeChannelFlow(writer, channel, method);
    case "channel.flow-ok":
      return writeChannelFlowOk(writer, channel, method);
    case "channel.close":
      return writeChannelClose(writer, channel, method);
    case "channel.close-ok":
      return writeChannelCloseOk(writer, channel);
    case "access.request-ok":
      return writeAccessRequestOk(writer, channel, method);
    case "exchange.declare-ok":
      return writeExchangeDeclareOk(writer, channel);
    case "exchange.delete-ok":
      return writeExchangeDeleteOk(writer, channel);
    case "exchange.bind-ok":
      return writeExchangeBindOk(writer, channel);
    case "exchange.unbind-ok":
      return writeExchangeUnbindOk(writer, channel);
    case "queue.declare-ok":
      return writeQueueDeclareOk(writer, channel, method);
    case "queue.bind-ok":
      return writeQueueBindOk(writer, channel);
    case "queue.purge-ok":
      return writeQueuePurgeOk(writer, channel, method);
    case "queue.delete-ok":
      return writeQueueDeleteOk(writer, channel, method);
    case "queue.unbind-ok":
      return writeQueueUnbindOk(writer, channel);
    case "basic.qos-ok":
      return writeBasicQosOk(writer, channel);
    case "basic.consume-ok":
      return writeBasicConsumeOk(writer, channel, method);
    case "basic.cancel":
      return writeBasicCancel(writer, channel, method);
    case "basic.cancel-ok":
      return writeBasicCancelOk(writer, channel, method);
    case "basic.return":
      return writeBasicReturn(writer, channel, method);
    case "basic.deliver":
      return writeBasicDeliver(writer, channel, method);
    case "basic.get-ok":
      return writeBasicGetOk(writer, channel, method);
    case "basic.get-empty":
      return writeBasicGetEmpty(writer, channel);
    case "basic.ack":
      return writeBasicAck(writer, channel, method);
    case "basic.recover-ok":
      return writeBasicRecoverOk(writer, channel);
    case "basic.nack":
      return writeBasicNack(writer, channel, method);
    case "confirm.select-ok":
      return writeConfirmSelectOk(writer, channel);
    case "tx.select-ok":
      return writeTxSelectOk(writer, channel);
    case "tx.commit-ok":
      return writeTxCommitOk(writer, channel);
    case "tx.rollback-ok":
      return writeTxRollbackOk(writer, channel);
    default:
      return unreachable(method);
  }
}

/** What is fixed about each method. */
export const methodFacts = {
  "connection.start": { classId: 10, methodId: 10, sentBy: "server", synchronous: true, hasContent: false },
  "connection.start-ok": { classId: 10, methodId: 11, sentBy: "client", synchronous: false, hasContent: false },
  "connection.secure": { classId: 10, methodId: 20, sentBy: "server", synchronous: true, hasContent: false },
  "connection.secure-ok": { classId: 10, methodId: 21, sentBy: "client", synchronous: false, hasContent: false },
  "connection.tune": { classId: 10, methodId: 30, sentBy: "server", synchronous: true, hasContent: false },
  "connection.tune-ok": { classId: 10, methodId: 31, sentBy: "client", synchronous: false, hasContent: false },
  "connection.open": { classId: 10, methodId: 40, sentBy: "client", synchronous: true, hasContent: false },
  "connection.open-ok": { classId: 10, methodId: 41, sentBy: "server", synchronous: false, hasContent: false },
  "connection.close": { classId: 10, methodId: 50, sentBy: "both", synchronous: true, hasContent: false },
  "connection.close-ok": { classId: 10, methodId: 51, sentBy: "both", synchronous: false, hasContent: false },
  "connection.blocked": { classId: 10, methodId: 60, sentBy: "server", synchronous: false, hasContent: false },
  "connection.unblocked": { classId: 10, methodId: 61, sentBy: "server", synchronous: false, hasContent: false },
  "connection.update-secret": { classId: 10, methodId: 70, sentBy: "client", synchronous: true, hasContent: false },
  "connection.update-secret-ok": { classId: 10, methodId: 71, sentBy: "server", synchronous: false, hasContent: false },
  "channel.open": { classId: 20, methodId: 10, sentBy: "client", synchronous: true, hasContent: false },
  "channel.open-ok": { classId: 20, methodId: 11, sentBy: "server", synchronous: false, hasContent: false },
  "channel.flow": { classId: 20, methodId: 20, sentBy: "both", synchronous: true, hasContent: false },
  "channel.flow-ok": { classId: 20, methodId: 21, sentBy: "both", synchronous: false, hasContent: false },
  "channel.close": { classId: 20, methodId: 40, sentBy: "both", synchronous: true, hasContent: false },
  "channel.close-ok": { classId: 20, methodId: 41, sentBy: "both", synchronous: false, hasContent: false },
  "access.request": { classId: 30, methodId: 10, sentBy: "client", synchronous: true, hasContent: false },
  "access.request-ok": { classId: 30, methodId: 11, sentBy: "server", synchronous: false, hasContent: false },
  "exchange.declare": { classId: 40, methodId: 10, sentBy: "client", synchronous: true, hasContent: false },
  "exchange.declare-ok": { classId: 40, methodId: 11, sentBy: "server", synchronous: false, hasContent: false },
  "exchange.delete": { classId: 40, methodId: 20, sentBy: "client", synchronous: true, hasContent: false },
  "exchange.delete-ok": { classId: 40, methodId: 21, sentBy: "server", synchronous: false, hasContent: false },
  "exchange.bind": { classId: 40, methodId: 30, sentBy: "client", synchronous: true, hasContent: false },
  "exchange.bind-ok": { classId: 40, methodId: 31, sentBy: "server", synchronous: false, hasContent: false },
  "exchange.unbind": { classId: 40, methodId: 40, sentBy: "client", synchronous: true, hasContent: false },
  "exchange.unbind-ok": { classId: 40, methodId: 51, sentBy: "server", synchronous: false, hasContent: false },
  "queue.declare": { classId: 50, methodId: 10, sentBy: "client", synchronous: true, hasContent: false },
  "queue.declare-ok": { classId: 50, methodId: 11, sentBy: "server", synchronous: false, hasContent: false },
  "queue.bind": { classId: 50, methodId: 20, sentBy: "client", synchronous: true, hasContent: false },
  "queue.bind-ok": { classId: 50, methodId: 21, sentBy: "server", synchronous: false, hasContent: false },
  "queue.purge": { classId: 50, methodId: 30, sentBy: "client", synchronous: true, hasContent: false },
  "queue.purge-ok": { classId: 50, methodId: 31, sentBy: "server", synchronous: false, hasContent: false },
  "queue.delete": { classId: 50, methodId: 40, sentBy: "client", synchronous: true, hasContent: false },
  "queue.delete-ok": { classId: 50, methodId: 41, sentBy: "server", synchronous: false, hasContent: false },
  "queue.unbind": { classId: 50, methodId: 50, sentBy: "client", synchronous: true, hasContent: false },
  "queue.unbind-ok": { classId: 50, methodId: 51, sentBy: "server", synchronous: false, hasContent: false },
  "basic.qos": { classId: 60, methodId: 10, sentBy: "client", synchronous: true, hasContent: false },
  "basic.qos-ok": { classId: 60, methodId: 11, sentBy: "server", synchronous: false, hasContent: false },
  "basic.consume": { classId: 60, methodId: 20, sentBy: "client", synchronous: true, hasContent: false },
  "basic.consume-ok": { classId: 60, methodId: 21, sentBy: "server", synchronous: false, hasContent: false },
  "basic.cancel": { classId: 60, methodId: 30, sentBy: "both", synchronous: true, hasContent: false },
  "basic.cancel-ok": { classId: 60, methodId: 31, sentBy: "server", synchronous: false, hasContent: false },
  "basic.publish": { classId: 60, methodId: 40, sentBy: "client", synchronous: false, hasContent: true },
  "basic.return": { classId: 60, methodId: 50, sentBy: "server", synchronous: false, hasContent: true },
  "basic.deliver": { classId: 60, methodId: 60, sentBy: "server", synchronous: false, hasContent: true },
  "basic.get": { classId: 60, methodId: 70, sentBy: "client", synchronous: true, hasContent: false },
  "basic.get-ok": { classId: 60, methodId: 71, sentBy: "server", synchronous: false, hasContent: true },
  "basic.get-empty": { classId: 60, methodId: 72, sentBy: "server", synchronous: false, hasContent: false },
  "basic.ack": { classId: 60, methodId: 80, sentBy: "both", synchronous: false, hasContent: false },
  "basic.reject": { classId: 60, methodId: 90, sentBy: "client", synchronous: false, hasContent: false },
  "basic.recover-async": { classId: 60, methodId: 100, sentBy: "client", synchronous: false, hasContent: false },
  "basic.recover": { classId: 60, methodId: 110, sentBy: "client", synchronous: true, hasContent: false },
  "basic.recover-ok": { classId: 60, methodId: 111, sentBy: "server", synchronous: false, hasContent: false },
  "basic.nack": { classId: 60, methodId: 120, sentBy: "both", synchronous: false, hasContent: false },
  "confirm.select": { classId: 85, methodId: 10, sentBy: "client", synchronous: true, hasContent: false },
  "confirm.select-ok": { classId: 85, methodId: 11, sentBy: "server", synchronous: false, hasContent: false },
  "tx.select": { classId: 90, methodId: 10, sentBy: "client", synchronous: true, hasContent: false },
  "tx.select-ok": { classId: 90, methodId: 11, sentBy: "server", synchronous: false, hasContent: false },
  "tx.commit": { classId: 90, methodId: 20, sentBy: "client", synchronous: true, hasContent: false },
  "tx.commit-ok": { classId: 90, methodId: 21, sentBy: "server", synchronous: false, hasContent: false },
  "tx.rollback": { classId: 90, methodId: 30, sentBy: "client", synchronous: true, hasContent: false },
  "tx.rollback-ok": { classId: 90, methodId: 31, sentBy: "server", synchronous: false, hasContent: false },
} as const satisfies Record<string, MethodFacts>;

export type MethodName = keyof typeof methodFacts;

const namesByIds: ReadonlyMap<MethodIds, MethodName> = new Map(
  (Object.keys(methodFacts) as MethodName[]).map((name) => [
    (methodFacts[name].classId << 16) | methodFacts[name].methodId,
    name,
  ]),
);

/** The name of a method, or undefined when there is none with these ids. */
export function methodNameOf(classId: number, methodId: number): MethodName | undefined {
  return namesByIds.get((classId << 16) | methodId);
}

function decodeConnectionStart(reader: ByteReader): ConnectionStart {
  const versionMajor = reader.u8();
  const versionMinor = reader.u8();
  const serverProperties = readTable(reader);
  const mechanisms = readLongString(reader);
  const locales = readLongString(reader);
  return { name: "connection.start", versionMajor, versionMinor, serverProperties, mechanisms, locales };
}

function decodeConnectionStartOk(reader: ByteReader): ConnectionStartOk {
  const clientProperties = readTable(reader);
  const mechanism = readShortString(reader);
  const response = readLongString(reader);
  const locale = readShortString(reader);
  return { name: "connection.start-ok", clientProperties, mechanism, response, locale };
}

function decodeConnectionSecure(reader: ByteReader): ConnectionSecure {
  const challenge = readLongString(reader);
  return { name: "connection.secure", challenge };
}

function decodeConnectionSecureOk(reader: ByteReader): ConnectionSecureOk {
  const response = readLongString(reader);
  return { name: "connection.secure-ok", response };
}

function decodeConnectionTune(reader: ByteReader): ConnectionTune {
  const channelMax = reader.u16();
  const frameMax = reader.u32();
  const heartbeat = reader.u16();
  return { name: "connection.tune", channelMax, frameMax, heartbeat };
}

function decodeConnectionTuneOk(reader: ByteReader): ConnectionTuneOk {
  const channelMax = reader.u16();
  const frameMax = reader.u32();
  const heartbeat = reader.u16();
  return { name: "connection.tune-ok", channelMax, frameMax, heartbeat };
}

function decodeConnectionOpen(reader: ByteReader): ConnectionOpen {
  const virtualHost = readShortString(reader);
  readShortString(reader);
  reader.u8();
  return { name: "connection.open", virtualHost };
}

function decodeConnectionOpenOk(reader: ByteReader): ConnectionOpenOk {
  readShortString(reader);
  return { name: "connection.open-ok" };
}

function decodeConnectionClose(reader: ByteReader): ConnectionClose {
  const replyCode = reader.u16();
  const replyText = readShortString(reader);
  const classId = reader.u16();
  const methodId = reader.u16();
  return { name: "connection.close", replyCode, replyText, classId, methodId };
}

function decodeConnectionCloseOk(): ConnectionCloseOk {
  return { name: "connection.close-ok" };
}

function decodeConnectionBlocked(reader: ByteReader): ConnectionBlocked {
  const reason = readShortString(reader);
  return { name: "connection.blocked", reason };
}

function decodeConnectionUnblocked(): ConnectionUnblocked {
  return { name: "connection.unblocked" };
}

function decodeConnectionUpdateSecret(reader: ByteReader): ConnectionUpdateSecret {
  const newSecret = readLongString(reader);
  const reason = readShortString(reader);
  return { name: "connection.update-secret", newSecret, reason };
}

function decodeConnectionUpdateSecretOk(): ConnectionUpdateSecretOk {
  return { name: "connection.update-secret-ok" };
}

function decodeChannelOpen(reader: ByteReader): ChannelOpen {
  readShortString(reader);
  return { name: "channel.open" };
}

function decodeChannelOpenOk(reader: ByteReader): ChannelOpenOk {
  readLongString(reader);
  return { name: "channel.open-ok" };
}

function decodeChannelFlow(reader: ByteReader): ChannelFlow {
  const bits = reader.u8();
  const active = (bits & 1) !== 0;
  return { name: "channel.flow", active };
}

function decodeChannelFlowOk(reader: ByteReader): ChannelFlowOk {
  const bits = reader.u8();
  const active = (bits & 1) !== 0;
  return { name: "channel.flow-ok", active };
}

function decodeChannelClose(reader: ByteReader): ChannelClose {
  const replyCode = reader.u16();
  const replyText = readShortString(reader);
  const classId = reader.u16();
  const methodId = reader.u16();
  return { name: "channel.close", replyCode, replyText, classId, methodId };
}

function decodeChannelCloseOk(): ChannelCloseOk {
  return { name: "channel.close-ok" };
}

function decodeAccessRequest(reader: ByteReader): AccessRequest {
  const realm = readShortString(reader);
  const bits = reader.u8();
  const exclusive = (bits & 1) !== 0;
  const passive = (bits & 2) !== 0;
  const active = (bits & 4) !== 0;
  const write = (bits & 8) !== 0;
  const read = (bits & 16) !== 0;
  return { name: "access.request", realm, exclusive, passive, active, write, read };
}

function decodeAccessRequestOk(reader: ByteReader): AccessRequestOk {
  const ticket = reader.u16();
  return { name: "access.request-ok", ticket };
}

function decodeExchangeDeclare(reader: ByteReader): ExchangeDeclare {
  reader.u16();
  const exchange = readShortString(reader);
  const type = readShortString(reader);
  const bits = reader.u8();
  const passive = (bits & 1) !== 0;
  const durable = (bits & 2) !== 0;
  const autoDelete = (bits & 4) !== 0;
  const internal = (bits & 8) !== 0;
  const noWait = (bits & 16) !== 0;
  const table = readTable(reader);
  return { name: "exchange.declare", exchange, type, passive, durable, autoDelete, internal, noWait, arguments: table };
}

function decodeExchangeDeclareOk(): ExchangeDeclareOk {
  return { name: "exchange.declare-ok" };
}

function decodeExchangeDelete(reader: ByteReader): ExchangeDelete {
  reader.u16();
  const exchange = readShortString(reader);
  const bits = reader.u8();
  const ifUnused = (bits & 1) !== 0;
  const noWait = (bits & 2) !== 0;
  return { name: "exchange.delete", exchange, ifUnused, noWait };
}

function decodeExchangeDeleteOk(): ExchangeDeleteOk {
  return { name: "exchange.delete-ok" };
}

function decodeExchangeBind(reader: ByteReader): ExchangeBind {
  reader.u16();
  const destination = readShortString(reader);
  const source = readShortString(reader);
  const routingKey = readShortString(reader);
  const bits = reader.u8();
  const noWait = (bits & 1) !== 0;
  const table = readTable(reader);
  return { name: "exchange.bind", destination, source, routingKey, noWait, arguments: table };
}

function decodeExchangeBindOk(): ExchangeBindOk {
  return { name: "exchange.bind-ok" };
}

function decodeExchangeUnbind(reader: ByteReader): ExchangeUnbind {
  reader.u16();
  const destination = readShortString(reader);
  const source = readShortString(reader);
  const routingKey = readShortString(reader);
  const bits = reader.u8();
  const noWait = (bits & 1) !== 0;
  const table = readTable(reader);
  return { name: "exchange.unbind", destination, source, routingKey, noWait, arguments: table };
}

function decodeExchangeUnbindOk(): ExchangeUnbindOk {
  return { name: "exchange.unbind-ok" };
}

function decodeQueueDeclare(reader: ByteReader): QueueDeclare {
  reader.u16();
  const queue = readShortString(reader);
  const bits = reader.u8();
  const passive = (bits & 1) !== 0;
  const durable = (bits & 2) !== 0;
  const exclusive = (bits & 4) !== 0;
  const autoDelete = (bits & 8) !== 0;
  const noWait = (bits & 16) !== 0;
  const table = readTable(reader);
  return { name: "queue.declare", queue, passive, durable, exclusive, autoDelete, noWait, arguments: table };
}

function decodeQueueDeclareOk(reader: ByteReader): QueueDeclareOk {
  const queue = readShortString(reader);
  const messageCount = reader.u32();
  const consumerCount = reader.u32();
  return { name: "queue.declare-ok", queue, messageCount, consumerCount };
}

function decodeQueueBind(reader: ByteReader): QueueBind {
  reader.u16();
  const queue = readShortString(reader);
  const exchange = readShortString(reader);
  const routingKey = readShortString(reader);
  const bits = reader.u8();
  const noWait = (bits & 1) !== 0;
  const table = readTable(reader);
  return { name: "queue.bind", queue, exchange, routingKey, noWait, arguments: table };
}

function decodeQueueBindOk(): QueueBindOk {
  return { name: "queue.bind-ok" };
}

function decodeQueuePurge(reader: ByteReader): QueuePurge {
  reader.u16();
  const queue = readShortString(reader);
  const bits = reader.u8();
  const noWait = (bits & 1) !== 0;
  return { name: "queue.purge", queue, noWait };
}

function decodeQueuePurgeOk(reader: ByteReader): QueuePurgeOk {
  const messageCount = reader.u32();
  return { name: "queue.purge-ok", messageCount };
}

function decodeQueueDelete(reader: ByteReader): QueueDelete {
  reader.u16();
  const queue = readShortString(reader);
  const bits = reader.u8();
  const ifUnused = (bits & 1) !== 0;
  const ifEmpty = (bits & 2) !== 0;
  const noWait = (bits & 4) !== 0;
  return { name: "queue.delete", queue, ifUnused, ifEmpty, noWait };
}

function decodeQueueDeleteOk(reader: ByteReader): QueueDeleteOk {
  const messageCount = reader.u32();
  return { name: "queue.delete-ok", messageCount };
}

function decodeQueueUnbind(reader: ByteReader): QueueUnbind {
  reader.u16();
  const queue = readShortString(reader);
  const exchange = readShortString(reader);
  const routingKey = readShortString(reader);
  const table = readTable(reader);
  return { name: "queue.unbind", queue, exchange, routingKey, arguments: table };
}

function decodeQueueUnbindOk(): QueueUnbindOk {
  return { name: "queue.unbind-ok" };
}

function decodeBasicQos(reader: ByteReader): BasicQos {
  const prefetchSize = reader.u32();
  const prefetchCount = reader.u16();
  const bits = reader.u8();
  const global = (bits & 1) !== 0;
  return { name: "basic.qos", prefetchSize, prefetchCount, global };
}

function decodeBasicQosOk(): BasicQosOk {
  return { name: "basic.qos-ok" };
}

function decodeBasicConsume(reader: ByteReader): BasicConsume {
  reader.u16();
  const queue = readShortString(reader);
  const consumerTag = readShortString(reader);
  const bits = reader.u8();
  const noLocal = (bits & 1) !== 0;
  const noAck = (bits & 2) !== 0;
  const exclusive = (bits & 4) !== 0;
  const noWait = (bits & 8) !== 0;
  const table = readTable(reader);
  return { name: "basic.consume", queue, consumerTag, noLocal, noAck, exclusive, noWait, arguments: table };
}

function decodeBasicConsumeOk(reader: ByteReader): BasicConsumeOk {
  const consumerTag = readShortString(reader);
  return { name: "basic.consume-ok", consumerTag };
}

function decodeBasicCancel(reader: ByteReader): BasicCancel {
  const consumerTag = readShortString(reader);
  const bits = reader.u8();
  const noWait = (bits & 1) !== 0;
  return { name: "basic.cancel", consumerTag, noWait };
}

function decodeBasicCancelOk(reader: ByteReader): BasicCancelOk {
  const consumerTag = readShortString(reader);
  return { name: "basic.cancel-ok", consumerTag };
}

function decodeBasicPublish(reader: ByteReader): BasicPublish {
  reader.u16();
  const exchange = readShortString(reader);
  const routingKey = readShortString(reader);
  const bits = reader.u8();
  const mandatory = (bits & 1) !== 0;
  const immediate = (bits & 2) !== 0;
  return { name: "basic.publish", exchange, routingKey, mandatory, immediate };
}

function decodeBasicReturn(reader: ByteReader): BasicReturn {
  const replyCode = reader.u16();
  const replyText = readShortString(reader);
  const exchange = readShortString(reader);
  const routingKey = readShortString(reader);
  return { name: "basic.return", replyCode, replyText, exchange, routingKey };
}

function decodeBasicDeliver(reader: ByteReader): BasicDeliver {
  const consumerTag = readShortString(reader);
  const deliveryTag = reader.u64();
  const bits = reader.u8();
  const redelivered = (bits & 1) !== 0;
  const exchange = readShortString(reader);
  const routingKey = readShortString(reader);
  return { name: "basic.deliver", consumerTag, deliveryTag, redelivered, exchange, routingKey };
}

function decodeBasicGet(reader: ByteReader): BasicGet {
  reader.u16();
  const queue = readShortString(reader);
  const bits = reader.u8();
  const noAck = (bits & 1) !== 0;
  return { name: "basic.get", queue, noAck };
}

function decodeBasicGetOk(reader: ByteReader): BasicGetOk {
  const deliveryTag = reader.u64();
  const bits = reader.u8();
  const redelivered = (bits & 1) !== 0;
  const exchange = readShortString(reader);
  const routingKey = readShortString(reader);
  const messageCount = reader.u32();
  return { name: "basic.get-ok", deliveryTag, redelivered, exchange, routingKey, messageCount };
}

function decodeBasicGetEmpty(reader: ByteReader): BasicGetEmpty {
  readShortString(reader);
  return { name: "basic.get-empty" };
}

function decodeBasicAck(reader: ByteReader): BasicAck {
  const deliveryTag = reader.u64();
  const bits = reader.u8();
  const multiple = (bits & 1) !== 0;
  return { name: "basic.ack", deliveryTag, multiple };
}

function decodeBasicReject(reader: ByteReader): BasicReject {
  const deliveryTag = reader.u64();
  const bits = reader.u8();
  const requeue = (bits & 1) !== 0;
  return { name: "basic.reject", deliveryTag, requeue };
}

function decodeBasicRecoverAsync(reader: ByteReader): BasicRecoverAsync {
  const bits = reader.u8();
  const requeue = (bits & 1) !== 0;
  return { name: "basic.recover-async", requeue };
}

function decodeBasicRecover(reader: ByteReader): BasicRecover {
  const bits = reader.u8();
  const requeue = (bits & 1) !== 0;
  return { name: "basic.recover", requeue };
}

function decodeBasicRecoverOk(): BasicRecoverOk {
  return { name: "basic.recover-ok" };
}

function decodeBasicNack(reader: ByteReader): BasicNack {
  const deliveryTag = reader.u64();
  const bits = reader.u8();
  const multiple = (bits & 1) !== 0;
  const requeue = (bits & 2) !== 0;
  return { name: "basic.nack", deliveryTag, multiple, requeue };
}

function decodeConfirmSelect(reader: ByteReader): ConfirmSelect {
  const bits = reader.u8();
  const noWait = (bits & 1) !== 0;
  return { name: "confirm.select", noWait };
}

function decodeConfirmSelectOk(): ConfirmSelectOk {
  return { name: "confirm.select-ok" };
}

function decodeTxSelect(): TxSelect {
  return { name: "tx.select" };
}

function decodeTxSelectOk(): TxSelectOk {
  return { name: "tx.select-ok" };
}

function decodeTxCommit(): TxCommit {
  return { name: "tx.commit" };
}

function decodeTxCommitOk(): TxCommitOk {
  return { name: "tx.commit-ok" };
}

function decodeTxRollback(): TxRollback {
  return { name: "tx.rollback" };
}

function decodeTxRollbackOk(): TxRollbackOk {
  return { name: "tx.rollback-ok" };
}

function writeConnectionStart(writer: ByteWriter, channel: number, method: ConnectionStart): void {
  const frame = beginMethod(writer, channel, 0x000a000a);
  writer.u8(method.versionMajor);
  writer.u8(method.versionMinor);
  writeTable(writer, method.serverProperties);
  writeLongString(writer, method.mechanisms);
  writeLongString(writer, method.locales);
  endFrame(writer, frame);
}

function writeConnectionStartOk(writer: ByteWriter, channel: number, method: ConnectionStartOk): void {
  const frame = beginMethod(writer, channel, 0x000a000b);
  writeTable(writer, method.clientProperties);
  writeShortString(writer, method.mechanism);
  writeLongString(writer, method.response);
  writeShortString(writer, method.locale);
  endFrame(writer, frame);
}

function writeConnectionSecure(writer: ByteWriter, channel: number, method: ConnectionSecure): void {
  const frame = beginMethod(writer, channel, 0x000a0014);
  writeLongString(writer, method.challenge);
  endFrame(writer, frame);
}

function writeConnectionSecureOk(writer: ByteWriter, channel: number, method: ConnectionSecureOk): void {
  const frame = beginMethod(writer, channel, 0x000a0015);
  writeLongString(writer, method.response);
  endFrame(writer, frame);
}

function writeConnectionTune(writer: ByteWriter, channel: number, method: ConnectionTune): void {
  const frame = beginMethod(writer, channel, 0x000a001e);
  writer.u16(method.channelMax);
  writer.u32(method.frameMax);
  writer.u16(method.heartbeat);
  endFrame(writer, frame);
}

function writeConnectionTuneOk(writer: ByteWriter, channel: number, method: ConnectionTuneOk): void {
  const frame = beginMethod(writer, channel, 0x000a001f);
  writer.u16(method.channelMax);
  writer.u32(method.frameMax);
  writer.u16(method.heartbeat);
  endFrame(writer, frame);
}

function writeConnectionOpen(writer: ByteWriter, channel: number, method: ConnectionOpen): void {
  const frame = beginMethod(writer, channel, 0x000a0028);
  writeShortString(writer, method.virtualHost);
  writeShortString(writer, "");
  writer.u8(0);
  endFrame(writer, frame);
}

function writeConnectionOpenOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x000a0029);
  writeShortString(writer, "");
  endFrame(writer, frame);
}

function writeConnectionClose(writer: ByteWriter, channel: number, method: ConnectionClose): void {
  const frame = beginMethod(writer, channel, 0x000a0032);
  writer.u16(method.replyCode);
  writeShortString(writer, method.replyText);
  writer.u16(method.classId);
  writer.u16(method.methodId);
  endFrame(writer, frame);
}

function writeConnectionCloseOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x000a0033);
  endFrame(writer, frame);
}

function writeConnectionBlocked(writer: ByteWriter, channel: number, method: ConnectionBlocked): void {
  const frame = beginMethod(writer, channel, 0x000a003c);
  writeShortString(writer, method.reason);
  endFrame(writer, frame);
}

function writeConnectionUnblocked(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x000a003d);
  endFrame(writer, frame);
}

function writeConnectionUpdateSecret(writer: ByteWriter, channel: number, method: ConnectionUpdateSecret): void {
  const frame = beginMethod(writer, channel, 0x000a0046);
  writeLongString(writer, method.newSecret);
  writeShortString(writer, method.reason);
  endFrame(writer, frame);
}

function writeConnectionUpdateSecretOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x000a0047);
  endFrame(writer, frame);
}

function writeChannelOpen(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x0014000a);
  writeShortString(writer, "");
  endFrame(writer, frame);
}

function writeChannelOpenOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x0014000b);
  writeLongString(writer, NO_BYTES);
  endFrame(writer, frame);
}

function writeChannelFlow(writer: ByteWriter, channel: number, method: ChannelFlow): void {
  const frame = beginMethod(writer, channel, 0x00140014);
  writer.u8((method.active ? 1 : 0));
  endFrame(writer, frame);
}

function writeChannelFlowOk(writer: ByteWriter, channel: number, method: ChannelFlowOk): void {
  const frame = beginMethod(writer, channel, 0x00140015);
  writer.u8((method.active ? 1 : 0));
  endFrame(writer, frame);
}

function writeChannelClose(writer: ByteWriter, channel: number, method: ChannelClose): void {
  const frame = beginMethod(writer, channel, 0x00140028);
  writer.u16(method.replyCode);
  writeShortString(writer, method.replyText);
  writer.u16(method.classId);
  writer.u16(method.methodId);
  endFrame(writer, frame);
}

function writeChannelCloseOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x00140029);
  endFrame(writer, frame);
}

function writeAccessRequest(writer: ByteWriter, channel: number, method: AccessRequest): void {
  const frame = beginMethod(writer, channel, 0x001e000a);
  writeShortString(writer, method.realm);
  writer.u8((method.exclusive ? 1 : 0) | (method.passive ? 2 : 0) | (method.active ? 4 : 0) | (method.write ? 8 : 0) | (method.read ? 16 : 0));
  endFrame(writer, frame);
}

function writeAccessRequestOk(writer: ByteWriter, channel: number, method: AccessRequestOk): void {
  const frame = beginMethod(writer, channel, 0x001e000b);
  writer.u16(method.ticket);
  endFrame(writer, frame);
}

function writeExchangeDeclare(writer: ByteWriter, channel: number, method: ExchangeDeclare): void {
  const frame = beginMethod(writer, channel, 0x0028000a);
  writer.u16(0);
  writeShortString(writer, method.exchange);
  writeShortString(writer, method.type);
  writer.u8((method.passive ? 1 : 0) | (method.durable ? 2 : 0) | (method.autoDelete ? 4 : 0) | (method.internal ? 8 : 0) | (method.noWait ? 16 : 0));
  writeTable(writer, method.arguments);
  endFrame(writer, frame);
}

function writeExchangeDeclareOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x0028000b);
  endFrame(writer, frame);
}

function writeExchangeDelete(writer: ByteWriter, channel: number, method: ExchangeDelete): void {
  const frame = beginMethod(writer, channel, 0x00280014);
  writer.u16(0);
  writeShortString(writer, method.exchange);
  writer.u8((method.ifUnused ? 1 : 0) | (method.noWait ? 2 : 0));
  endFrame(writer, frame);
}

function writeExchangeDeleteOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x00280015);
  endFrame(writer, frame);
}

function writeExchangeBind(writer: ByteWriter, channel: number, method: ExchangeBind): void {
  const frame = beginMethod(writer, channel, 0x0028001e);
  writer.u16(0);
  writeShortString(writer, method.destination);
  writeShortString(writer, method.source);
  writeShortString(writer, method.routingKey);
  writer.u8((method.noWait ? 1 : 0));
  writeTable(writer, method.arguments);
  endFrame(writer, frame);
}

function writeExchangeBindOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x0028001f);
  endFrame(writer, frame);
}

function writeExchangeUnbind(writer: ByteWriter, channel: number, method: ExchangeUnbind): void {
  const frame = beginMethod(writer, channel, 0x00280028);
  writer.u16(0);
  writeShortString(writer, method.destination);
  writeShortString(writer, method.source);
  writeShortString(writer, method.routingKey);
  writer.u8((method.noWait ? 1 : 0));
  writeTable(writer, method.arguments);
  endFrame(writer, frame);
}

function writeExchangeUnbindOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x00280033);
  endFrame(writer, frame);
}

function writeQueueDeclare(writer: ByteWriter, channel: number, method: QueueDeclare): void {
  const frame = beginMethod(writer, channel, 0x0032000a);
  writer.u16(0);
  writeShortString(writer, method.queue);
  writer.u8((method.passive ? 1 : 0) | (method.durable ? 2 : 0) | (method.exclusive ? 4 : 0) | (method.autoDelete ? 8 : 0) | (method.noWait ? 16 : 0));
  writeTable(writer, method.arguments);
  endFrame(writer, frame);
}

function writeQueueDeclareOk(writer: ByteWriter, channel: number, method: QueueDeclareOk): void {
  const frame = beginMethod(writer, channel, 0x0032000b);
  writeShortString(writer, method.queue);
  writer.u32(method.messageCount);
  writer.u32(method.consumerCount);
  endFrame(writer, frame);
}

function writeQueueBind(writer: ByteWriter, channel: number, method: QueueBind): void {
  const frame = beginMethod(writer, channel, 0x00320014);
  writer.u16(0);
  writeShortString(writer, method.queue);
  writeShortString(writer, method.exchange);
  writeShortString(writer, method.routingKey);
  writer.u8((method.noWait ? 1 : 0));
  writeTable(writer, method.arguments);
  endFrame(writer, frame);
}

function writeQueueBindOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x00320015);
  endFrame(writer, frame);
}

function writeQueuePurge(writer: ByteWriter, channel: number, method: QueuePurge): void {
  const frame = beginMethod(writer, channel, 0x0032001e);
  writer.u16(0);
  writeShortString(writer, method.queue);
  writer.u8((method.noWait ? 1 : 0));
  endFrame(writer, frame);
}

function writeQueuePurgeOk(writer: ByteWriter, channel: number, method: QueuePurgeOk): void {
  const frame = beginMethod(writer, channel, 0x0032001f);
  writer.u32(method.messageCount);
  endFrame(writer, frame);
}

function writeQueueDelete(writer: ByteWriter, channel: number, method: QueueDelete): void {
  const frame = beginMethod(writer, channel, 0x00320028);
  writer.u16(0);
  writeShortString(writer, method.queue);
  writer.u8((method.ifUnused ? 1 : 0) | (method.ifEmpty ? 2 : 0) | (method.noWait ? 4 : 0));
  endFrame(writer, frame);
}

function writeQueueDeleteOk(writer: ByteWriter, channel: number, method: QueueDeleteOk): void {
  const frame = beginMethod(writer, channel, 0x00320029);
  writer.u32(method.messageCount);
  endFrame(writer, frame);
}

function writeQueueUnbind(writer: ByteWriter, channel: number, method: QueueUnbind): void {
  const frame = beginMethod(writer, channel, 0x00320032);
  writer.u16(0);
  writeShortString(writer, method.queue);
  writeShortString(writer, method.exchange);
  writeShortString(writer, method.routingKey);
  writeTable(writer, method.arguments);
  endFrame(writer, frame);
}

function writeQueueUnbindOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x00320033);
  endFrame(writer, frame);
}

function writeBasicQos(writer: ByteWriter, channel: number, method: BasicQos): void {
  const frame = beginMethod(writer, channel, 0x003c000a);
  writer.u32(method.prefetchSize);
  writer.u16(method.prefetchCount);
  writer.u8((method.global ? 1 : 0));
  endFrame(writer, frame);
}

function writeBasicQosOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x003c000b);
  endFrame(writer, frame);
}

function writeBasicConsume(writer: ByteWriter, channel: number, method: BasicConsume): void {
  const frame = beginMethod(writer, channel, 0x003c0014);
  writer.u16(0);
  writeShortString(writer, method.queue);
  writeShortString(writer, method.consumerTag);
  writer.u8((method.noLocal ? 1 : 0) | (method.noAck ? 2 : 0) | (method.exclusive ? 4 : 0) | (method.noWait ? 8 : 0));
  writeTable(writer, method.arguments);
  endFrame(writer, frame);
}

function writeBasicConsumeOk(writer: ByteWriter, channel: number, method: BasicConsumeOk): void {
  const frame = beginMethod(writer, channel, 0x003c0015);
  writeShortString(writer, method.consumerTag);
  endFrame(writer, frame);
}

function writeBasicCancel(writer: ByteWriter, channel: number, method: BasicCancel): void {
  const frame = beginMethod(writer, channel, 0x003c001e);
  writeShortString(writer, method.consumerTag);
  writer.u8((method.noWait ? 1 : 0));
  endFrame(writer, frame);
}

function writeBasicCancelOk(writer: ByteWriter, channel: number, method: BasicCancelOk): void {
  const frame = beginMethod(writer, channel, 0x003c001f);
  writeShortString(writer, method.consumerTag);
  endFrame(writer, frame);
}

function writeBasicPublish(writer: ByteWriter, channel: number, method: BasicPublish): void {
  const frame = beginMethod(writer, channel, 0x003c0028);
  writer.u16(0);
  writeShortString(writer, method.exchange);
  writeShortString(writer, method.routingKey);
  writer.u8((method.mandatory ? 1 : 0) | (method.immediate ? 2 : 0));
  endFrame(writer, frame);
}

function writeBasicReturn(writer: ByteWriter, channel: number, method: BasicReturn): void {
  const frame = beginMethod(writer, channel, 0x003c0032);
  writer.u16(method.replyCode);
  writeShortString(writer, method.replyText);
  writeShortString(writer, method.exchange);
  writeShortString(writer, method.routingKey);
  endFrame(writer, frame);
}

function writeBasicDeliver(writer: ByteWriter, channel: number, method: BasicDeliver): void {
  const frame = beginMethod(writer, channel, 0x003c003c);
  writeShortString(writer, method.consumerTag);
  writer.u64(method.deliveryTag);
  writer.u8((method.redelivered ? 1 : 0));
  writeShortString(writer, method.exchange);
  writeShortString(writer, method.routingKey);
  endFrame(writer, frame);
}

function writeBasicGet(writer: ByteWriter, channel: number, method: BasicGet): void {
  const frame = beginMethod(writer, channel, 0x003c0046);
  writer.u16(0);
  writeShortString(writer, method.queue);
  writer.u8((method.noAck ? 1 : 0));
  endFrame(writer, frame);
}

function writeBasicGetOk(writer: ByteWriter, channel: number, method: BasicGetOk): void {
  const frame = beginMethod(writer, channel, 0x003c0047);
  writer.u64(method.deliveryTag);
  writer.u8((method.redelivered ? 1 : 0));
  writeShortString(writer, method.exchange);
  writeShortString(writer, method.routingKey);
  writer.u32(method.messageCount);
  endFrame(writer, frame);
}

function writeBasicGetEmpty(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x003c0048);
  writeShortString(writer, "");
  endFrame(writer, frame);
}

function writeBasicAck(writer: ByteWriter, channel: number, method: BasicAck): void {
  const frame = beginMethod(writer, channel, 0x003c0050);
  writer.u64(method.deliveryTag);
  writer.u8((method.multiple ? 1 : 0));
  endFrame(writer, frame);
}

function writeBasicReject(writer: ByteWriter, channel: number, method: BasicReject): void {
  const frame = beginMethod(writer, channel, 0x003c005a);
  writer.u64(method.deliveryTag);
  writer.u8((method.requeue ? 1 : 0));
  endFrame(writer, frame);
}

function writeBasicRecoverAsync(writer: ByteWriter, channel: number, method: BasicRecoverAsync): void {
  const frame = beginMethod(writer, channel, 0x003c0064);
  writer.u8((method.requeue ? 1 : 0));
  endFrame(writer, frame);
}

function writeBasicRecover(writer: ByteWriter, channel: number, method: BasicRecover): void {
  const frame = beginMethod(writer, channel, 0x003c006e);
  writer.u8((method.requeue ? 1 : 0));
  endFrame(writer, frame);
}

function writeBasicRecoverOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x003c006f);
  endFrame(writer, frame);
}

function writeBasicNack(writer: ByteWriter, channel: number, method: BasicNack): void {
  const frame = beginMethod(writer, channel, 0x003c0078);
  writer.u64(method.deliveryTag);
  writer.u8((method.multiple ? 1 : 0) | (method.requeue ? 2 : 0));
  endFrame(writer, frame);
}

function writeConfirmSelect(writer: ByteWriter, channel: number, method: ConfirmSelect): void {
  const frame = beginMethod(writer, channel, 0x0055000a);
  writer.u8((method.noWait ? 1 : 0));
  endFrame(writer, frame);
}

function writeConfirmSelectOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x0055000b);
  endFrame(writer, frame);
}

function writeTxSelect(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x005a000a);
  endFrame(writer, frame);
}

function writeTxSelectOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x005a000b);
  endFrame(writer, frame);
}

function writeTxCommit(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x005a0014);
  endFrame(writer, frame);
}

function writeTxCommitOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x005a0015);
  endFrame(writer, frame);
}

function writeTxRollback(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x005a001e);
  endFrame(writer, frame);
}

function writeTxRollbackOk(writer: ByteWriter, channel: number): void {
  const frame = beginMethod(writer, channel, 0x005a001f);
  endFrame(writer, frame);
}
