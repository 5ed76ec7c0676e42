// The options of `leveret perf throughput`, `latency` and `backlog`, as PerfTest and lavinmqperf spell them.

import { type Command, Option } from "commander";

/** PerfTest's short options of more than one letter, which commander does not know. */
const longNames: Readonly<Record<string, string>> = {
  "-qp": "--queue-pattern",
  "-qpf": "--queue-pattern-from",
  "-qpt": "--queue-pattern-to",
  "-qa": "--queue-args",
  "-ca": "--consumer-args",
  "-qq": "--quorum-queue",
  "-sq": "--stream-queue",
  "-ad": "--auto-delete",
  "-po": "--polling",
  "-pi": "--polling-interval",
  "-mp": "--message-properties",
  "-ms": "--use-millis",
  "-vr": "--variable-rate",
  "-vs": "--variable-size",
  "-vl": "--variable-latency",
  "-ct": "--confirm-timeout",
  "-udsc": "--use-default-ssl-context",
  "-se": "--sasl-external",
  "-mf": "--metrics-format",
  "-na": "--nack",
  "-re": "--requeue",
  "-ew": "--exit-when",
};

/** The same arguments with long names where PerfTest has short ones of several letters. */
export function withLongNames(args: readonly string[]): string[] {
  return args.map((arg) => longNames[arg] ?? arg);
}

export function addUri(command: Command): Command {
  return command
    .helpOption("-?, --help", "print this")
    .addOption(
      new Option("-h, --uri <uri>", "the broker").default("amqp://guest:guest@127.0.0.1:5672/%2F"),
    );
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** All options of a throughput run. */
export function addLoadOptions(command: Command): Command {
  addWorkOptions(command);
  addQueueOptions(command);
  addMessageOptions(command);
  addLimitOptions(command);
  return command;
}

function addWorkOptions(command: Command): void {
  addUri(command)
    .option("-H, --uris <uri,...>", "several nodes instead: connections go to them in turn")
    .option("--use-default-ssl-context", "amqps: check the broker's certificate (-udsc)")
    .option("--sasl-external", "log in with the client's certificate, not with a password (-se)")
    .option("--tls-ca <file>", "whose certificates are trusted, beside --use-default-ssl-context")
    .option("--tls-cert <file>", "the client's certificate")
    .option("--tls-key <file>", "and its key")
    .option("-x, --producers <n>", "publishing connections", "1")
    .option("-y, --consumers <n>", "consuming connections", "1")
    .option("-X, --producer-channel-count <n>", "channels of each publishing connection", "1")
    .option("-Y, --consumer-channel-count <n>", "channels of each consuming connection", "1")
    .option("-r, --rate <n>", "messages a second of each publisher (0 = as many as possible)", "0")
    .option(
      "--variable-rate <rate:seconds>",
      "this rate for so long, then the next one given, over and over; 0 pauses (-vr)",
      collect,
      [],
    )
    .option("-P, --publishing-interval <seconds>", "one message of each publisher that often")
    .option("-R, --consumer-rate <n>", "messages a second of each consumer (0 = all)", "0")
    .option("-c, --confirm <n>", "publish with confirms, at most n unconfirmed")
    .option("--confirm-timeout <seconds>", "fail when a confirm takes longer (-ct)", "30")
    .option("-L, --consumer-latency <us>", "each consumer works so long on each message", "0")
    .option(
      "--variable-latency <us:seconds>",
      "so long for that many seconds, then the next one given, over and over (-vl)",
      collect,
      [],
    )
    .option("-a, --autoack", "consume without acknowledgements")
    .option("-A, --multi-ack-every <n>", "one acknowledgement for n deliveries", "1")
    .option("--nack", "refuse deliveries instead (-na)")
    .option("--requeue <bool>", "put what is refused back into the queue (-re)", "true")
    .option("-q, --qos <n>", "prefetch of each consumer (0 = no limit)", "0")
    .option("-Q, --global-qos <n>", "prefetch of each channel (0 = no limit)", "0")
    .option("--polling", "fetch with basic.get (-po)")
    .option("--polling-interval <ms>", "pause after an empty answer (-pi)", "10")
    .option("--consumer-args <k=v,...>", "arguments of basic.consume (-ca)");
}

function addQueueOptions(command: Command): void {
  command
    .option("-u, --queue <name>", "the queue", "perf-test")
    .option("--queue-pattern <pattern>", "many queues: a name with % or %d for the number (-qp)")
    .option("--queue-pattern-from <n>", "first number (-qpf)", "1")
    .option("--queue-pattern-to <n>", "last number (-qpt)")
    .option("--queue-args <k=v,...>", "arguments of queue.declare, also as JSON (-qa)")
    .option("--quorum-queue", "durable quorum queues (-qq)")
    .option("--stream-queue", "streams (-sq)")
    .option("--auto-delete <bool>", "queues vanish with their last consumer (-ad)", "false")
    .option("--exclusive", "queues belong to the run's control connection")
    .option("-p, --predeclared", "the queues (and the exchange) exist: leave them as they are")
    .option("--no-purge", "do not empty the queues before the run")
    .option("--keep", "do not delete the queues after the run")
    .option("-e, --exchange <name>", "exchange to publish to (empty = the default one)", "")
    .option("-t, --type <type>", "type of the exchange", "direct")
    .option("-k, --routing-key <key>", "routing key (default: the queue's name)")
    .option("-K, --vary-routing-key", "each message's key ends in a dot and another number")
    .option("--binding-key <key>", "bind the queues with this key instead");
}

function addMessageOptions(command: Command): void {
  command
    .option("-s, --size <bytes>", "size of each body (k, m, g = 1024 each)", "16")
    .option(
      "--variable-size <bytes:seconds>",
      "this size for so long, then the next one given, over and over (-vs)",
      collect,
      [],
    )
    .option("-B, --body <file,...>", "what these files hold are the bodies, in turn")
    .option("-T, --body-content-type <type>", "content type of the bodies")
    .option("--random-bodies", "bodies of random bytes instead of zeros")
    .option("-f, --flag <flag>", "persistent (durable queues too) or mandatory", collect, [])
    .option("--message-properties <k=v,...>", "properties; other names are headers (-mp)");
}

function addLimitOptions(command: Command): void {
  command
    .option("-z, --time <seconds>", "how long to measure")
    .option("-C, --pmessages <n>", "messages of each publisher")
    .option("-D, --cmessages <n>", "messages of each consumer")
    .option("--exit-when <what>", "empty: the queues are; idle: nothing came for a second (-ew)")
    .option("--max-lag <n>", "publishers wait while n messages are not received yet", "0")
    .option("--warm-up <seconds>", "not measured (default: 1 when --time is given, else 0)")
    .option("-i, --interval <seconds>", "between two lines", "1")
    .option(
      "--batch-bytes <bytes>",
      "send so much at once (default: 64k, up to 256k of larger messages)",
    )
    .option("-d, --id <id>", "name of the run")
    .option("--pid <pid>", "the broker's process: reports its CPU and memory")
    .option("-j, --json", "print the result as JSON and nothing else")
    .option("--quiet", "print only the result")
    .option("-o, --output-file <file>", "one CSV line per interval")
    .option("--metrics-format <format>", "default, or compact: columns (-mf)", "default")
    .option("--use-millis", "latencies in milliseconds (-ms)");
}
