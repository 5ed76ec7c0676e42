// Definitions: everything that can be declared, out of and into a file.

import { definitionHead, definitionSections } from "../../broker/definitions/export.ts";
import { importDefinitions } from "../../broker/definitions/import.ts";
import type { Vhost } from "../../broker/vhost.ts";
import { type Answer, noContent } from "../answers.ts";
import { type ApiJson, type ApiObject, toJsonText } from "../api-json.ts";
import { parseBody } from "../body.ts";
import { Slicer } from "../listing.ts";
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
    get(`${path}/:vhost`, "administrator", "One virtual host as a file", (request) =>
      file(request, true),
    ),
    post(`${path}/:vhost`, "administrator", "Imports a file into one virtual host", (request) =>
      importFile(request, true),
    ),
  ]),
  post("/definitions/upload", "administrator", "Imports a file sent by a form", (request) =>
    importFile(request, false),
  ),
];

function file(request: ApiRequest, ofVhost: boolean): Answer {
  const pieces = piecesOf(request, ofVhost ? request.access().vhost : undefined);
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
  const { broker } = request.management;
  const by = request.user.name;
  await new Promise<void>((onDone, onFailed) => {
    importDefinitions(broker, body, { vhost, by, onDone, onFailed });
  });
  return noContent;
}

/** The file's text, in pieces, so that a large broker does not stand still. */
async function* piecesOf(request: ApiRequest, vhost: Vhost | undefined): AsyncIterable<string> {
  const { broker, node } = request.management;
  const slicer = new Slicer(broker.clock);
  const facts = {
    rabbitVersion: node.rabbitmqVersion,
    productName: "Leveret",
    productVersion: node.leveretVersion,
  };
  yield toJsonText(definitionHead(broker, facts, vhost) as ApiObject).slice(0, -1);
  for (const [section, objects] of definitionSections(broker, vhost)) {
    let piece = `,"${section}":[`;
    let separator = "";
    for (const object of objects) {
      piece += separator + toJsonText(object as ApiJson);
      separator = ",";
      if (!slicer.due) continue;
      yield piece;
      piece = "";
      await slicer.pause();
    }
    yield `${piece}]`;
  }
  yield "}";
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
