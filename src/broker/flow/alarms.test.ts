import { expect, test } from "vitest";
import { Alarms } from "./alarms.ts";

test("an alarm stays until everybody who set it has cleared it, and changes are told once", () => {
  const alarms = new Alarms();
  const told: string[] = [];
  alarms.listen({
    onAlarm: (kind, set, blocked, reason) => void told.push(`${kind} ${set} ${blocked} ${reason}`),
  });
  alarms.set("memory", "arena");
  alarms.set("memory", "watermark", "monitor");
  alarms.clear("memory");
  expect(alarms.active.get("memory")).toBe("watermark");
  alarms.set("disk", "full", "monitor");
  expect(alarms.reason).toBe("low on memory & disk");
  alarms.clear("memory", "monitor");
  alarms.clear("memory", "monitor");
  alarms.clear("disk", "nobody");
  alarms.clear("disk", "monitor");
  expect(alarms.blocked).toBe(false);
  expect(told).toEqual([
    "memory true true low on memory",
    "disk true true low on memory & disk",
    "memory false true low on disk",
    "disk false false ",
  ]);
});
