// The API's description, which the build writes.

import { ApiError } from "../answers.ts";
import { get, type Route } from "../route.ts";

export const apiDescriptionRoutes: readonly Route[] = [
  get("/openapi.json", "nothing", "This description (OpenAPI 3.1)", async ({ management }) => {
    const body = await management.apiDescription();
    if (body === undefined) {
      const reason = "the description is written by the build: npm run build";
      throw new ApiError(404, { error: "Object Not Found", reason });
    }
    return { kind: "text", status: 200, contentType: "application/json", body };
  }),
];
