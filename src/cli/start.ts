// `leveret start`: configuration, banner, signals, exit codes.

import { hostname } from "node:os";
import { ConfigError } from "../config/config-error.ts";
import type { LoadedConfig } from "../config/load.ts";
import { DiskError } from "../env/env.ts";
import { nodeClock, nodeRandom } from "../env/node-clock.ts";
import { NodeDisk } from "../env/node-disk.ts";
import { fetchText, listDirectory, readTextFile, sha256 } from "../env/node-files.ts";
import { NodeNet } from "../env/node-net.ts";
import { nodeProcessFacts } from "../env/process-facts.ts";
import { Memory } from "../lib/memory.ts";
import { LARGE_PAGE_BYTES } from "../lib/page-pool.ts";
import type { Logger } from "../logging/logger.ts";
import { newLogger } from "../logging/set-up.ts";
import { DefinitionsFileError } from "../server/boot-definitions.ts";
import { ListenError } from "../server/listeners.ts";
import { Server } from "../server/server.ts";
import { CertificateError } from "../server/tls-files.ts";
import { StoreRefusal } from "../store/data-directory.ts";
import { LEVERET_VERSION } from "../version.ts";
import { loadConfigFiles } from "./config-files.ts";
import { setEngineFlags } from "./engine-flags.ts";

export interface StartFlags {
  readonly dataDir?: string;
  readonly amqpPort?: string;
  readonly httpPort?: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly inMemory?: boolean;
}

/** RabbitMQ's (sysexits') codes. */
const EXIT_CONFIG = 78;
const EXIT_UNAVAILABLE = 69;
const EXIT_NO_DATA_DIRECTORY = 73;
const EXIT_STORAGE_FAILED = 74;

/** Runs the broker until a signal; answers the exit code. */
export async function start(flags: StartFlags): Promise<number> {
  setEngineFlags();
  let loaded: LoadedConfig;
  try {
    loaded = loadConfigFiles(configFlags(flags));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return fail(error.message, EXIT_CONFIG);
  }
  const log = newLogger(loaded.config, nodeClock, process.stdout.isTTY === true);
  for (const warning of loaded.warnings) log.write("warning", "node", warning);
  try {
    return await serve(loaded, log, flags);
  } catch (error) {
    if (error instanceof StoreRefusal) return fail(error.message, EXIT_NO_DATA_DIRECTORY);
    if (error instanceof DiskError) {
      const { dataDirectory } = loaded.config.node;
      const sentence = `the data directory ${dataDirectory} cannot be used: ${error.message}`;
      return fail(sentence, EXIT_NO_DATA_DIRECTORY);
    }
    if (error instanceof CertificateError || error instanceof DefinitionsFileError) {
      return fail(error.message, EXIT_CONFIG);
    }
    if (!(error instanceof ListenError)) throw error;
    return fail(error.message, EXIT_UNAVAILABLE);
  }
}

async function serve({ config }: LoadedConfig, log: Logger, flags: StartFlags): Promise<number> {
  // Before anything can be reached: a signal that comes while it starts is not lost.
  const { stopRequested, requestStop } = stopSignal();
  const reloads = reloadSignal();
  const arenaBytes = Math.ceil(config.resources.arenaBytes / LARGE_PAGE_BYTES) * LARGE_PAGE_BYTES;
  const memory = new Memory({ arenaBytes });
  const warn = (text: string) => log.write("warning", "connection", text);
  const server = await Server.start({
    config,
    log,
    onBug: (error) =>
      log.write("error", "node", error instanceof Error ? `${error.stack}` : `${error}`),
    onStopRequested: requestStop,
    onStorageFailed: (reason) => {
      log.write("error", "storage", `${reason}: nothing can be confirmed any more, stopping`);
      process.exit(EXIT_STORAGE_FAILED);
    },
    world: {
      memory,
      clock: nodeClock,
      disk: new NodeDisk(memory.arena),
      random: nodeRandom,
      net: new NodeNet({ memory, warn }),
      readFile: readTextFile,
      listDirectory,
      fetchText,
      digest: sha256,
      hostName: hostname(),
      facts: nodeProcessFacts(),
    },
  });
  printBanner(server);
  reloads.listen(() => void reload(server, flags));
  await stopRequested;
  log.write("info", "node", "stopping: connections are closed");
  await server.stop();
  log.close();
  return 0;
}

/** The configuration may have changed, certificates may have been renewed. */
async function reload(server: Server, flags: StartFlags): Promise<void> {
  const { log } = server;
  try {
    const restart = server.reload(loadConfigFiles(configFlags(flags)).config);
    if (restart.length > 0) {
      log.write(
        "warning",
        "node",
        `these settings change with the next start: ${restart.join(", ")}`,
      );
    }
    await server.reloadCertificates();
    log.write("info", "node", "configuration and certificates were read again");
  } catch (error) {
    if (!(error instanceof CertificateError) && !(error instanceof ConfigError)) throw error;
    log.write("error", "node", `${error.message}; everything stays as it was`);
  }
}

function printBanner(server: Server): void {
  const lines = [`Leveret ${LEVERET_VERSION} on Node.js ${process.version}`, ""];
  for (const { protocol, local } of server.listeners) {
    lines.push(`  ${protocol.padEnd(16)} ${urlOf(protocol, local)}`);
  }
  for (const { protocol, address, port } of server.httpListeners) {
    lines.push(`  ${protocol.padEnd(16)} ${urlOf(protocol, { address, port })}`);
  }
  const greeting = messageOfTheDay(server);
  if (greeting !== undefined) lines.push("", greeting);
  process.stdout.write(`${lines.join("\n")}\n\n`);
  const plugins = server.config.node.plugins.length;
  server.log.write("info", "node", `Server startup complete; ${plugins} plugins started.`);
}

function messageOfTheDay({ config, log }: Server): string | undefined {
  const path = config.node.messageOfTheDayFile;
  if (path === undefined) return undefined;
  try {
    return readTextFile(path).trimEnd();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.write("warning", "node", `motd_file cannot be read: ${reason}`);
    return undefined;
  }
}

function urlOf(protocol: string, { address, port }: { address: string; port: number }): string {
  const scheme = protocol.replace("/ssl", "s").replace(/\/.*/, "");
  const everywhere = address === "::" || address === "0.0.0.0" || address === "";
  const host = everywhere ? "localhost" : address.includes(":") ? `[${address}]` : address;
  return `${scheme}://${host}:${port}`;
}

interface StopSignal {
  /** Resolves at the first SIGTERM or SIGINT, or when somebody who may asks; a second signal ends the process at once. */
  readonly stopRequested: Promise<void>;
  readonly requestStop: () => void;
}

function stopSignal(): StopSignal {
  let requestStop = () => {};
  const stopRequested = new Promise<void>((resolve) => {
    requestStop = resolve;
  });
  let asked = false;
  const onSignal = () => {
    if (asked) process.exit(130);
    asked = true;
    requestStop();
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return { stopRequested, requestStop };
}

/** Hears SIGHUP, which would end the process, from now on; what came before somebody listens is told then. */
function reloadSignal() {
  let isAsked = false;
  let onReload = () => {
    isAsked = true;
  };
  process.on("SIGHUP", () => onReload());
  return {
    listen(listener: () => void): void {
      onReload = listener;
      if (isAsked) listener();
    },
  };
}

function configFlags(flags: StartFlags) {
  const settings = [...flags.set];
  if (flags.httpPort !== undefined) settings.push(`management.tcp.port=${flags.httpPort}`);
  if (flags.inMemory === true) settings.push("leveret.in_memory=true");
  return {
    configFile: flags.config,
    dataDirectory: flags.dataDir,
    port: flags.amqpPort,
    settings,
  };
}

function fail(message: string, exitCode: number): number {
  process.stderr.write(`leveret: ${message}\n`);
  return exitCode;
}
