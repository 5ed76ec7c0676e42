// Policies, operator policies, and the parameters behind them.

import { type Policy, type PolicyKind, parsePolicy } from "../../broker/settings/policies.ts";
import { NO_VHOST_LIMITS } from "../../broker/vhost.ts";
import {
  type Answer,
  ApiError,
  badRequest,
  json,
  list,
  noContent,
  notFound,
  put as putAnswer,
  refusalsAsAnswers,
} from "../answers.ts";
import { type ApiJson, type ApiObject, isObject, property } from "../api-json.ts";
import { requireFields } from "../body.ts";
import type { ApiRequest } from "../request.ts";
import { get, put, type Route, remove } from "../route.ts";
import { vhostLimitsOf, vhostLimitsView } from "./vhosts.ts";

const KINDS: readonly (readonly [string, PolicyKind])[] = [
  ["policies", "policy"],
  ["operator-policies", "operator_policy"],
];
const VHOST_LIMITS = "vhost-limits";

export const policyRoutes: readonly Route[] = [
  ...KINDS.flatMap(([path, kind]) => [
    get(`/${path}`, "management", `All ${path}`, (request) =>
      policies(
        request
          .visibleVhosts()
          .flatMap(({ name }) => request.management.broker.policies.list(kind, name)),
      ),
    ),
    get(`/${path}/:vhost`, "management", `${path} of one virtual host`, (request) =>
      policies(request.management.broker.policies.list(kind, request.vhost().name)),
    ),
    get(`/${path}/:vhost/:name`, "management", "One of them", (request) => {
      const { name } = request.vhost();
      const policy = request.management.broker.policies.get(kind, name, request.param("name"));
      if (policy === undefined) throw notFound();
      return json(policyView(policy));
    }),
    put(
      `/${path}/:vhost/:name`,
      kind === "policy" ? "policymaker" : "administrator",
      "Sets it",
      (request) => setPolicy(request, kind),
      {
        body: {
          pattern: "^orders",
          definition: { "max-length": 100_000 },
          priority: 0,
          "apply-to": "queues",
        },
      },
    ),
    remove(
      `/${path}/:vhost/:name`,
      kind === "policy" ? "policymaker" : "administrator",
      "Clears it",
      (request) => {
        refuseReadOnly(request, kind);
        const { broker } = request.management;
        const { name } = request.access().vhost;
        if (!broker.policies.delete(kind, name, request.param("name"), request.user.name))
          throw notFound();
        broker.applyPolicies(name);
        return noContent;
      },
    ),
  ]),
  get("/parameters", "policymaker", "Runtime parameters", (request) =>
    json(
      parameters(
        request,
        request.visibleVhosts().map(({ name }) => name),
      ),
    ),
  ),
  get("/parameters/:component", "policymaker", "Those of one component", (request) => {
    const all = parameters(
      request,
      request.visibleVhosts().map(({ name }) => name),
    );
    return json(all.filter(({ component }) => component === request.param("component")));
  }),
  get("/parameters/:component/:vhost", "policymaker", "Those in one virtual host", (request) => {
    const all = parameters(request, [request.vhost().name]);
    return json(all.filter(({ component }) => component === request.param("component")));
  }),
  get("/parameters/:component/:vhost/:name", "policymaker", "One parameter", (request) =>
    json(parameter(request)),
  ),
  put("/parameters/:component/:vhost/:name", "policymaker", "Sets a parameter", setParameter, {
    body: { value: { "max-queues": 100 } },
  }),
  remove(
    "/parameters/:component/:vhost/:name",
    "policymaker",
    "Clears a parameter",
    clearParameter,
  ),
  get("/global-parameters", "policymaker", "Global parameters", ({ management }) =>
    json(management.broker.parameters.listGlobal().map((each) => ({ ...each }) as ApiObject)),
  ),
  get("/global-parameters/:name", "policymaker", "One global parameter", (request) => {
    const name = request.param("name");
    const value = request.management.broker.parameters.getGlobal(name);
    if (value === undefined) throw notFound();
    return json({ name, value: value as ApiJson });
  }),
  put(
    "/global-parameters/:name",
    "administrator",
    "Sets a global parameter",
    (request) => {
      requireFields(request.body, ["value"]);
      const { parameters: store } = request.management.broker;
      const name = request.param("name");
      const isNew = store.getGlobal(name) === undefined;
      store.setGlobal(name, property(request.body, "value"), request.user.name);
      return putAnswer(isNew);
    },
    { body: { value: { a: 1 } } },
  ),
  remove("/global-parameters/:name", "administrator", "Clears a global parameter", (request) => {
    const { parameters: store } = request.management.broker;
    if (!store.deleteGlobal(request.param("name"), request.user.name)) throw notFound();
    return noContent;
  }),
];

export function policyView(policy: Policy): ApiObject {
  return {
    vhost: policy.vhost,
    name: policy.name,
    pattern: policy.pattern,
    "apply-to": policy.applyTo,
    definition: policy.definition as ApiObject,
    priority: policy.priority,
  };
}

function policies(items: readonly Policy[]): Answer {
  return list({ items, nameOf: ({ name }) => name, view: policyView });
}

function setPolicy(request: ApiRequest, kind: PolicyKind): Answer {
  refuseReadOnly(request, kind);
  const vhost = request.access().vhost.name;
  return putAnswer(putPolicy(request, kind, vhost, request.body));
}

/** Answers whether it is new. */
function putPolicy(request: ApiRequest, kind: PolicyKind, vhost: string, body: ApiObject): boolean {
  const { broker } = request.management;
  const name = request.param("name");
  const isNew = broker.policies.get(kind, vhost, name) === undefined;
  const policy = refusalsAsAnswers(() => parsePolicy(kind, vhost, name, body, broker.matcher));
  broker.policies.set(kind, policy, request.user.name);
  broker.applyPolicies(vhost);
  return isNew;
}

function refuseReadOnly({ management }: ApiRequest, kind: PolicyKind): void {
  if (kind === "operator_policy" && management.options.operatorPolicyReadOnly) {
    throw new ApiError(405, {
      error: "method_not_allowed",
      reason: "operator policies are read-only",
    });
  }
}

// ---- parameters: policies and limits are there under their old names too ----------------------------------------

interface ShownParameter extends ApiObject {
  readonly component: string;
}

function parameters(
  { management }: ApiRequest,
  vhosts: readonly string[],
): readonly ShownParameter[] {
  const { broker } = management;
  const shown: ShownParameter[] = [];
  for (const name of vhosts) {
    const vhost = broker.vhosts.get(name);
    const limits = vhost === undefined ? {} : vhostLimitsView(vhost);
    if (Object.keys(limits).length > 0) {
      shown.push({ value: limits, vhost: name, component: VHOST_LIMITS, name: "limits" });
    }
    for (const policy of broker.policies.list("operator_policy", name)) {
      shown.push({
        value: withoutNames(policy),
        vhost: name,
        component: "operator_policy",
        name: policy.name,
      });
    }
    for (const each of broker.parameters.list(undefined, name)) {
      shown.push({
        value: each.value as ApiJson,
        vhost: name,
        component: each.component,
        name: each.name,
      });
    }
  }
  return shown;
}

/** A policy as the value of a parameter. */
export function withoutNames(policy: Policy): ApiObject {
  const { vhost: _vhost, name: _name, ...value } = policyView(policy);
  return value;
}

function parameter(request: ApiRequest): ApiObject {
  const found = parameters(request, [request.vhost().name]).find(
    ({ component, name }) =>
      component === request.param("component") && name === request.param("name"),
  );
  if (found === undefined) throw notFound();
  return found;
}

function setParameter(request: ApiRequest): Answer {
  const { broker } = request.management;
  const { vhost } = request.access();
  requireFields(request.body, ["value"]);
  const value = property(request.body, "value");
  const component = request.param("component");
  const name = request.param("name");
  if (component === VHOST_LIMITS) {
    requireAdministrator(request);
    if (!isObject(value)) throw badRequest("Validation failed\n\nlimits must be an object\n");
    broker.setVhostLimits(vhost, vhostLimitsOf(value, NO_VHOST_LIMITS), request.user.name);
    return noContent;
  }
  if (component === "operator_policy") {
    requireAdministrator(request);
    refuseReadOnly(request, "operator_policy");
    if (!isObject(value)) throw badRequest("Validation failed\n\na policy must be an object\n");
    return putAnswer(putPolicy(request, "operator_policy", vhost.name, value));
  }
  const isNew = broker.parameters.get(vhost.name, component, name) === undefined;
  refusalsAsAnswers(() =>
    broker.parameters.set({ vhost: vhost.name, component, name, value: value }, request.user.name),
  );
  return putAnswer(isNew);
}

function clearParameter(request: ApiRequest): Answer {
  const { broker } = request.management;
  parameter(request);
  const { vhost } = request.access();
  const component = request.param("component");
  const name = request.param("name");
  if (component === VHOST_LIMITS) {
    requireAdministrator(request);
    broker.setVhostLimits(vhost, NO_VHOST_LIMITS, request.user.name);
  } else if (component === "operator_policy") {
    requireAdministrator(request);
    broker.policies.delete("operator_policy", vhost.name, name, request.user.name);
    broker.applyPolicies(vhost.name);
  } else broker.parameters.delete(vhost.name, component, name, request.user.name);
  return noContent;
}

function requireAdministrator(request: ApiRequest): void {
  if (request.isAdministrator) return;
  throw new ApiError(401, {
    error: "not_authorised",
    reason: "User not authorised to access object",
  });
}
