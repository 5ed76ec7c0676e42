// Says which alarm blocks publishers, why, and what helps; and when nodes are cut off or down.

import { useApi } from "../api/query.ts";
import type { Connection, Node } from "../api/types.ts";
import { bytes } from "../parts/format.ts";
import { linkTo } from "../parts/links.ts";
import { alarms } from "../texts/shell.ts";
import { useTag } from "./use-navigation.ts";

const COLUMNS =
  "name,running,mem_alarm,mem_used,mem_limit,disk_free_alarm,disk_free,disk_free_limit,partitions";

export function AlarmBanner() {
  const mayAsk = useTag("monitoring");
  const { data } = useApi<readonly Node[]>("/nodes", {
    query: { columns: COLUMNS },
    enabled: mayAsk,
  });
  const nodes = data ?? [];
  const reasons = nodes.flatMap(alarmReasons);
  const partitioned = nodes.filter((node) => (node.partitions?.length ?? 0) > 0);
  const down = nodes.filter((node) => !node.running);
  return (
    <>
      {reasons.length > 0 && <BlockedBanner reasons={reasons} />}
      {partitioned.length > 0 && (
        <Banner title={alarms.partitionTitle}>
          {partitioned.map((node) => (
            <p key={node.name}>{alarms.partition(node.name, (node.partitions ?? []).join(", "))}</p>
          ))}
        </Banner>
      )}
      {down.length > 0 && (
        <Banner title={alarms.notRunningTitle}>
          {down.map((node) => (
            <p key={node.name}>{alarms.notRunning(node.name)}</p>
          ))}
        </Banner>
      )}
    </>
  );
}

function Banner({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <div className="banner" data-tone="bad" role="alert">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

function alarmReasons(node: Node): string[] {
  const reasons: string[] = [];
  if (node.mem_alarm) {
    const sentence = alarms.memory(node.name, bytes(node.mem_used), bytes(node.mem_limit));
    reasons.push(`${sentence} ${alarms.memoryAdvice}`);
  }
  if (node.disk_free_alarm) {
    const free = typeof node.disk_free === "number" ? node.disk_free : undefined;
    const sentence = alarms.disk(node.name, bytes(free), bytes(node.disk_free_limit));
    reasons.push(`${sentence} ${alarms.diskAdvice}`);
  }
  return reasons;
}

function BlockedBanner({ reasons }: { reasons: readonly string[] }) {
  const { data } = useApi<readonly Connection[]>("/connections", {
    query: { columns: "name,state" },
  });
  const blocked = (data ?? []).filter((item) => /^block(ed|ing)$/.test(item.state ?? "")).length;
  return (
    <Banner title={alarms.title}>
      {reasons.map((reason) => (
        <p key={reason}>{reason}</p>
      ))}
      <p>
        {alarms.blocked(blocked)}{" "}
        <a className="link" href={linkTo.page("/connections?sort=state")}>
          {alarms.showBlocked}
        </a>
      </p>
    </Banner>
  );
}
