// Words of the pages about policies and limits.

export const policies = {
  title: "Policies",
  one: "Policy",
  oneOperator: "Operator policy",
  user: "User policies",
  operator: "Operator policies",
  userHint:
    "A policy gives settings to every queue and exchange whose name matches its pattern; of several, the one with the highest priority counts.",
  operatorHint:
    "Operator policies are limits on top: they count together with a user policy, and the stricter value wins.",
  pattern: "Pattern",
  applyTo: "Apply to",
  applyToOptions: {
    all: "Exchanges and queues",
    queues: "Queues",
    exchanges: "Exchanges",
    classic_queues: "Classic queues",
    quorum_queues: "Quorum queues",
    streams: "Streams",
  },
  definition: "Definition",
  priority: "Priority",
  add: "Add or update policy",
  addOperator: "Add or update operator policy",
  saved: (name: string) => `Policy ${name} was saved.`,
  deleted: (name: string) => `Policy ${name} was deleted.`,
  deletedMany: (count: number) => `${count} policies were deleted.`,
  deleteTitle: "Delete policy",
  deleteText: (name: string) =>
    `The queues and exchanges that ${name} applies to go back to their own settings.`,
  deleteManyText: (count: number) => `${count} policies are deleted.`,
  edit: "Edit",
  empty: "No policies",
  emptyHint: "Add one to give settings to many queues at once, without declaring them again.",
  matches: (count: number) => (count === 1 ? "matches 1 name now" : `matches ${count} names now`),
  badPattern: "This is not a regular expression",
  applied: "Applies to now",
  appliedNone: "No queue or exchange is under this policy now.",
};

export const limits = {
  title: "Limits",
  vhosts: "Virtual host limits",
  users: "User limits",
  limit: "Limit",
  value: "Value",
  set: "Set limit",
  clear: "Clear",
  saved: "The limit was set.",
  cleared: "The limit was cleared.",
  clearTitle: "Clear limit",
  clearText: (limit: string, of: string) => `${of} is no longer held to ${limit}.`,
  empty: "No limits are set",
  help: "A negative value is no limit; 0 allows none.",
  names: {
    "max-connections": "max-connections",
    "max-queues": "max-queues",
    "max-channels": "max-channels",
  },
};
