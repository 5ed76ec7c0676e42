// The changes of topology, users and settings as the log keeps them: one kind of JSON object each.
// The names are on disk: never change what one means. Replaying a change that has happened already changes nothing.

export type DefinitionKind =
  | "vhost"
  | "vhost.delete"
  | "exchange"
  | "exchange.delete"
  | "queue"
  | "queue.delete"
  | "queue.paused"
  | "queue.arguments"
  | "delay-bucket"
  | "delay-bucket.delete"
  | "duplicate-keys"
  | "binding"
  | "binding.delete"
  | "user"
  | "user.delete"
  | "permission"
  | "permission.delete"
  | "topic-permission"
  | "topic-permission.delete"
  | "policy"
  | "policy.delete"
  | "parameter"
  | "parameter.delete"
  | "global-parameter"
  | "global-parameter.delete";
