// The address of every page, in RabbitMQ's form, so that old deep links keep working.

function href(...segments: readonly string[]): string {
  return `#/${segments.map((segment) => encodeURIComponent(segment)).join("/")}`;
}

/** RabbitMQ writes the default exchange as amq.default where an empty segment would be lost. */
export function exchangeSegment(name: string): string {
  return name === "" ? "amq.default" : name;
}

/** The exchange's own name from what stands in an address. */
export function exchangeName(segment: string): string {
  return segment === "amq.default" ? "" : segment;
}

export const linkTo = {
  page: (path: string): string => `#${path}`,
  node: (name: string): string => href("nodes", name),
  connection: (name: string): string => href("connections", name),
  channel: (name: string): string => href("channels", name),
  exchange: (vhost: string, name: string): string =>
    href("exchanges", vhost, exchangeSegment(name)),
  queue: (vhost: string, name: string, tab?: string): string =>
    href("queues", vhost, name) + (tab === undefined ? "" : `?tab=${tab}`),
  user: (name: string): string => href("users", name),
  vhost: (name: string): string => href("vhosts", name),
  policy: (vhost: string, name: string): string => href("policies", vhost, name),
  operatorPolicy: (vhost: string, name: string): string => href("operator_policies", vhost, name),
  trace: (node: string, vhost: string, name: string): string => href("traces", node, vhost, name),
  shovel: (vhost: string, name: string): string => href("dynamic-shovels", vhost, name),
  upstream: (vhost: string, name: string): string => href("federation-upstreams", vhost, name),
  topology: (vhost: string, focus?: { kind: string; name: string }): string =>
    `#/topology?${new URLSearchParams({ vhost, ...(focus && { focus: `${focus.kind}:${focus.name}` }) })}`,
  tap: (
    vhost: string,
    source: { kind: "exchange" | "queue" | "connection"; name: string },
  ): string => `#/tap?${new URLSearchParams({ vhost, [source.kind]: source.name })}`,
  timeline: (vhost: string, id: string): string =>
    `#/timeline?${new URLSearchParams({ vhost, id })}`,
  playground: (vhost: string, exchange: string): string =>
    `#/playground?${new URLSearchParams({ vhost, exchange })}`,
};
