// Users, passwords, mechanisms and the backends that know them.

import { Secret } from "../../lib/secret.ts";
import { ldapQuery } from "../ldap-query.ts";
import { type ConfigRow, list, named, one, optional, parseEntry, records } from "../row.ts";
import {
  boolean,
  duration,
  integer,
  oneOf,
  path,
  pattern,
  secret,
  text,
  words,
} from "../value-types.ts";

/** Who a user is (authn) and what it may do (authz). */
export interface BackendPair {
  readonly authn: string;
  readonly authz: string;
}

/** Module names and short names mean the same. */
const BACKENDS: Readonly<Record<string, string>> = {
  internal: "internal",
  rabbit_auth_backend_internal: "internal",
  http: "http",
  rabbit_auth_backend_http: "http",
  ldap: "ldap",
  rabbit_auth_backend_ldap: "ldap",
  oauth: "oauth2",
  oauth2: "oauth2",
  rabbit_auth_backend_oauth2: "oauth2",
  cache: "cache",
  rabbit_auth_backend_cache: "cache",
  dummy: "dummy",
  rabbit_auth_backend_dummy: "dummy",
};
const backend = {
  name: [...new Set(Object.values(BACKENDS))].map((name) => `\`${name}\``).join(", "),
  parse: (value: string) =>
    BACKENDS[value] ?? oneOf("internal", "http", "ldap", "oauth2", "cache", "dummy").parse(value),
  show: String,
};

const authBackends: ConfigRow<readonly BackendPair[]> = {
  patterns: ["auth_backends.$n", "auth_backends.$n.authn", "auth_backends.$n.authz"],
  typeName: `list of ${backend.name}`,
  defaultValue: [{ authn: "internal", authz: "internal" }],
  doc: "Asked in order until one knows the user; `.authn` and `.authz` may differ.",
  live: false,
  read(entries) {
    const pairs = new Map<string, { authn: string; authz: string }>();
    for (const matched of entries) {
      const name = parseEntry(matched, backend);
      const number = matched.wildcards[0]!;
      const pair = pairs.get(number) ?? { authn: name, authz: name };
      if (matched.pattern.endsWith(".authn")) pair.authn = name;
      else if (matched.pattern.endsWith(".authz")) pair.authz = name;
      else pairs.set(number, { authn: name, authz: name });
      if (!pairs.has(number)) pairs.set(number, pair);
    }
    const ordered = [...pairs].sort(([a], [b]) => Number(a) - Number(b));
    return ordered.map(([, pair]) => pair);
  },
  show: (value) =>
    value.map(({ authn, authz }) => (authn === authz ? authn : `${authn}/${authz}`)).join(", "),
};

const loopbackUsers: ConfigRow<ReadonlySet<string>> = {
  patterns: ["loopback_users.$user", "loopback_users"],
  typeName: "true or false per user, or `none`",
  defaultValue: new Set(["guest"]),
  doc: "Users that may connect only from this machine; `loopback_users.guest = false` or `loopback_users = none` lifts it.",
  live: true,
  read(entries) {
    const users = new Set(["guest"]);
    for (const matched of entries) {
      const user = matched.wildcards[0];
      if (user === undefined) users.clear();
      else if (parseEntry(matched, boolean)) users.add(user);
      else users.delete(user);
    }
    return users;
  },
  show: (value) => [...value].join(", ") || "none",
};

export const accessRows = {
  defaultUser: one(
    "default_user",
    text,
    "guest",
    "Created with all permissions at the first start.",
  ),
  defaultPassword: one("default_pass", secret, new Secret("guest"), "Its password."),
  defaultVhost: one("default_vhost", text, "/", "Virtual host created at the first start."),
  defaultUserTags: named("default_user_tags.$tag", boolean, "Tags of the default user.", {
    defaults: [["administrator", true]],
  }),
  defaultConfigure: one(
    "default_permissions.configure",
    pattern,
    ".*",
    "What the default user may configure.",
  ),
  defaultRead: one("default_permissions.read", pattern, ".*", "What the default user may read."),
  defaultWrite: one("default_permissions.write", pattern, ".*", "What the default user may write."),
  defaultUsers: records(
    "default_users",
    {
      password: secret,
      tags: words,
      vhost_pattern: pattern,
      configure: pattern,
      read: pattern,
      write: pattern,
    },
    "Users given to every new virtual host whose name matches `vhost_pattern`.",
    { live: true },
  ),
  loopbackUsers,
  authBackends,
  mechanisms: list(
    "auth_mechanisms",
    text,
    ["PLAIN", "AMQPLAIN", "ANONYMOUS"],
    "SASL mechanisms offered: PLAIN, AMQPLAIN, EXTERNAL, ANONYMOUS, RABBIT-CR-DEMO.",
  ),
  anonymousUser: one(
    "anonymous_login_user",
    text,
    "guest",
    "Who ANONYMOUS logs in as; `none` for nobody.",
  ),
  anonymousPassword: one(
    "anonymous_login_pass",
    secret,
    new Secret("guest"),
    "Password used for it.",
  ),
  certificateLoginFrom: one(
    "ssl_cert_login_from",
    oneOf("distinguished_name", "common_name", "subject_alternative_name", "subject_alt_name"),
    "distinguished_name",
    "Where EXTERNAL finds the user name in the client's certificate.",
  ),
  certificateSanType: one(
    "ssl_cert_login_san_type",
    oneOf("dns", "ip", "email", "uri", "other_name"),
    "dns",
    "Which kind of alternative name, if it is taken from there.",
  ),
  certificateSanIndex: one("ssl_cert_login_san_index", integer(0), 0, "Which of them."),
  passwordHashing: one(
    "password_hashing_module",
    oneOf(
      "rabbit_password_hashing_sha256",
      "rabbit_password_hashing_sha512",
      "rabbit_password_hashing_md5",
      "leveret_password_hashing_scrypt",
    ),
    "rabbit_password_hashing_sha256",
    "How new passwords are stored; scrypt is stronger, but RabbitMQ cannot import it.",
    { live: true },
  ),
  validatorBackend: one(
    "credential_validator.validation_backend",
    text,
    "rabbit_credential_validator_accept_everything",
    "`rabbit_credential_validator_min_password_length`, `…_password_regexp` or `…_accept_everything`.",
  ),
  validatorMinimumLength: one(
    "credential_validator.min_length",
    integer(0),
    1,
    "Shortest password.",
  ),
  validatorPattern: one(
    "credential_validator.regexp",
    pattern,
    ".*",
    "Pattern passwords must match.",
  ),
  loginCacheSeconds: one(
    "leveret.login_cache",
    duration("s"),
    60,
    "How long a verified login is remembered, so that a storm of connections costs no hashing; 0 = not.",
  ),

  httpMethod: one(
    "auth_http.http_method",
    oneOf("get", "post"),
    "get",
    "How the HTTP backend is asked.",
  ),
  httpUserPath: optional("auth_http.user_path", text, "URL asked whether a user may log in."),
  httpVhostPath: optional("auth_http.vhost_path", text, "URL asked for access to a virtual host."),
  httpResourcePath: optional("auth_http.resource_path", text, "URL asked for permissions."),
  httpTopicPath: optional("auth_http.topic_path", text, "URL asked for topic permissions."),
  httpRequestTimeoutMs: one(
    "auth_http.request_timeout",
    duration("ms"),
    15_000,
    "Longest wait for an answer.",
  ),

  cacheTtlMs: one(
    "auth_cache.cache_ttl",
    duration("ms"),
    15_000,
    "How long the cache backend remembers an answer.",
  ),
  cachedBackend: one(
    "auth_cache.cached_backend",
    backend,
    "internal",
    "Whose answers are remembered.",
  ),

  oauthResourceServerId: optional(
    "auth_oauth2.resource_server_id",
    text,
    "Audience that tokens must name; prefix of their scopes.",
  ),
  oauthScopePrefix: optional(
    "auth_oauth2.scope_prefix",
    text,
    "Prefix of scopes instead of `<resource server id>.`.",
  ),
  oauthIssuer: optional(
    "auth_oauth2.issuer",
    text,
    "Issuer; its discovery document says where the keys are.",
  ),
  oauthJwksUrl: optional("auth_oauth2.jwks_uri", text, "Where the signing keys are fetched.", {
    aliases: ["auth_oauth2.jwks_url"],
  }),
  oauthDefaultKey: optional(
    "auth_oauth2.default_key",
    text,
    "Signing key taken when a token names none.",
  ),
  oauthSigningKeys: named(
    "auth_oauth2.signing_keys.$name",
    path,
    "Signing keys by name (PEM files).",
  ),
  oauthAlgorithms: list(
    "auth_oauth2.algorithms",
    text,
    [],
    "Signature algorithms accepted; empty = RS, ES and PS families.",
  ),
  oauthVerifyAudience: one(
    "auth_oauth2.verify_aud",
    boolean,
    true,
    "Tokens must name `resource_server_id` as audience.",
  ),
  oauthScopeClaim: one(
    "auth_oauth2.additional_scopes_key",
    text,
    "",
    "Further claims to find scopes in.",
  ),
  oauthUserClaims: list(
    "auth_oauth2.preferred_username_claims",
    text,
    [],
    "Claims that name the user; then `sub`, `client_id`.",
  ),
  oauthScopeAliases: named(
    "auth_oauth2.scope_aliases.$name",
    text,
    "Scopes that stand for others.",
  ),
  oauthAliasNames: named(
    "auth_oauth2.scope_aliases.$index.alias",
    text,
    "A scope that stands for those of `.scope` beside it, whatever characters it has.",
  ),
  oauthAliasScopes: named(
    "auth_oauth2.scope_aliases.$index.scope",
    text,
    "The scopes, separated by blanks.",
  ),

  ldapServers: list("auth_ldap.servers", text, [], "LDAP servers, tried in order."),
  ldapPort: one("auth_ldap.port", integer(1, 65_535), 389, "Port of the LDAP servers."),
  ldapUserDnPattern: one(
    "auth_ldap.user_dn_pattern",
    text,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: RabbitMQ's placeholder, not ours.
    "${username}",
    "Turns a user name into a distinguished name.",
  ),
  ldapLookupAttribute: optional(
    "auth_ldap.dn_lookup_attribute",
    text,
    "Attribute that is searched for the user name instead.",
  ),
  ldapLookupBase: optional("auth_ldap.dn_lookup_base", text, "Where that search begins."),
  ldapBindDn: optional("auth_ldap.dn_lookup_bind.user_dn", text, "Who searches.", {
    aliases: ["auth_ldap.other_bind.user_dn"],
  }),
  ldapBindPassword: optional("auth_ldap.dn_lookup_bind.password", secret, "Its password.", {
    aliases: ["auth_ldap.other_bind.password"],
  }),
  ldapVhostQuery: optional(
    "auth_ldap.vhost_access_query",
    ldapQuery,
    'Who may use a virtual host; written as in advanced.config: `{in_group, "cn=users,dc=x"}`.',
  ),
  ldapResourceQuery: optional(
    "auth_ldap.resource_access_query",
    ldapQuery,
    "Who may configure, write or read a queue or an exchange.",
  ),
  ldapTopicQuery: optional("auth_ldap.topic_access_query", ldapQuery, "Who may use a routing key."),
  ldapTagQueries: named(
    "auth_ldap.tag_queries.$tag",
    ldapQuery,
    "Who has a tag, as `administrator` or `monitoring`.",
  ),
  ldapGroupBase: optional(
    "auth_ldap.group_lookup_base",
    text,
    "Where `in_group_nested` looks for groups; `dn_lookup_base` when it is not set.",
  ),
  ldapTls: one("auth_ldap.use_ssl", boolean, false, "Speak TLS from the start (ldaps)."),
  ldapStartTls: one("auth_ldap.use_starttls", boolean, false, "Turn to TLS with StartTLS."),
  ldapTimeoutMs: one("auth_ldap.timeout", duration("ms"), 15_000, "Longest wait for an answer."),
} as const;
