// Serves the built web pages. Their files carry hashes in their names, so a browser keeps them; the page that names
// them is asked for anew each time. Under /cli/ lies rabbitmqadmin for machines that have no Leveret.

import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import type { ManagementOptions } from "./management.ts";

const A_YEAR = "public, max-age=31536000, immutable";

/** Nothing when there are no pages. Paths that are no file are answered as all unknown ones are. */
export async function addWebPages(app: FastifyInstance, options: ManagementOptions): Promise<void> {
  await addUi(app, options);
  await addDownloads(app, options);
}

async function addUi(app: FastifyInstance, options: ManagementOptions): Promise<void> {
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
  addIndex(app, `${pathPrefix}/`, uiDirectory);
}

async function addDownloads(app: FastifyInstance, options: ManagementOptions): Promise<void> {
  const { downloadsDirectory, pathPrefix, uiDirectory } = options;
  if (downloadsDirectory === undefined) return;
  await app.register(fastifyStatic, {
    root: downloadsDirectory,
    prefix: `${pathPrefix}/cli/`,
    index: false,
    decorateReply: uiDirectory === undefined,
    cacheControl: false,
    setHeaders: (reply) => void reply.setHeader("cache-control", "no-cache"),
  });
  addIndex(app, `${pathPrefix}/cli/`, downloadsDirectory);
}

/** The page names its files relative to itself, so that its address has to end with a slash. */
function addIndex(app: FastifyInstance, address: string, directory: string): void {
  app.get(address, (request, reply) => {
    const path = request.url.split("?", 1)[0] as string;
    return path.endsWith("/") ? reply.sendFile("index.html", directory) : reply.redirect(address);
  });
}
