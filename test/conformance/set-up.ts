// The users, vhosts and limits the recorded cases were recorded with.

export const vhosts = ["rel-lab", "rel-lim", "rel-noaccess"] as const;

export interface SetUpUser {
  readonly name: string;
  /** "" = a user without a password, who can't log in. */
  readonly password: string;
}
export const users: readonly SetUpUser[] = [
  { name: "relab", password: "relab" },
  { name: "relro", password: "relro" },
  { name: "reltopic", password: "reltopic" },
  { name: "rellim", password: "rellim" },
  { name: "relnopw", password: "" },
];

const everything = { configure: ".*", write: ".*", read: ".*" } as const;

export interface SetUpPermission {
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}
export const permissions: readonly SetUpPermission[] = [
  { user: "relab", vhost: "rel-lab", ...everything },
  { user: "relab", vhost: "rel-lim", ...everything },
  { user: "relro", vhost: "rel-lab", configure: "^cfg-.*", write: "^wr-.*", read: "^rd-.*" },
  { user: "reltopic", vhost: "rel-lab", ...everything },
  { user: "rellim", vhost: "rel-lab", ...everything },
  { user: "relnopw", vhost: "rel-lab", ...everything },
];

export const topicPermissions = [
  {
    user: "reltopic",
    vhost: "rel-lab",
    exchange: "amq.topic",
    write: "^allowed\\..*",
    read: "^allowed\\..*",
  },
] as const;

export const userLimits = [
  { user: "rellim", limits: { "max-connections": 1, "max-channels": 2 } },
] as const;

export const vhostLimits = [
  { vhost: "rel-lim", limits: { "max-queues": 1, "max-connections": 1 } },
] as const;
