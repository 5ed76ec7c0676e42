// What protects people who use the API from a browser: headers, and no changes on behalf of another site.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { ApiError } from "./answers.ts";
import type { ManagementOptions } from "./management.ts";

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
].join("; ");

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** On every answer, whatever it is. */
export function securityHeaders(options: ManagementOptions): Readonly<Record<string, string>> {
  return {
    "content-security-policy": options.contentSecurityPolicy ?? CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": options.frameOptions,
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    ...(options.strictTransportSecurity === undefined
      ? {}
      : { "strict-transport-security": options.strictTransportSecurity }),
  };
}

export function addSecurity(app: FastifyInstance, options: ManagementOptions): void {
  const fixed = securityHeaders(options);
  app.addHook("onRequest", async (request, reply) => {
    for (const [name, value] of Object.entries(fixed)) reply.header(name, value);
    reply.header("vary", "accept, accept-encoding, origin");
    if (request.url.startsWith(`${options.pathPrefix}/api`))
      reply.header("cache-control", "no-cache");
    const origin = request.headers.origin;
    if (origin === undefined) return refuseCrossSite(request);
    if (options.corsOrigins.includes(origin) || options.corsOrigins.includes("*")) {
      reply.header("access-control-allow-origin", origin);
      reply.header("access-control-allow-headers", "authorization, content-type, x-reason");
      reply.header("access-control-allow-methods", "GET, HEAD, PUT, POST, DELETE, OPTIONS");
      if (options.corsMaxAgeSeconds !== undefined) {
        reply.header("access-control-max-age", String(options.corsMaxAgeSeconds));
      }
      reply.removeHeader("cross-origin-resource-policy");
      return;
    }
    if (SAFE_METHODS.has(request.method) || isOwnOrigin(origin, request)) return;
    throw new ApiError(403, { error: "forbidden", reason: "foreign origin" });
  });
}

function isOwnOrigin(origin: string, request: FastifyRequest): boolean {
  try {
    return new URL(origin).host === request.headers.host;
  } catch {
    return false;
  }
}

/** Browsers that send no Origin still say where a request was made. */
function refuseCrossSite(request: FastifyRequest): void {
  if (SAFE_METHODS.has(request.method)) return;
  const site = request.headers["sec-fetch-site"];
  if (site === "cross-site" || site === "same-site") {
    throw new ApiError(403, { error: "forbidden", reason: "foreign origin" });
  }
}
