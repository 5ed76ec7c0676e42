// All commands.

import type { Verb } from "./verb.ts";
import { absentVerbs } from "./verbs/absent.ts";
import { definitionVerbs } from "./verbs/definitions.ts";
import { diagnosticVerbs } from "./verbs/diagnostics.ts";
import { generalVerbs } from "./verbs/general.ts";
import { listVerbs } from "./verbs/lists.ts";
import { nodeVerbs } from "./verbs/node.ts";
import { observingVerbs } from "./verbs/observing.ts";
import { operationVerbs } from "./verbs/operations.ts";
import { parameterVerbs } from "./verbs/parameters.ts";
import { permissionVerbs } from "./verbs/permissions.ts";
import { pluginVerbs } from "./verbs/plugins.ts";
import { queueVerbs } from "./verbs/queues.ts";
import { settingVerbs } from "./verbs/settings.ts";
import { streamVerbs } from "./verbs/streams.ts";
import { userVerbs } from "./verbs/users.ts";
import { vhostVerbs } from "./verbs/vhosts.ts";

export const verbs: readonly Verb[] = [
  ...generalVerbs,
  ...nodeVerbs,
  ...userVerbs,
  ...permissionVerbs,
  ...vhostVerbs,
  ...listVerbs,
  ...parameterVerbs,
  ...definitionVerbs,
  ...operationVerbs,
  ...observingVerbs,
  ...settingVerbs,
  ...queueVerbs,
  ...streamVerbs,
  ...pluginVerbs,
  ...diagnosticVerbs,
  ...absentVerbs,
];
