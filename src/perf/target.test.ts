import { describe, expect, test } from "vitest";
import { parseTarget } from "./target.ts";

describe("parseTarget", () => {
  test("what is left out is the default", () => {
    expect(parseTarget("amqp://broker")).toMatchObject({
      host: "broker",
      port: 5672,
      user: "guest",
      password: "guest",
      virtualHost: "/",
      tls: false,
    });
  });

  test("everything can be given, percent-encoded", () => {
    const target = parseTarget("amqps://a%40b:p%2Fw@[::1]:99/my%2Fhost");
    expect(target).toMatchObject({ host: "::1", port: 99, user: "a@b", password: "p/w" });
    expect(target).toMatchObject({ virtualHost: "my/host", tls: true });
    expect(target.label).not.toContain("p/w");
  });

  test.each(["http://x", "broker", "amqp://x/a/b"])("%s is refused", (uri) => {
    expect(() => parseTarget(uri)).toThrow(uri);
  });
});
