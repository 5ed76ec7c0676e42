// All resources of the API.

import { apiDescriptionRoutes } from "./resources/api-description.ts";
import { bindingRoutes } from "./resources/bindings.ts";
import { browsingRoutes } from "./resources/browsing.ts";
import { clientRoutes } from "./resources/clients.ts";
import { controlRoutes } from "./resources/control.ts";
import { definitionRoutes } from "./resources/definitions.ts";
import { delayedRoutes } from "./resources/delayed.ts";
import { exchangeRoutes } from "./resources/exchanges.ts";
import { explainRoutes } from "./resources/explain.ts";
import { featureRoutes } from "./resources/features.ts";
import { healthRoutes } from "./resources/health.ts";
import { messageRoutes } from "./resources/messages.ts";
import { movingRoutes } from "./resources/moving.ts";
import { nodeRoutes } from "./resources/node.ts";
import { observingRoutes } from "./resources/observing.ts";
import { permissionRoutes } from "./resources/permissions.ts";
import { policyRoutes } from "./resources/policies.ts";
import { queueRoutes } from "./resources/queues.ts";
import { streamRoutes } from "./resources/streams.ts";
import { traceRoutes } from "./resources/traces.ts";
import { userRoutes } from "./resources/users.ts";
import { vhostRoutes } from "./resources/vhosts.ts";
import { waitingRoutes } from "./resources/waiting.ts";
import type { Route } from "./route.ts";

export const routes: readonly Route[] = [
  ...nodeRoutes,
  ...controlRoutes,
  ...clientRoutes,
  ...exchangeRoutes,
  ...delayedRoutes,
  ...movingRoutes,
  ...waitingRoutes,
  ...queueRoutes,
  ...messageRoutes,
  ...browsingRoutes,
  ...bindingRoutes,
  ...vhostRoutes,
  ...userRoutes,
  ...permissionRoutes,
  ...policyRoutes,
  ...definitionRoutes,
  ...healthRoutes,
  ...featureRoutes,
  ...explainRoutes,
  ...streamRoutes,
  ...traceRoutes,
  ...observingRoutes,
  ...apiDescriptionRoutes,
];
