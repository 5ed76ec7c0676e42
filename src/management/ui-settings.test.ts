import { describe, expect, it } from "vitest";
import { queueSettings } from "../../ui/src/texts/settings.ts";
import { queueSettings as brokerSettings } from "../broker/settings/queue-settings.ts";

/** Limits of memory that no queue has any more: accepted, but not offered. */
const NOT_OFFERED = new Set(["max-in-memory-length", "max-in-memory-bytes"]);

describe("the settings that the pages offer", () => {
  const known = new Map(queueSettings.map((setting) => [setting.key, setting]));

  it.each(
    brokerSettings
      .map((setting) => [setting.policyKey ?? setting.argument?.slice(2) ?? "", setting] as const)
      .filter(([key]) => !NOT_OFFERED.has(key)),
  )("%s is offered as the broker takes it", (key, setting) => {
    const places = [
      ...(setting.argument === undefined ? [] : ["argument"]),
      ...(setting.policyKey === undefined ? [] : ["policy"]),
      ...(setting.operatorKey ? ["operator"] : []),
    ];
    expect(known.get(key)?.queueTypes.toSorted()).toEqual([...setting.queueTypes].toSorted());
    expect(known.get(key)?.places).toEqual(places);
  });
});
