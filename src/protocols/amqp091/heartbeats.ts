// Heartbeats of one connection, both ways: one is sent when nothing else was for half the interval,
// and the peer is given up when nothing at all came for two intervals [0-9-1 4.2.7].

import { CallbackTimer, type TimerWheel } from "../../lib/timer-wheel.ts";

export interface HeartbeatOwner {
  /** Bytes received ever; negative while we do not read and so can't blame the peer. */
  received(): number;
  sent(): number;
  send(): void;
  onSilence(): void;
}

export class Heartbeats {
  readonly #wheel: TimerWheel;
  readonly #owner: HeartbeatOwner;
  readonly #timer: CallbackTimer;
  #halfIntervalMs = 0;
  #lastReceived = 0;
  #lastSent = 0;
  /** Half intervals in a row without a byte from the peer. */
  #silentHalves = 0;

  constructor(wheel: TimerWheel, owner: HeartbeatOwner) {
    this.#wheel = wheel;
    this.#owner = owner;
    this.#timer = new CallbackTimer(() => this.#onHalfInterval());
  }

  /** 0 seconds: none. */
  start(intervalSeconds: number): void {
    if (intervalSeconds === 0) return;
    this.#halfIntervalMs = intervalSeconds * 500;
    this.#schedule();
  }

  stop(): void {
    this.#halfIntervalMs = 0;
    this.#wheel.cancel(this.#timer);
  }

  #schedule(): void {
    this.#wheel.scheduleAfter(this.#timer, this.#halfIntervalMs);
  }

  #onHalfInterval(): void {
    if (this.#halfIntervalMs === 0) return;
    const owner = this.#owner;
    const sent = owner.sent();
    if (sent === this.#lastSent) owner.send();
    this.#lastSent = sent;
    const received = owner.received();
    if (received < 0 || received !== this.#lastReceived) this.#silentHalves = 0;
    else this.#silentHalves++;
    this.#lastReceived = received;
    // Four halves are two intervals; the fifth makes sure that they are whole ones.
    if (this.#silentHalves > 4) owner.onSilence();
    else this.#schedule();
  }
}
