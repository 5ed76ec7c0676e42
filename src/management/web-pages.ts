// Serves the built web pages. Their files carry hashes in their names, so a browser keeps them; the page that names
// them is asked for anew each time.

import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import type { ManagementOptions } from "./management.ts";

const A_YEAR = "public, max-age=31536000, immutable";

/** Nothing when there are no pages. Paths that are no file are answered as all unknown ones are. */
export async function addWebPages(app: FastifyInstance, options: ManagementOptions): Promise<void> {
  const { uiDirectory, pathPrefix } = options;
  if (uiDirectory === undefined) return;
  await app.register(fastifyStatic, {
    root: uiDirectory,
    prefix: `${pathPrefix}/`,
    index: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.setHeader("cache-control", /[\\/]assets[\\/]/.test(path) ? A_YEAR : "no-cache");
    },
  });
  app.get(`${pathPrefix}/`, (request, reply) => {
    const path = request.url.split("?", 1)[0] as string;
    // The page names its files relative to itself.
    return path.endsWith("/") ? reply.sendFile("index.html") : reply.redirect(`${pathPrefix}/`);
  });
}
