// The outside world as four small interfaces. The real one is node-env.ts, the simulated one fake-env.ts;
// nothing else in the product may reach for a clock, a timer, a random number, a disk or a socket.

import type { Address } from "../lib/arena.ts";
import type { DiskStatistics } from "./disk-statistics.ts";

export interface Env {
  readonly clock: Clock;
  readonly random: Random;
  readonly net: Net;
  readonly disk: Disk;
}

/** A timer that was set; pass it to `clearTimer`. */
export type TimerHandle = object;

export interface Clock {
  /** Wall time, milliseconds since 1970. May jump; only for what is shown or must survive a restart. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start; never jumps. For heartbeats, timeouts and rates. */
  monotonicMs(): number;
  setTimer(afterMs: number, onTimer: () => void): TimerHandle;
  clearTimer(timer: TimerHandle): void;
  /** Runs `onTurn` once, after the input that is ready now has been read (setImmediate). */
  nextTurn(onTurn: () => void): void;
}

export interface Random {
  /** Fills `into` with unpredictable bytes. */
  fill(into: Uint8Array): void;
  /** A number from 0 up to but not including `bound`. */
  integer(bound: number): number;
}

/** Where a socket's other (or our own) end is. */
export interface Endpoint {
  /** IPv4 or IPv6 text without brackets; IPv4-mapped addresses as IPv4; "" for a Unix socket. */
  readonly address: string;
  readonly port: number;
}

/** What TLS found out about a connection. */
export interface TlsFacts {
  readonly version: string;
  readonly cipher: string;
  /** Distinguished name of the verified client certificate, if it sent one. */
  readonly peerSubject?: string;
  readonly peerCommonName?: string;
  readonly peerIssuer?: string;
  readonly peerValidity?: string;
  readonly peerAlternativeNames?: readonly string[];
}

/**
 * One accepted byte stream: TCP, TLS or WebSocket alike.
 * Bytes arrive in the arena's read region; bytes to be written lie in the arena.
 */
export interface Socket {
  readonly peer: Endpoint;
  readonly local: Endpoint;
  readonly tls: TlsFacts | undefined;
  /** Must be called once, before anything arrives. */
  start(handler: SocketHandler): void;
  /**
   * Writes bytes of the arena. Answers true when the system has taken them all, so that they may be reused at
   * once; false when they are in flight and must not be touched until `onSent(token)`.
   * At most one write is in flight: a caller waits for `onSent` before it writes again.
   */
  write(address: Address, lengthBytes: number, token: number): boolean;
  /** No more `onBytes` until `resume` (bytes already handed over excepted). */
  pause(): void;
  resume(): void;
  /**
   * A wish: from now on only a small piece arrives at once, until told otherwise. Transports that buffer input
   * themselves do not know it.
   */
  readGently(gently: boolean): void;
  /** Sends what is in flight, then ends our half; `onClose` follows once the peer has ended its own. */
  end(): void;
  /** Drops the connection now; `onClose` follows. */
  destroy(): void;
}

export interface SocketHandler {
  /** Bytes lie at `address` in the arena's read region; they are valid until this returns. */
  onBytes(address: Address, lengthBytes: number): void;
  /** The write that carried `token` has left; its bytes may be reused. */
  onSent(token: number): void;
  /** The peer sends no more. The socket stays open and writable until `end` or `destroy` is called. */
  onEnd(): void;
  /** The socket is gone; nothing else will be called. `reason` is empty after an orderly end. */
  onClose(reason: string): void;
}

export interface ListenOptions {
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly backlog?: number;
  /** Serve TLS; see TlsOptions. */
  readonly tls?: TlsOptions;
  /** Speak WebSocket (RFC 6455) and carry the stream in binary messages. */
  readonly webSocket?: WebSocketOptions;
  /** Small packets leave at once. Default true. */
  readonly noDelay?: boolean;
  /** The system probes idle connections. Default false. */
  readonly keepAlive?: boolean;
  /** A proxy in front tells who the real client is, before TLS or anything else. */
  readonly proxyHeader?: ProxyHeaderReader;
}

export interface WebSocketOptions {
  /** Subprotocols in order of preference; a client that asks for none of them gets none. */
  readonly protocols: readonly string[];
  /** The only path that is served; undefined = any. */
  readonly path?: string;
  /**
   * Pages that may connect, by origin ("https://shop.example"), besides those from this very host and port; "*" = any.
   * Clients that are not browsers send no origin and are not held up.
   */
  readonly origins?: readonly string[];
}

/** Reads what a proxy sends ahead of the client's own bytes. */
export interface ProxyHeaderReader {
  /** False for a peer that is not believed: its bytes are the stream's own, whatever they look like. */
  trusts(peer: Endpoint): boolean;
  /** Looks at everything that came so far. Must say complete or invalid within PROXY_HEADER_BYTES_MAX. */
  read(bytes: Uint8Array): ProxyHeader;
}

/** A trusted peer that sends more than this without a complete header is dropped. */
export const PROXY_HEADER_BYTES_MAX = 4_096;

export type ProxyHeader =
  | { readonly kind: "incomplete" }
  | { readonly kind: "invalid"; readonly reason: string }
  /** The stream goes on behind `lengthBytes`. Without endpoints the proxy speaks for itself (a health check). */
  | {
      readonly kind: "complete";
      readonly lengthBytes: number;
      readonly peer?: Endpoint;
      readonly local?: Endpoint;
    };

/** PEM texts, not file names: whoever reads the files can read them again and call `setTls`. */
export interface TlsOptions {
  readonly key: string;
  readonly cert: string;
  readonly ca?: string;
  readonly passphrase?: string;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  readonly ciphers?: string;
}

export interface Listener {
  /** Where it really listens (the port is never 0). */
  readonly local: Endpoint;
  /** New connections use these certificates; open ones keep theirs. */
  setTls(tls: TlsOptions): void;
  close(): Promise<void>;
}

export interface Net {
  /** Rejects with a NetError when the address cannot be had. */
  listen(options: ListenOptions, onConnection: (socket: Socket) => void): Promise<Listener>;
}

/** `code` is the system's: EADDRINUSE, EACCES, EADDRNOTAVAIL, ... */
export class NetError extends Error {
  override readonly name = "NetError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The system's error code and the call it came from. */
export class DiskError extends Error {
  override readonly name = "DiskError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Nothing is broken: there is only no space left, or no quota. */
export function isFullDisk({ code }: DiskError): boolean {
  return code === "ENOSPC" || code === "EDQUOT";
}

/** How a file is opened. */
export interface OpenOptions {
  readonly write: boolean;
  readonly create: boolean;
  /** Each write is on the disk when it completes (O_DSYNC; fdatasync after each write where that is not to be had). */
  readonly synced: boolean;
}

/** Hears how the calls on one file ended; numbers only, no closure per call. */
export interface FileHandler {
  /** `lengthBytes` may be less than was asked for (a short write or read; 0 read = end of file). */
  onDone(token: number, lengthBytes: number): void;
  onFailed(token: number, error: DiskError): void;
}

/** An open file. Calls complete in any order, off the event loop. */
export interface File {
  write(token: number, address: Address, lengthBytes: number, offset: number): void;
  read(token: number, address: Address, lengthBytes: number, offset: number): void;
  /** fdatasync: the file's bytes, and the size needed to read them, are on the disk. */
  sync(token: number): void;
  close(): void;
}

export interface FileStat {
  readonly sizeBytes: number;
  readonly isDirectory: boolean;
}

/** Names and whole small files are handled with promises (start, checkpoint); message bytes through `File`. */
export interface Disk {
  /** Of the calls on open files. Absent: nobody counts. */
  readonly statistics?: DiskStatistics;
  open(path: string, options: OpenOptions, handler: FileHandler): Promise<File>;
  /** Sets the size and reserves (zero-fills) the space. */
  allocate(path: string, sizeBytes: number): Promise<void>;
  readFile(path: string): Promise<Uint8Array>;
  /** Written under another name, synced, renamed over `path`, and the directory synced. */
  replaceFile(path: string, bytes: Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  list(directory: string): Promise<readonly string[]>;
  stat(path: string): Promise<FileStat | undefined>;
  makeDirectory(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
  truncate(path: string, sizeBytes: number): Promise<void>;
  /** Free and whole bytes of the file system that holds `path`. */
  space(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }>;
  /** Takes the directory for this process alone; rejects with code ELOCKED when another one has it. */
  lock(directory: string): Promise<{ release(): Promise<void> }>;
}
