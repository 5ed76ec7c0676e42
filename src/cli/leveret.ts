// The command `leveret`: its subcommands as a table, loaded only when they are called.

import { Command, CommanderError, Option } from "commander";
import { LEVERET_VERSION } from "../version.ts";
import { endWhenNobodyReads } from "./closed-output.ts";
import type { StartFlags } from "./start.ts";

/** RabbitMQ's (sysexits') code for a wrong command line. */
const EXIT_USAGE = 64;

/** Runs one command and answers the exit code. Does not return while a server runs. */
export async function runLeveret(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command("leveret")
    .description("A message broker that speaks RabbitMQ's protocols.")
    .version(LEVERET_VERSION)
    .exitOverride()
    .showHelpAfterError(false)
    .hook("preAction", (_, command) => {
      // A broker serves on.
      if (command.name() !== "start") endWhenNobodyReads();
    });
  program
    .command("start", { isDefault: true })
    .description("run the broker")
    .option("--data-dir <directory>", "where everything durable lies (default ./leveret-data)")
    .option("--amqp-port <port>", "port of AMQP 0-9-1 (default 5672; 0 = any free one)")
    .option("--http-port <port>", "port of the HTTP API and the web pages (default 15672)")
    .option("--config <file>", "configuration file in rabbitmq.conf's dialect; none = read no file")
    .option("--set <key=value>", "set one configuration key; may be repeated", collect, [])
    .option("--in-memory", "keep nothing on disk")
    .action(async (flags: StartFlags) => {
      const { start } = await import("./start.ts");
      exitCode = await start(flags);
    });
  program
    .command("perf")
    .description("load any AMQP 0-9-1 broker and measure it")
    .argument("[args...]", "see leveret perf -?")
    .allowUnknownOption()
    .helpOption(false)
    .action(async () => {
      const { perf } = await import("./perf.ts");
      exitCode = await perf(args.slice(args.indexOf("perf") + 1));
    });
  const onExit = (code: number) => {
    exitCode = code;
  };
  addInspect(program, onExit);
  addWatching(program, args, onExit);
  addConfig(program, onExit);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has already said what is wrong.
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  }
  return exitCode;
}

function addConfig(program: Command, onExit: (exitCode: number) => void): void {
  const config = program.command("config").description("look at the configuration");
  config
    .command("check [file]")
    .description("say whether a configuration file is right, without starting anything")
    .action(async (file: string | undefined) => {
      const { checkConfig } = await import("./config-check.ts");
      onExit(checkConfig(file));
    });
  config
    .command("show")
    .description("every setting a start here would use, and where it was written")
    .action(async () => {
      const { showConfig } = await import("./config-check.ts");
      onExit(showConfig());
    });
}

function addInspect(program: Command, onExit: (exitCode: number) => void): void {
  program
    .command("inspect")
    .description("show what a data directory holds and what is wrong with it, changing nothing")
    .argument("[directory]", "the data directory (default LEVERET_DATA_DIR, then ./leveret-data)")
    .addOption(new Option("--format <format>").choices(["table", "json"]).default("table"))
    .action(async (directory: string | undefined, { format }: { format: "table" | "json" }) => {
      const { inspectDirectory } = await import("./inspect/inspect.ts");
      const fallback = process.env.LEVERET_DATA_DIR || "./leveret-data";
      onExit(await inspectDirectory(directory ?? fallback, format));
    });
}

/** Commands of leveretctl that are called so often that they are here too. */
function addWatching(
  program: Command,
  args: readonly string[],
  onExit: (exitCode: number) => void,
): void {
  for (const name of ["tap", "timeline"]) {
    program
      .command(name)
      .description(`the same as leveretctl ${name}`)
      .argument("[args...]", `see leveretctl help ${name}`)
      .allowUnknownOption()
      .helpOption(false)
      .action(async () => {
        const { runCtl } = await import("./ctl/program.ts");
        const { findTarget, terminal } = await import("./ctl/terminal.ts");
        const context = { terminal, findTarget, program: "leveretctl", scope: "ctl" } as const;
        onExit(await runCtl(args.slice(args.indexOf(name)), context));
      });
  }
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
