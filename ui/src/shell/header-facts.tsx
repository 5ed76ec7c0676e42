// Facts in the frame: product and version, cluster, when the page was last refreshed, and when the broker is gone.

import { useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { ApiError } from "../api/client.ts";
import { useApi, useBroker } from "../api/query.ts";
import type { Overview } from "../api/types.ts";
import { clock } from "../parts/format.ts";
import { Logo } from "../parts/icons.tsx";
import { shell } from "../texts/shell.ts";

export function Brand() {
  const { overview } = useBroker();
  return (
    <>
      <a className="shell-brand" href="#/" aria-label={shell.product}>
        <Logo />
        <span className="only-wide">{shell.product}</span>
      </a>
      <span className="only-wide">
        <span className="row-tight">
          {overview &&
            versionsOf(overview).map((text) => (
              <span className="chip" key={text}>
                {text}
              </span>
            ))}
        </span>
      </span>
      <span className="dimmed small only-wide">
        <RefreshedAt />
      </span>
    </>
  );
}

function versionsOf(overview: Overview): string[] {
  const product = `${overview.product_name ?? "RabbitMQ"} ${overview.product_version ?? overview.rabbitmq_version}`;
  return [product, overview.cluster_name];
}

function RefreshedAt() {
  const client = useQueryClient();
  const last = useSyncExternalStore(
    (listener) => client.getQueryCache().subscribe(listener),
    () => lastUpdate(client),
  );
  return last === 0 ? null : shell.refreshed(clock(last));
}

function lastUpdate(client: ReturnType<typeof useQueryClient>): number {
  let last = 0;
  for (const query of client.getQueryCache().getAll()) {
    last = Math.max(last, query.state.dataUpdatedAt);
  }
  return Math.floor(last / 1000) * 1000;
}

/** A banner while requests fail without an answer. */
export function Unreachable() {
  const { error } = useApi<Overview>("/overview", { query: { columns: "cluster_name" } });
  if (!error || error instanceof ApiError) return null;
  return (
    <div className="banner" data-tone="bad" role="alert">
      <strong>{shell.unreachable}</strong>
      <p>{shell.unreachableHint}</p>
    </div>
  );
}
