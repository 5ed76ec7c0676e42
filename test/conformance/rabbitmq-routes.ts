// Every route of RabbitMQ 4.3's HTTP API and of the plugins it comes with, as its dispatchers list them. `[x]` may be
// left out, `a|b` is either.

const ROUTES = `
GET /overview
GET|PUT /cluster-name
GET /nodes[/:node]
GET /nodes/:node/memory[/relative]
GET /nodes/:node/memory/ets[/:filter][/relative]
GET /extensions
GET /version
GET /config/effective
GET /whoami
POST|DELETE /login
GET /auth
DELETE /reset[/:node]
POST /rebalance/queues
GET|DELETE /auth/attempts/:node[/source]
GET /auth/hash_password/:password
GET|POST /definitions[/:vhost]
GET|POST /all-configuration[/:vhost]
GET /parameters[/:component[/:vhost]]
GET|PUT|DELETE /parameters/:component/:vhost/:name
GET /global-parameters
GET|PUT|DELETE /global-parameters/:name
GET /policies[/:vhost]
GET|PUT|DELETE /policies/:vhost/:name
GET /operator-policies[/:vhost]
GET|PUT|DELETE /operator-policies/:vhost/:name
GET /vhost-limits[/:vhost]
PUT|DELETE /vhost-limits/:vhost/:name
GET /user-limits[/:user]
PUT|DELETE /user-limits/:user/:name
GET /connections
GET|DELETE /connections/:name
GET|DELETE /connections/username/:user
GET /connections/:name/channels
GET /connections/:name/sessions
GET /channels[/:name]
GET /consumers[/:vhost]
GET /exchanges[/:vhost]
GET|PUT|DELETE /exchanges/:vhost/:name
POST /exchanges/:vhost/:name/publish
GET /exchanges/:vhost/:name/bindings/source
GET /exchanges/:vhost/:name/bindings/destination
GET /queues[/:vhost]
GET /queues/detailed
GET|PUT|DELETE /queues/:vhost/:name
GET /queues/:vhost/:name/bindings
DELETE /queues/:vhost/:name/contents
POST /queues/:vhost/:name/get
POST /queues/:vhost/:name/actions
POST /queues/quorum/:vhost/:name/replicas/add
DELETE /queues/quorum/:vhost/:name/replicas/delete
POST /queues/quorum/replicas/on/:node/grow
DELETE /queues/quorum/replicas/on/:node/shrink
GET /queues/quorum/:vhost/:name/status
GET /bindings[/:vhost]
GET|POST /bindings/:vhost/e/:source/q/:destination
GET|POST /bindings/:vhost/e/:source/e/:destination
GET|DELETE /bindings/:vhost/e/:source/q/:destination/:props
GET|DELETE /bindings/:vhost/e/:source/e/:destination/:props
GET /vhosts
GET|PUT|DELETE /vhosts/:vhost
GET|POST|DELETE /vhosts/:vhost/deletion/protection
POST /vhosts/:vhost/start/:node
GET /vhosts/:vhost/permissions
GET /vhosts/:vhost/topic-permissions
GET /vhosts/:vhost/connections
GET /vhosts/:vhost/channels
GET /users
GET|PUT|DELETE /users/:user
GET /users/:user/permissions
GET /users/:user/topic-permissions
GET /users/:user/queues
POST /users/bulk-delete
GET /users/without-permissions
GET /permissions
GET|PUT|DELETE /permissions/:vhost/:user
GET /topic-permissions
GET|PUT|DELETE /topic-permissions/:vhost/:user
GET|DELETE /topic-permissions/:vhost/:user/:exchange
GET /feature-flags
PUT /feature-flags/:name/enable
GET /deprecated-features[/used]
GET /aliveness-test/:vhost
GET /healthchecks/node[/:node]
GET /health/checks/alarms
GET /health/checks/local-alarms
GET /health/checks/metadata-store/initialized[/with-data]
GET /health/checks/certificate-expiration/:within/:unit
GET /health/checks/port-listener/:port
GET /health/checks/protocol-listener/:protocols
GET /health/checks/virtual-hosts
GET /health/checks/quorum-queues-without-elected-leaders/all-vhosts[/pattern/:pattern]
GET /health/checks/quorum-queues-without-elected-leaders/vhost/:vhost[/pattern/:pattern]
GET /health/checks/node-is-quorum-critical
GET /health/checks/node-is-mirror-sync-critical
GET /health/checks/is-in-service
GET /health/checks/below-node-connection-limit
GET /health/checks/ready-to-serve-clients
GET /health/checks/reached-target-cluster-size
GET /stream/connections[/:vhost[/:connection[/consumers|/publishers]]]
GET /stream/consumers[/:vhost]
GET /stream/publishers[/:vhost[/:queue]]
PUT /stream/super-streams/:vhost/:name
GET /stream/:vhost/:queue/tracking
GET /federation-links[/:vhost][/state/down]
DELETE /federation-links/vhost/:vhost/:id/:node/restart
GET /shovels[/:vhost]
GET|DELETE /shovels/vhost/:vhost/:name
DELETE /shovels/vhost/:vhost/:name/restart
GET /traces[/:vhost]
GET|PUT|DELETE /traces/:vhost/:name
GET /traces/node/:node[/:vhost]
GET|PUT|DELETE /traces/node/:node/:vhost/:name
GET /trace-files
GET|DELETE /trace-files/:name
GET /trace-files/node/:node
GET|DELETE /trace-files/node/:node/:name
GET /top/:node
GET /top/ets/:node
GET /process/:pid
`;

export interface RabbitMqRoute {
  readonly method: string;
  /** As written above, with all that may be left out. */
  readonly written: string;
  readonly path: string;
}

/** Each path by itself, the longest first. */
function pathsOf(written: string): string[] {
  const open = written.indexOf("[");
  if (open < 0) return [written];
  let depth = 0;
  let close = open;
  do {
    if (written[close] === "[") depth++;
    if (written[close] === "]") depth--;
    close++;
  } while (depth > 0);
  const [before, inside, after] = [
    written.slice(0, open),
    written.slice(open + 1, close - 1),
    written.slice(close),
  ];
  const choices = inside.startsWith("/") && !inside.includes("[") ? inside.split("|") : [inside];
  return [...choices, ""].flatMap((choice) => pathsOf(before + choice + after));
}

export const rabbitMqRoutes: readonly RabbitMqRoute[] = ROUTES.trim()
  .split("\n")
  .flatMap((line) => {
    const [methods, written] = line.split(" ") as [string, string];
    return methods
      .split("|")
      .flatMap((method) => pathsOf(written).map((path) => ({ method, written, path })));
  });
