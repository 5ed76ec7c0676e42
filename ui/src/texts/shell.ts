// Words of the frame around all pages.

export const shell = {
  product: "Leveret",
  skip: "Skip to content",
  menu: "Open menu",
  closeMenu: "Close menu",
  menuTitle: "Menu",
  navigation: "Pages",
  search: "Search everything (Ctrl K)",
  searchShort: "Search",
  refresh: "Refresh interval",
  refreshNow: "Refresh now",
  refreshed: (time: string) => `Refreshed ${time}`,
  everySeconds: (seconds: number) => `Every ${seconds} s`,
  never: "Not by itself",
  vhost: "Virtual host",
  allVhosts: "All virtual hosts",
  cluster: "Cluster",
  theme: "Light or dark",
  themes: { light: "Light", dark: "Dark", auto: "As the system" },
  account: (name: string) => `Account of ${name}`,
  loggedInAs: (name: string, tags: string) => `${name} (${tags || "no tags"})`,
  logOut: "Log out",
  httpApi: "HTTP API",
  unreachable: "The broker does not answer",
  unreachableHint: "What is shown may be old. It is asked again at every refresh.",
  groups: {
    broker: "Broker",
    explore: "Explore",
    admin: "Admin",
    plugins: "Integrations",
  },
  pages: {
    overview: "Overview",
    connections: "Connections",
    channels: "Channels",
    consumers: "Consumers",
    exchanges: "Exchanges",
    queues: "Queues and streams",
    topology: "Topology map",
    playground: "Routing playground",
    deadLetters: "Dead letters",
    logs: "Log",
    users: "Users",
    vhosts: "Virtual hosts",
    policies: "Policies",
    limits: "Limits",
    featureFlags: "Feature flags",
    deprecated: "Deprecated features",
    cluster: "Cluster",
    tracing: "Tracing",
    shovelStatus: "Shovel status",
    shovels: "Shovel management",
    federation: "Federation status",
    upstreams: "Federation upstreams",
    streams: "Stream connections",
    superStreams: "Super streams",
    processes: "Top processes",
  },
};

export const login = {
  title: "Log in",
  user: "User name",
  password: "Password",
  remember: "Stay logged in on this computer for 8 hours",
  submit: "Log in",
  wrong: "The broker does not accept this name and password.",
  expired: "The broker no longer accepts your login. Please log in again.",
  noTags:
    "This user may not use the management pages: it needs the tag management or a higher one.",
  hint: "A new broker has the user guest with the password guest, from the same machine only.",
  failed: (reason: string) => `Login failed: ${reason}`,
};

export const alarms = {
  title: "Publishers are blocked",
  memory: (node: string, used: string, limit: string) =>
    `${node} uses ${used} of memory; its limit is ${limit}.`,
  disk: (node: string, free: string, limit: string) =>
    `${node} has ${free} of free disk space; it needs ${limit}.`,
  memoryAdvice: "Let consumers catch up, purge or limit queues, or raise vm_memory_high_watermark.",
  diskAdvice: "Free disk space, let consumers catch up, or lower disk_free_limit.",
  blocked: (count: number) =>
    count === 1
      ? "1 connection is waiting to publish."
      : `${count} connections are waiting to publish.`,
  showBlocked: "Show connections",
  partition: (node: string, others: string) => `${node} is cut off from ${others}.`,
  partitionTitle: "Network partition",
  notRunning: (node: string) => `${node} is not running.`,
  notRunningTitle: "A node is down",
};
