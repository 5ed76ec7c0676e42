// What the crash suite asks of the HTTP API.

/** The API said no to something it must take. */
export class ApiError extends Error {}

export async function callApi(
  port: number,
  method: string,
  path: string,
  body?: object,
): Promise<Response> {
  const authorization = `Basic ${Buffer.from("guest:guest").toString("base64")}`;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { authorization, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) {
    throw new ApiError(`${method} ${path}: ${response.status} ${await response.text()}`);
  }
  return response;
}

/** The answer to a GET. */
export async function getJson<T>(port: number, path: string): Promise<T> {
  return (await (await callApi(port, "GET", path)).json()) as T;
}
