// One AMQP 0-9-1 connection: its socket, its phases, its channels and how it ends.

import type { User } from "../../broker/access/user.ts";
import type {
  ChannelView,
  ConnectionFacts,
  ConnectionIdentity,
  ConnectionView,
} from "../../broker/connection-registry.ts";
import { BrokerError } from "../../broker/errors.ts";
import type { HeldPublisher } from "../../broker/flow/flow.ts";
import type { Flushable } from "../../broker/flow/turn.ts";
import type { VhostAccess } from "../../broker/vhost-access.ts";
import type { Endpoint, Socket, SocketHandler, TimerHandle } from "../../env/env.ts";
import type { Address } from "../../lib/arena.ts";
import { NO_PAGE } from "../../lib/page-pool.ts";
import { Output, type OutputOwner } from "../output.ts";
import { BodyStreams } from "./body-streams.ts";
import type { Channel, ChannelHost } from "./channel.ts";
import { ChannelTable } from "./channel-table.ts";
import {
  FrameType,
  HEARTBEAT_FRAME,
  PROTOCOL_HEADER,
  unexpectedFrameError,
} from "./codec/frames.ts";
import type { ClientMethod, ServerMethod } from "./codec/methods.generated.ts";
import { fitShortString } from "./codec/strings.ts";
import { connectionFacts } from "./connection-facts.ts";
import { type DispatchHost, FrameDispatch, notForChannelZero } from "./frame-dispatch.ts";
import { FrameInput } from "./frame-input.ts";
import { HandshakeRefused, INITIAL_FRAME_BYTES_MAX, type TuneLimits } from "./handshake.ts";
import { Heartbeats } from "./heartbeats.ts";
import { Login, type LoginHost } from "./login.ts";
import { replyCodes } from "./reply-codes.ts";
import type { ConnectionSettings } from "./settings.ts";
import type { ProtocolTools } from "./tools.ts";

const FRAME_OVERHEAD_BYTES = 8;
/** A payload without a negotiated limit is cut and taken at this. */
const UNLIMITED_PAYLOAD_BYTES = 131_064;

/** `login` lasts until connection.open; `closing` from connection.close to close-ok. */
type Phase = "login" | "running" | "closing" | "closed";

/** What a connection tells whoever accepted it. */
export interface ConnectionOwner {
  onConnectionClosed(connection: Connection): void;
}

export class Connection
  implements
    SocketHandler,
    DispatchHost,
    OutputOwner,
    Flushable,
    ChannelHost,
    HeldPublisher,
    ConnectionView,
    ConnectionIdentity
{
  readonly name: string;
  readonly protocol = "AMQP 0-9-1";
  readonly peer: Endpoint;
  readonly output: Output;
  readonly bodies: BodyStreams;
  readonly #socket: Socket;
  readonly #tools: ProtocolTools;
  readonly #settings: ConnectionSettings;
  readonly #owner: ConnectionOwner;
  readonly #input: FrameInput;
  readonly #channels: ChannelTable;
  readonly #heartbeats: Heartbeats;
  readonly #connectedAtMs: number;
  readonly #login: Login;
  #phase: Phase = "login";
  #deadline: TimerHandle | undefined = undefined;
  #access: VhostAccess | undefined = undefined;
  /** The most payload taken from the client, and the most sent to it. */
  payloadMax = INITIAL_FRAME_BYTES_MAX - FRAME_OVERHEAD_BYTES;
  nowSecond = 0;
  #blockedSent = false;
  inTurnFlush = false;
  inFlow = false;
  inPacing = false;
  restReads = 0;

  constructor(
    tools: ProtocolTools,
    settings: ConnectionSettings,
    socket: Socket,
    owner: ConnectionOwner,
  ) {
    this.#tools = tools;
    this.#settings = settings;
    this.#socket = socket;
    this.#owner = owner;
    this.peer = socket.peer;
    this.name = `${shown(socket.peer)} -> ${shown(socket.local)}`;
    this.#login = new Login(settings, this.#loginHost(), this, socket.tls);
    this.output = new Output(tools.broker.memory, socket, this);
    this.#channels = new ChannelTable(tools, this);
    const wake = (): void => this.#channels.wakeConsumers();
    this.bodies = new BodyStreams(tools.broker.bodies, this.output, wake);
    const dispatch = new FrameDispatch(tools, this, this.#channels);
    this.#input = new FrameInput(tools.broker.memory, socket, dispatch);
    this.#heartbeats = new Heartbeats(tools.broker.timers, {
      received: () => {
        const isExcused = this.#input.stopped || settings.allowsSilence === true;
        return isExcused ? -1 : this.#input.byteCount;
      },
      sent: () => this.output.sentBytes,
      send: () => this.send(HEARTBEAT_FRAME),
      onSilence: () => this.#drop("missed heartbeats from client"),
    });
    this.#connectedAtMs = tools.broker.clock.nowMs();
    this.#setDeadline(settings.handshakeTimeoutMs, "handshake timeout");
    socket.start(this);
  }

  get user(): string {
    return this.#login.user?.name ?? "";
  }
  get access(): VhostAccess {
    if (this.#access === undefined) throw new BrokerError("internal-error", "no vhost is open");
    return this.#access;
  }
  get notifiesCancels(): boolean {
    return this.#login.client.capabilities.notifiesCancels;
  }

  // ---- socket -------------------------------------------------------------------------------------------------

  onBytes(at: Address, lengthBytes: number): void {
    const { broker } = this.#tools;
    this.nowSecond = Math.floor(broker.clock.monotonicMs() / 1_000);
    this.#input.onBytes(at, lengthBytes);
    const { pacing } = broker.turn;
    pacing.onRead(this, pacing.isAhead && this.#mayWait());
    if (broker.flow.isWaiting) broker.turn.schedule();
    broker.turn.onInput(lengthBytes);
  }

  /** Asks all channels, of which there may be thousands: only where the answer matters. */
  #mayWait(): boolean {
    return this.#phase === "running" && !this.#input.stopped && !this.holdsUnacked;
  }

  onSent(): void {
    this.output.onSent();
  }

  onEnd(): void {
    this.#socket.end();
  }

  onClose(reason: string): void {
    if (this.#phase === "closed") return;
    const wasRunning = this.#phase === "running";
    this.#phase = "closed";
    this.#release();
    this.#settings.log(
      wasRunning ? "warning" : "info",
      `closing AMQP connection ${this.name}${reason === "" ? "" : ` (${reason})`}`,
    );
    this.output.close();
    this.#owner.onConnectionClosed(this);
  }

  // ---- output -------------------------------------------------------------------------------------------------

  send(frames: Uint8Array): void {
    if (this.#phase === "closed") return;
    if (this.bodies.busy) {
      this.bodies.sendBehind(frames);
      return;
    }
    const at = this.output.reserve(frames.length);
    if (at === NO_PAGE) return;
    this.output.arena.u8.set(frames, at);
    this.output.commit(frames.length);
  }

  onOutput(): void {
    this.#tools.broker.turn.flushLater(this);
  }

  flush(): void {
    this.output.flush();
  }

  onOutputRoom(): void {
    this.bodies.pump();
    if (!this.bodies.busy) this.#channels.wakeConsumers();
  }

  onOutputExhausted(): void {
    this.#drop("no memory left for output");
  }

  // ---- input --------------------------------------------------------------------------------------------------

  get isRunning(): boolean {
    return this.#phase === "running";
  }
  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  get mayPublish(): boolean {
    return this.#tools.broker.flow.mayPublish(this) || this.#phase !== "running";
  }

  /** Large bodies go to disk while they arrive: not faster than the disk takes them. */
  get mayAddToBody(): boolean {
    return !this.#tools.broker.isCongested || this.#phase !== "running";
  }

  pauseReading(): void {
    this.#socket.pause();
  }
  resumeReading(): void {
    if (this.#phase !== "closed" && !this.#input.stopped) this.#socket.resume();
  }
  readGently(gently: boolean): void {
    this.#socket.readGently(gently);
  }

  get holdsUnacked(): boolean {
    return this.#channels.holdsUnacked;
  }

  onPublishHeld(): void {
    const { broker } = this.#tools;
    broker.flow.hold(this);
    if (broker.alarms.blocked) this.onAlarm();
  }

  onAlarm(): void {
    const { broker } = this.#tools;
    if (this.#blockedSent || this.#phase !== "running") return;
    if (!this.#login.client.capabilities.notifiesBlocked) return;
    this.#blockedSent = true;
    this.#sendMethod({ name: "connection.blocked", reason: broker.alarms.reason });
  }

  resumePublishing(): void {
    if (this.#phase === "closed") return;
    if (this.#blockedSent) {
      this.#blockedSent = false;
      this.#sendMethod({ name: "connection.unblocked" });
    }
    this.#input.resume();
  }

  onProtocolHeader(at: Address): void {
    const header = this.#tools.broker.memory.arena.u8.subarray(at, at + 8);
    // 0-9-1, and 0-9 which differs in nothing that is used.
    const isKnown =
      header.join() === "65,77,81,80,0,0,9,1" || header.join() === "65,77,81,80,1,1,0,9";
    if (!isKnown) {
      this.send(PROTOCOL_HEADER);
      this.#endAfterSending();
      return;
    }
    this.#settings.log("info", `accepting AMQP connection (${this.name})`);
    this.#login.start();
  }

  onChannelError(channel: Channel, error: BrokerError, classId: number, methodId: number): void {
    const { code, name } = replyCodes[error.reason];
    const replyText = fitShortString(`${name} - ${error.message}`);
    this.#settings.log(
      "error",
      `channel error on ${this.name}, channel ${channel.number}: ${replyText}`,
    );
    channel.closing = true;
    channel.stopConsuming();
    channel.reply({ name: "channel.close", replyCode: code, replyText, classId, methodId });
  }

  closeWith(error: BrokerError, classId: number, methodId: number): void {
    if (this.#phase === "closing" || this.#phase === "closed") return;
    const { code, name } = replyCodes[error.reason];
    const replyText = fitShortString(
      error.message === "INTERNAL_ERROR" ? name : `${name} - ${error.message}`,
    );
    this.#settings.log("error", `error on AMQP connection ${this.name}: ${replyText}`);
    this.#sendMethod({ name: "connection.close", replyCode: code, replyText, classId, methodId });
    this.#phase = "closing";
    this.#release();
    this.#setDeadline(this.#settings.closeTimeoutMs, "close-ok did not come");
  }

  /** As RabbitMQ: a client that can't shake hands hears nothing for a while, and then the end. */
  endSilently(reason: string): void {
    this.#settings.log("error", `${this.name}: ${reason}`);
    this.#phase = "closing";
    this.#socket.pause();
    this.#setDeadline(this.#settings.silentCloseDelayMs, "handshake refused");
  }

  onBug(error: unknown): void {
    this.#settings.onBug(error);
  }

  resumeInput(): void {
    if (this.#phase !== "closed") this.#input.resume();
  }

  #endAfterSending(): void {
    this.#phase = "closing";
    this.output.end();
    this.#setDeadline(this.#settings.closeTimeoutMs, "");
  }

  #drop(reason: string): void {
    if (this.#phase === "closed") return;
    this.#settings.log("warning", `closing AMQP connection ${this.name}: ${reason}`);
    this.#socket.destroy();
  }

  #setDeadline(afterMs: number, reason: string): void {
    const { clock } = this.#tools.broker;
    if (this.#deadline !== undefined) clock.clearTimer(this.#deadline);
    this.#deadline = clock.setTimer(afterMs, () => this.#drop(reason));
  }

  #clearDeadline(): void {
    if (this.#deadline !== undefined) this.#tools.broker.clock.clearTimer(this.#deadline);
    this.#deadline = undefined;
  }

  /** Everything it holds in the broker goes: channels, exclusive queues, its place in the registry. */
  #release(): void {
    const { broker } = this.#tools;
    if (this.#phase === "closed") this.#clearDeadline();
    this.#heartbeats.stop();
    this.#channels.releaseAll();
    this.bodies.close();
    broker.flow.forget(this);
    if (this.#access !== undefined) broker.closed(this.#access);
    this.#access = undefined;
    broker.connections.remove(this);
  }

  // ---- login --------------------------------------------------------------------------------------------------

  onEarlyMethod(channelNumber: number, method: ClientMethod, at: Address, end: Address): void {
    if (this.#phase === "closing") {
      if (method.name === "connection.close") this.#sendMethod({ name: "connection.close-ok" });
      if (method.name === "connection.close-ok") this.#endAfterSending();
      return;
    }
    if (channelNumber !== 0) {
      if (this.#login.phase === "opening") {
        const payload = this.#tools.broker.memory.arena.u8.subarray(at, end);
        const { reason, message } = unexpectedFrameError(FrameType.method, payload);
        return this.closeWith(new BrokerError(reason, message), 0, 0);
      }
      throw new HandshakeRefused(`channel ${channelNumber} is not open`);
    }
    this.#login.onMethod(method);
  }

  #loginHost(): LoginHost {
    return {
      send: (method) => this.#sendMethod(method),
      onRefused: () => {
        this.#phase = "closing";
        this.#setDeadline(this.#settings.silentCloseDelayMs, "login refused");
      },
      onSilentEnd: () => this.endSilently("login refused"),
      onTuned: (limits) => this.#onTuned(limits),
      onOpen: (user, vhost) => this.#onOpen(user, vhost),
    };
  }

  #onTuned({ frameMaxBytes, heartbeatSeconds, channelMax }: TuneLimits): void {
    this.payloadMax =
      frameMaxBytes === 0 ? UNLIMITED_PAYLOAD_BYTES : frameMaxBytes - FRAME_OVERHEAD_BYTES;
    this.#channels.countMax = channelMax === 0 ? Number.POSITIVE_INFINITY : channelMax;
    this.#heartbeats.start(heartbeatSeconds);
  }

  #onOpen(user: User, vhost: string): void {
    const { broker } = this.#tools;
    this.#access = broker.open(user, vhost, this);
    this.#clearDeadline();
    this.#phase = "running";
    this.#settings.onUserOpened(this, vhost);
    broker.connections.add(this);
    this.#sendMethod({ name: "connection.open-ok" });
  }

  // ---- running ------------------------------------------------------------------------------------------------

  onConnectionMethod(method: ClientMethod): void {
    if (method.name === "connection.close") {
      this.#phase = "closing";
      this.#release();
      this.#sendMethod({ name: "connection.close-ok" });
      this.#endAfterSending();
    } else if (method.name === "connection.update-secret") {
      this.#updateSecret(method.newSecret);
    } else {
      throw notForChannelZero();
    }
  }

  #updateSecret(secret: Uint8Array): void {
    const password = Buffer.from(secret).toString("utf8");
    const claim = { kind: "password", user: this.user, password } as const;
    this.#settings.updateSecret(claim, this, (outcome) => {
      if (this.#phase !== "running") return;
      if ("refused" in outcome) {
        this.closeWith(new BrokerError("not-allowed", "New secret was refused"), 10, 70);
      } else {
        this.#sendMethod({ name: "connection.update-secret-ok" });
      }
    });
  }

  #sendMethod(method: ServerMethod): void {
    this.send(this.#tools.encode(0, method));
  }

  // ---- for others ---------------------------------------------------------------------------------------------

  get identity(): ConnectionIdentity {
    return this;
  }
  get credentialsExpireAtMs(): number | undefined {
    return this.#access?.user.expiresAtMs;
  }
  get vhost(): string {
    return this.#access?.vhost.name ?? "";
  }
  channels(): Iterable<ChannelView> {
    return this.#channels.all();
  }
  get channelCount(): number {
    return this.#channels.count;
  }

  close(reason: string): void {
    if (this.#phase === "running") {
      this.closeWith(new BrokerError("connection-forced", reason), 0, 0);
    } else if (this.#phase !== "closing") {
      this.#drop(reason);
    }
  }

  /** Once a minute: a delivery nobody acknowledges in time ends its channel. */
  checkDeliveryTimeouts(): void {
    this.nowSecond = Math.floor(this.#tools.broker.clock.monotonicMs() / 1_000);
    for (const channel of this.#channels.all()) {
      const timeoutMs = channel.consuming.overdueTimeoutMs();
      if (timeoutMs === undefined || channel.closing) continue;
      const text = `delivery acknowledgement on channel ${channel.number} timed out. Timeout value used: ${timeoutMs} ms. This timeout value can be configured, see consumers doc guide to learn more`;
      this.onChannelError(channel, new BrokerError("precondition-failed", text), 0, 0);
    }
  }

  describe(): ConnectionFacts {
    return connectionFacts({
      name: this.name,
      vhost: this.vhost,
      state: this.#shownState(),
      connectedAtMs: this.#connectedAtMs,
      socket: this.#socket,
      login: this.#login,
      input: this.#input,
      output: this.output,
    });
  }

  #shownState(): string {
    if (this.inFlow) return this.#tools.broker.alarms.blocked ? "blocked" : "flow";
    return this.#phase === "login" ? this.#login.phase : this.#phase;
  }
}

function shown(end: Endpoint): string {
  return end.address.includes(":") ? `[${end.address}]:${end.port}` : `${end.address}:${end.port}`;
}
