import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfigError } from "./config-error.ts";
import { editDistance } from "./edit-distance.ts";
import { ignoredKeys } from "./ignored-keys.ts";
import { findRow } from "./key-index.ts";
import { type ConfigFlags, compareConfigs, loadConfig } from "./load.ts";
import { placedRows } from "./table.ts";

interface World {
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: ConfigFlags;
}

function load({ files = {}, env = {}, flags = {} }: World) {
  return loadConfig({
    flags,
    env,
    readFile: (path) => files[path],
    listFiles: (directory) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${directory}/`))
        .map((path) => path.slice(directory.length + 1)),
  });
}

function loadText(text: string, env: Readonly<Record<string, string>> = {}) {
  return load({ files: { "/c.conf": text }, flags: { configFile: "/c.conf" }, env });
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

describe("defaults", () => {
  test("nothing configured means RabbitMQ's ports and limits", () => {
    const { config, warnings } = load({});
    expect(config.network.tcpListeners).toEqual([{ host: undefined, port: 5672 }]);
    expect(config.network.heartbeatSeconds).toBe(60);
    expect(config.management.port).toBe(15672);
    expect(config.prometheus.port).toBe(15692);
    expect(config.access.loopbackUsers).toEqual(new Set(["guest"]));
    expect(config.access.defaultPassword.reveal()).toBe("guest");
    expect(config.origins.size).toBe(0);
    expect(warnings).toEqual([]);
  });
});

describe("the file's dialect", () => {
  test("comments, quotes, variables, sizes and lists", () => {
    const { config } = loadText(
      [
        "# a comment",
        "cluster_name = $(WHERE)-1",
        "default_pass = 'p#ss word'   # kept whole",
        "disk_free_limit.absolute = 2GB",
        "max_message_size = 16MiB # comment",
        "listeners.tcp.10 = 5674",
        "listeners.tcp.2 = [::1]:5673",
        "listeners.tcp.default = 127.0.0.1:5672",
        "vm_memory_high_watermark.relative = 0.4",
        "connection_max = infinity",
        "log.connection.level = debug",
        "log.file.level = error",
        "auth_backends.1 = internal",
        "auth_backends.2.authn = ldap",
        "auth_backends.2.authz = internal",
        "default_users.reader.read = .*",
        "default_users.reader.password = x",
      ].join("\r\n"),
      { WHERE: "berlin" },
    );
    expect(config.node.clusterName).toBe("berlin-1");
    expect(config.access.defaultPassword.reveal()).toBe("p#ss word");
    expect(config.resources.diskFreeLimitBytes).toBe(2_000_000_000);
    expect(config.network.maxMessageSizeBytes).toBe(16 * 1024 * 1024);
    expect(config.network.tcpListeners.map(({ port }) => port)).toEqual([5673, 5674, 5672]);
    expect(config.network.tcpListeners[0]?.host).toBe("::1");
    expect(config.network.connectionMax).toBeUndefined();
    expect(config.logging.categoryLevels).toEqual(new Map([["connection", "debug"]]));
    expect(config.logging.fileLevel).toBe("error");
    expect(config.access.authBackends).toEqual([
      { authn: "internal", authz: "internal" },
      { authn: "ldap", authz: "internal" },
    ]);
    expect(config.access.defaultUsers.get("reader")?.read).toBe(".*");
    expect(config.origins.get("cluster_name")).toEqual({ source: "/c.conf", line: 2 });
  });

  test("double quotes stay part of the value, as in RabbitMQ, with a warning", () => {
    const { config, warnings } = loadText('default_user = "me"');
    expect(config.access.defaultUser).toBe('"me"');
    expect(warnings[0]).toContain("double quotes");
  });

  test("listeners and loopback users can be emptied", () => {
    const { config } = loadText("listeners.tcp = none\nloopback_users = none");
    expect(config.network.tcpListeners).toEqual([]);
    expect(config.access.loopbackUsers.size).toBe(0);
    expect(loadText("loopback_users.guest = false").config.access.loopbackUsers.size).toBe(0);
  });

  test.each([
    ["heartbeet = 10", "line 1 of /c.conf: there is no setting heartbeet; did you mean heartbeat?"],
    ["\nvm_memory_high_watermark.relativ = 0.5", "did you mean vm_memory_high_watermark.relative?"],
    ["listners.tcp.1 = 5672", "did you mean listeners.tcp.1?"],
    ["qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq = 1", "there is no setting qqqq"],
    ["heartbeat = soon", "heartbeat must be a whole number, 0 to 65535"],
    ["heartbeat", 'line 1 of /c.conf is not of the form "key = value"'],
    ["heartbeat =", '"heartbeat" has no value'],
    ["default_pass = 'open", "the quote is not closed"],
    ["default_pass = $(NOWHERE)", "needs the environment variable NOWHERE, which is not set"],
    ["default_pass = encrypted:abc", "default_pass is encrypted"],
    ["disk_free_limit.absolute = 5 potatoes", "must be a size"],
    ["listeners.tcp.1 = 70000", "must be a port"],
    ["default_queue_type = fast", "must be one of classic, quorum, stream"],
    ["log.nonsense.level = debug", 'is no setting; "nonsense" may be'],
    ["frame_max = 100", "frame_max must be 4096 or more"],
    ["max_message_size = 1GiB", "must not be more than 512 MiB"],
    ["listeners.ssl.1 = 5671", "needs ssl_options.certfile"],
    ["management.ssl.port = 15671", "needs management.ssl.certfile"],
    ["prometheus.ssl.port = 15691", "needs prometheus.ssl.certfile"],
    ["default_permissions.read = (", "is not a regular expression"],
  ])("%j is refused with a reason", (text, reason) => {
    expect(messageOf(() => loadText(text))).toContain(reason);
  });

  test("RabbitMQ's keys without meaning here are named in one warning", () => {
    const { warnings } = loadText(
      "cluster_formation.peer_discovery_backend = k8s\nnum_acceptors.tcp = 10\nmqtt.prefetch = 3\nmessage_interceptors.outgoing.other.enabled = true\nauth_oauth2.https.cacertfile = /ca.pem\nauth_oauth2.resource_servers.1.id = a",
    );
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("cluster_formation.peer_discovery_backend, num_acceptors.tcp");
    expect(warnings[0]).toContain("message_interceptors.outgoing.other.enabled");
    expect(warnings[0]).toContain("auth_oauth2.https.cacertfile");
    expect(warnings[0]).toContain("auth_oauth2.resource_servers.1.id");
  });

  test("any text is either read or refused with a sentence", () => {
    const word = fc.constantFrom(
      "heartbeat",
      "listeners.tcp.1",
      "=",
      "'",
      "#",
      "$(X)",
      ".",
      "\\",
      "1",
      " ",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 12 }), (parts) => {
        try {
          loadText(parts.join(""));
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
    );
  });
});

describe("sources", () => {
  const files = {
    "/etc/rabbitmq/rabbitmq.conf": "heartbeat = 10\nchannel_max = 100",
    "/etc/rabbitmq/conf.d/20-b.conf": "heartbeat = 20",
    "/etc/rabbitmq/conf.d/10-a.conf": "heartbeat = 30\nloopback_users.guest = false",
    "/etc/rabbitmq/conf.d/README": "not = read",
  };

  test("conf.d follows the main file in the order of names", () => {
    const { config } = load({ files });
    expect(config.network.heartbeatSeconds).toBe(20);
    expect(config.network.channelMax).toBe(100);
    expect(config.access.loopbackUsers.size).toBe(0);
    expect(config.files).toHaveLength(3);
  });

  test("environment wins over files, the command line over both", () => {
    const env = { RABBITMQ_NODE_PORT: "5700", RABBITMQ_DEFAULT_USER: "app" };
    const text = "listeners.tcp.1 = 5600\ndefault_user = file";
    const world = { files: { "/c.conf": text }, env, flags: { configFile: "/c.conf" } };
    expect(load(world).config.network.tcpListeners).toEqual([{ host: undefined, port: 5700 }]);
    expect(load(world).config.access.defaultUser).toBe("app");
    const flags = { configFile: "/c.conf", port: "0", settings: ["default_user=flag"] };
    const { config } = load({ ...world, flags });
    expect(config.network.tcpListeners).toEqual([{ host: undefined, port: 0 }]);
    expect(config.access.defaultUser).toBe("flag");
    expect(config.origins.get("default_user")?.source).toBe("--set default_user");
  });

  test("RABBITMQ_CONFIG_FILE may leave .conf out, and must exist", () => {
    const env = { RABBITMQ_CONFIG_FILE: "/x/custom" };
    expect(
      load({ files: { "/x/custom.conf": "heartbeat = 5" }, env }).config.network.heartbeatSeconds,
    ).toBe(5);
    expect(messageOf(() => load({ env }))).toBe("the configuration file /x/custom does not exist");
  });

  test("rabbitmq-env.conf is read, not executed, and loses to real variables", () => {
    const files = {
      "/e.conf":
        "# node\nNODENAME=bunny@host\nexport NODE_PORT=\"5699\"\nRABBITMQ_DEFAULT_VHOST='/app'\nDIR=/var\nLOG_BASE=${DIR}/log",
    };
    const env = { CONF_ENV_FILE: "/e.conf", RABBITMQ_NODE_PORT: "5698" };
    const { config } = load({ files, env });
    expect(config.node.name).toBe("bunny@host");
    expect(config.network.tcpListeners[0]?.port).toBe(5698);
    expect(config.access.defaultVhost).toBe("/app");
    expect(config.logging.directory).toBe("/var/log");
    expect(messageOf(() => load({ files: { "/e.conf": "rm -rf /" }, env }))).toContain(
      "shell commands are not run",
    );
  });

  test("what the Docker image and its users set", () => {
    const { config, warnings } = load({
      files: { "/run/secrets/pass": "s3cret\n" },
      env: {
        RABBITMQ_DEFAULT_PASS_FILE: "/run/secrets/pass",
        RABBITMQ_VM_MEMORY_HIGH_WATERMARK: "0.5",
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
          '-rabbit log_levels [{connection, error},{channel, error}, {default,info}] disk_free_limit 2147483648 -kernel x "y z" -rabbit consumer_timeout 5000 nonsense true',
        RABBITMQ_LOGS: "-",
        RABBITMQ_LOG: "debug,connection=warning",
        RABBITMQ_NONSENSE: "1",
        RABBITMQ_ERLANG_COOKIE: "x",
      },
    });
    expect(config.access.defaultPassword.reveal()).toBe("s3cret");
    expect(config.resources.memoryWatermarkRelative).toBe(0.5);
    expect(config.resources.diskFreeLimitBytes).toBe(2_147_483_648);
    expect(config.logging.categoryLevels.get("connection")).toBe("warning");
    expect(config.logging.categoryLevels.get("channel")).toBe("error");
    expect(config.network.consumerTimeoutMs).toBe(5_000);
    expect(warnings.join("\n")).toContain(
      "-rabbit nonsense in RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
    );
    expect(warnings.join("\n")).toContain("RABBITMQ_VM_MEMORY_HIGH_WATERMARK is deprecated");
    expect(warnings.join("\n")).toContain("RABBITMQ_NONSENSE means nothing here");
    expect(warnings.join("\n")).not.toContain("COOKIE");
  });

  test("a reload tells what can change while running", () => {
    const before = loadText(
      "log.default.level = info\ndefault_pass = a\nssl_options.password = a",
    ).config;
    const after = loadText(
      "log.default.level = debug\ndefault_pass = b\nssl_options.password = b",
    ).config;
    expect(compareConfigs(before, after)).toEqual({
      live: ["ssl_options.password", "log.default.level"],
      restart: ["default_pass"],
    });
    expect(compareConfigs(before, before)).toEqual({ live: [], restart: [] });
  });
});

describe("the table", () => {
  test("every key is found at its own row, and none is both known and ignored by name", () => {
    for (const placed of placedRows) {
      for (const pattern of placed.row.patterns) {
        const found = findRow(
          pattern.split(".").map((word) => (word.startsWith("$") ? "connection" : word)),
        );
        expect(found?.placed.row.patterns, pattern).toContain(found?.pattern);
        expect(ignoredKeys, pattern).not.toContain(pattern);
      }
    }
  });

  test("edit distance counts a swap as one", () => {
    expect(editDistance("heartbaet", "heartbeat", 9)).toBe(1);
    expect(editDistance("abc", "abc", 9)).toBe(0);
    expect(editDistance("abc", "xyz", 2)).toBe(2);
  });
});
