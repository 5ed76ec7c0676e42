// Users, their permissions and limits.

import { limitFacts } from "../../broker/access/access-control.ts";
import {
  hashAlgorithms,
  isUsableHash,
  type PasswordHash,
  SHA256,
} from "../../broker/access/password-hash.ts";
import { NO_USER_LIMITS, type UserLimits, type UserTag } from "../../broker/access/user.ts";
import type { StoredUser } from "../../broker/access/user-store.ts";
import {
  type Answer,
  ApiError,
  badRequest,
  json,
  list,
  noContent,
  notFound,
  put as putAnswer,
} from "../answers.ts";
import { type ApiJson, type ApiObject, property } from "../api-json.ts";
import { optionalTextField, requireFields, tagsOf, textField } from "../body.ts";
import { loginAttempts } from "../metrics/logins.ts";
import type { ApiRequest } from "../request.ts";
import { get, post, put, type Route, remove } from "../route.ts";

export const userRoutes: readonly Route[] = [
  get("/users", "administrator", "Users", ({ management }) =>
    list({
      items: [...management.broker.access.store.all()],
      nameOf: ({ name }) => name,
      view: userView,
    }),
  ),
  get(
    "/users/without-permissions",
    "administrator",
    "Users that may enter no virtual host",
    ({ management }) => {
      const { store } = management.broker.access;
      const permitted = new Set([...store.permissions()].map(({ user }) => user));
      return json([...store.all()].filter(({ name }) => !permitted.has(name)).map(userView));
    },
  ),
  post("/users/bulk-delete", "administrator", "Deletes many users", bulkDelete, {
    body: { users: ["ann", "bob"] },
  }),
  get("/users/:user", "administrator", "One user", (request) => json(userView(stored(request)))),
  put("/users/:user", "administrator", "Adds a user, or replaces password and tags", putUser, {
    body: { password: "secret", tags: "management" },
  }),
  remove("/users/:user", "administrator", "Deletes a user and ends its connections", (request) => {
    stored(request);
    request.management.broker.deleteUser(request.param("user"), request.user.name);
    return noContent;
  }),
  get("/users/:user/permissions", "administrator", "Permissions of one user", (request) => {
    const { name } = stored(request);
    const all = [...request.management.broker.access.store.permissions()];
    return json(all.filter(({ user }) => user === name).map((each) => ({ ...each })));
  }),
  get(
    "/users/:user/topic-permissions",
    "administrator",
    "Topic permissions of one user",
    (request) => {
      const { name } = stored(request);
      const all = [...request.management.broker.access.store.topicPermissions()];
      return json(all.filter(({ user }) => user === name).map((each) => ({ ...each })));
    },
  ),
  get("/user-limits", "administrator", "Limits of users", ({ management }) =>
    json(limitsOf([...management.broker.access.store.all()])),
  ),
  get("/user-limits/:user", "administrator", "Limits of one user", (request) =>
    json(limitsOf([stored(request)])),
  ),
  put(
    "/user-limits/:user/:name",
    "administrator",
    "Sets a limit: max-connections or max-channels",
    putLimit,
    {
      body: { value: 100 },
    },
  ),
  remove("/user-limits/:user/:name", "administrator", "Lifts a limit", (request) => {
    const { name, limits } = stored(request);
    setLimit(request, name, limits, limitField(request.param("name"), null), undefined);
    return noContent;
  }),
  get(
    "/auth/attempts/:node",
    "administrator",
    "Logins that succeeded and failed, by protocol",
    ({ management }) =>
      json(
        loginAttempts(management.broker).map(({ protocol, succeeded, failed }) => ({
          protocol,
          auth_attempts: succeeded + failed,
          auth_attempts_succeeded: succeeded,
          auth_attempts_failed: failed,
        })),
      ),
  ),
  remove("/auth/attempts/:node", "administrator", "Counts logins anew", ({ management }) => {
    management.broker.access.attempts.clear();
    return noContent;
  }),
  get(
    "/auth/hash_password/:password",
    "administrator",
    "How a password would be stored",
    async (request) => {
      const { value } = await hash(request, request.param("password"));
      return json({ ok: value });
    },
  ),
  put(
    "/auth/hash_password",
    "administrator",
    "The same, with the password in the body",
    async (request) => {
      requireFields(request.body, ["password"]);
      const { value } = await hash(request, textField(request.body, "password", ""));
      return json({ ok: value, password_hash: value });
    },
  ),
];

export function userView({ name, hash: stored, tags, limits }: StoredUser): ApiObject {
  return {
    name,
    password_hash: stored?.value ?? "",
    hashing_algorithm: stored?.algorithm ?? SHA256,
    tags,
    limits: limitFacts(limits),
  };
}

function stored(request: ApiRequest): StoredUser {
  const user = request.management.broker.access.store.get(request.param("user"));
  if (user === undefined) throw notFound();
  return user;
}

function hash({ management }: ApiRequest, password: string): Promise<PasswordHash> {
  return new Promise((resolve) => management.broker.access.hash(password, resolve));
}

async function putUser(request: ApiRequest): Promise<Answer> {
  const { body, management } = request;
  const tags = property(body, "tags") ?? property(body, "administrator");
  if (tags === undefined) throw badRequest("tags_not_present");
  const name = request.param("user");
  checkUserName(name);
  const { access } = management.broker;
  const before = access.store.get(name);
  const user: StoredUser = {
    name,
    tags: tags === true ? ["administrator"] : (tagsOf(tags) as readonly UserTag[]),
    hash: await hashOf(request, body),
    limits: before?.limits ?? NO_USER_LIMITS,
  };
  access.putUser(user, request.user.name);
  return putAnswer(before === undefined);
}

function checkUserName(name: string): void {
  if (name === "") throw badRequest("a user needs a name");
  if (Buffer.byteLength(name) > 255) throw badRequest("a user's name has at most 255 bytes");
}

/** The hash a body gives or asks for; undefined = no password lets this user in. */
async function hashOf(request: ApiRequest, body: ApiObject): Promise<PasswordHash | undefined> {
  const password = optionalTextField(body, "password");
  const given = optionalTextField(body, "password_hash");
  if (password !== undefined && given !== undefined) {
    throw badRequest("both_password_and_password_hash_are_provided");
  }
  if (password !== undefined) {
    if (password === "") return undefined;
    request.management.checkPassword(request.param("user"), password);
    return hash(request, password);
  }
  return givenHash(given, optionalTextField(body, "hashing_algorithm"));
}

/** A hash as definitions carry it, checked. */
export function givenHash(
  value: string | undefined,
  algorithm: string | undefined,
): PasswordHash | undefined {
  if (value === undefined || value === "") return undefined;
  const name = algorithm ?? SHA256;
  if (!hashAlgorithms.has(name)) throw badRequest(`unknown hashing algorithm ${name}`);
  const given = { value, algorithm: name };
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw badRequest(["not_base64", value]);
  if (!isUsableHash(given)) throw badRequest("password_hash is not a hash of this algorithm");
  return given;
}

function bulkDelete(request: ApiRequest): Answer {
  const { broker } = request.management;
  const names = property(request.body, "users");
  if (!Array.isArray(names)) throw badRequest("[{key_missing,users}]");
  const unknown = names.find(
    (name: ApiJson) => broker.access.store.get(String(name)) === undefined,
  );
  if (unknown !== undefined) throw badRequest(["no_such_user", unknown]);
  for (const name of names) broker.deleteUser(String(name), request.user.name);
  return noContent;
}

// ---- limits -----------------------------------------------------------------------------------------------------

const LIMIT_FIELDS: Readonly<Record<string, keyof UserLimits>> = {
  "max-connections": "connectionsMax",
  "max-channels": "channelsMax",
};

function limitsOf(users: readonly StoredUser[]): ApiJson {
  return users
    .map(({ name, limits }) => ({ user: name, value: limitFacts(limits) }))
    .filter(({ value }) => Object.keys(value).length > 0);
}

function limitField(name: string, value: ApiJson): keyof UserLimits {
  const field = LIMIT_FIELDS[name];
  if (field !== undefined) return field;
  throw badRequest(`Unrecognised terms [{<<"${name}">>,${String(value)}}] in user-limits`);
}

function putLimit(request: ApiRequest): Answer {
  const wanted = request.param("user");
  if (request.management.broker.access.store.get(wanted) === undefined) {
    throw badRequest(["no_such_user", wanted]);
  }
  const { name, limits } = stored(request);
  requireFields(request.body, ["value"]);
  const value = property(request.body, "value");
  const field = limitField(request.param("name"), value);
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw badRequest(
      `${request.param("name")} should be a number, actually was ${JSON.stringify(value)}`,
    );
  }
  setLimit(request, name, limits, field, value < 0 ? undefined : value);
  return noContent;
}

function setLimit(
  { management, user }: ApiRequest,
  name: string,
  limits: UserLimits,
  field: keyof UserLimits,
  value: number | undefined,
): void {
  management.broker.access.setUserLimits(name, { ...limits, [field]: value }, user.name);
}

/** For handlers of permissions: both sides must exist. */
export function requireUserAndVhost(request: ApiRequest): { user: string; vhost: string } {
  const { broker } = request.management;
  const user = request.param("user");
  const vhost = request.param("vhost");
  if (!broker.vhosts.has(vhost) || broker.access.store.get(user) === undefined) {
    throw new ApiError(400, { error: "bad_request", reason: "vhost_or_user_not_found" });
  }
  return { user, vhost };
}
