// Definitions: everything that can be declared, out of and into a file.

import { type Answer, noContent } from "../answers.ts";
import { parseBody } from "../body.ts";
import { exportDefinitions } from "../definitions/export.ts";
import { importDefinitions } from "../definitions/import.ts";
import type { ApiRequest } from "../request.ts";
import { get, post, type Route } from "../route.ts";

const PATHS = ["/definitions", "/all-configuration"];

export const definitionRoutes: readonly Route[] = [
  ...PATHS.flatMap((path) => [
    get(
      path,
      "administrator",
      "Everything that is declared, as a file",
      (request) => file(request, false),
      {
        query: { download: "name of the file, for browsers" },
      },
    ),
    post(path, "administrator", "Imports a file; what exists stays", (request) =>
      importFile(request, false),
    ),
    get(`${path}/:vhost`, "policymaker", "One virtual host as a file", (request) =>
      file(request, true),
    ),
    post(`${path}/:vhost`, "policymaker", "Imports a file into one virtual host", (request) =>
      importFile(request, true),
    ),
  ]),
  post("/definitions/upload", "administrator", "Imports a file sent by a form", (request) =>
    importFile(request, false),
  ),
];

function file(request: ApiRequest, ofVhost: boolean): Answer {
  const { broker, node } = request.management;
  const pieces = exportDefinitions({
    broker,
    rabbitmqVersion: node.rabbitmqVersion,
    leveretVersion: node.leveretVersion,
    vhost: ofVhost ? request.access().vhost : undefined,
  });
  const fileName = request.query.download;
  return {
    kind: "stream",
    contentType: "application/json",
    pieces,
    ...(fileName === undefined ? {} : { fileName }),
  };
}

async function importFile(request: ApiRequest, intoVhost: boolean): Promise<Answer> {
  const vhost = intoVhost ? request.access().vhost.name : undefined;
  const body = parseBody(fileOf(request.bodyText, request.headers["content-type"]));
  await importDefinitions(request.management.broker, body, vhost, request.user.name);
  return noContent;
}

/** A browser's form puts the file between boundaries. */
function fileOf(text: string, contentType: string | undefined): string {
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/i.exec(contentType ?? "")?.[1];
  if (boundary === undefined) return text;
  for (const part of text.split(`--${boundary}`)) {
    const blank = part.indexOf("\r\n\r\n");
    const content = blank < 0 ? "" : part.slice(blank + 4).replace(/\r\n$/, "");
    if (content.trimStart().startsWith("{")) return content;
  }
  return "";
}
