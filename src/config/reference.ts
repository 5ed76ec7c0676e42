// Writes docs/reference/configuration.md from the table, so that page and behaviour cannot part.

import type { ConfigRow } from "./row.ts";
import { sections } from "./table.ts";

const INTRODUCTION = `# Configuration reference

<!-- Written by scripts/write-config-reference.ts from src/config; a test fails when it is stale. -->

Leveret reads RabbitMQ's \`rabbitmq.conf\`. Nothing has to be configured: every setting has a default. Later sources win:

1. the defaults below
2. the file named by \`--config\`, \`LEVERET_CONFIG_FILE\` or \`RABBITMQ_CONFIG_FILE\`; else \`/etc/leveret/leveret.conf\`, else \`/etc/rabbitmq/rabbitmq.conf\`, if there is one
3. \`conf.d/*.conf\` beside that file (or what \`RABBITMQ_CONFIG_FILES\` names), in the order of their names
4. environment variables (\`RABBITMQ_DEFAULT_USER\`, \`RABBITMQ_NODE_PORT\`, …), after those in \`rabbitmq-env.conf\`
5. the command line: \`--set key=value\`, \`--amqp-port\`, \`--http-port\`, \`--data-dir\`

\`leveret config check FILE\` checks a file without starting anything. A setting that does not exist stops the start and
names the nearest one that does. Settings of RabbitMQ that mean nothing here (Erlang, Mnesia, …) are accepted, with
one warning.

\`\`\`ini
# a comment
default_user = app
default_pass = 'has a # in it'     # single quotes keep everything between them
cluster_name = $(CLUSTER)          # an environment variable
listeners.tcp.1 = 127.0.0.1:5672
\`\`\`

Sizes: \`512MiB\`, \`2GB\` (1000-based), \`64k\` (1024-based) or bytes. \`$name\` stands for a word of your choosing.
"Live" settings are taken over from the changed file on SIGHUP, without a restart: log levels, watermarks, certificates
(renewed files under the same names, or other names), what is given to new virtual hosts, and the users, permissions and
policies of the definitions file. A file that is wrong changes nothing and says why in the log; settings that need a
restart are named there.
What commands have changed since the start (\`set_log_level\`, \`set_vm_memory_high_watermark\`) stays until the file changes
there.

Definitions to import at start may be a file, a directory (all its \`.json\` files, in the order of their names, as one)
or an HTTPS address. They are read and checked whole first: one wrong object, and nothing is imported and the broker
does not start.

Plugins of RabbitMQ are built in or absent (\`rabbitmq-plugins list\`), except \`rabbitmq_event_exchange\`, which is
switched on by name: \`rabbitmq-plugins enable rabbitmq_event_exchange\`, \`leveret.plugins.1\`,
\`RABBITMQ_ENABLED_PLUGINS\` or a file of enabled plugins (\`RABBITMQ_ENABLED_PLUGINS_FILE\`, else \`enabled_plugins\` in the
data directory, else \`/etc/rabbitmq/enabled_plugins\`). Names that are not here are a warning at start.
`;

/** The whole page. */
export function configReference(): string {
  const tables = Object.values(sections).map(({ title, rows }) => {
    const lines = Object.values(rows).map((row) => referenceLine(row as ConfigRow<unknown>));
    return [
      `## ${title}`,
      "",
      "| setting | value | default | live | meaning |",
      "|---|---|---|---|---|",
      ...lines,
      "",
    ].join("\n");
  });
  return [INTRODUCTION, ...tables].join("\n");
}

function referenceLine(row: ConfigRow<unknown>): string {
  const [key, ...aliases] = row.patterns.filter((pattern) => !isShorterForm(pattern, row.patterns));
  const shown = row.show(row.defaultValue);
  const standard = shown === "" ? "" : `\`${shown}\``;
  const also =
    aliases.length === 0 ? "" : ` Also: ${aliases.map((alias) => `\`${alias}\``).join(", ")}.`;
  const cells = [`\`${key}\``, row.typeName, standard, row.live ? "yes" : "", row.doc + also];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** `listeners.tcp` beside `listeners.tcp.$n` is only there for `none`. */
function isShorterForm(pattern: string, patterns: readonly string[]): boolean {
  return patterns.some((other) => other.startsWith(`${pattern}.$`));
}
