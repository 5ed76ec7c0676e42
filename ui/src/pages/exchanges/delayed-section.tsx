// Messages that wait at an exchange until they are due: looked at, called off, sent on at once.

import type { DelayedMessages } from "../../api/beyond.ts";
import { apiPath } from "../../api/client.ts";
import { useApi, useBroker } from "../../api/query.ts";
import type { Exchange } from "../../api/types.ts";
import { count } from "../../parts/format.ts";
import { exchangeSegment } from "../../parts/links.ts";
import { Section } from "../../parts/section.tsx";
import { delayed as texts } from "../../texts/exchanges.ts";
import { WaitingTable } from "../messages/waiting-table.tsx";

const SHOWN_MAX = 500;

/** Shown at exchanges that hold messages back, and wherever some wait. */
export function DelayedSection({ item }: { item: Exchange }) {
  const { isLeveret } = useBroker();
  const path = apiPath("exchanges", item.vhost, exchangeSegment(item.name), "delayed");
  const { data, error } = useApi<DelayedMessages>(path, {
    query: { count: SHOWN_MAX },
    enabled: isLeveret,
  });
  const waiting = data?.count ?? 0;
  if (!isLeveret || (waiting === 0 && !holdsBack(item))) return null;
  return (
    <Section id="exchange.delayed" title={`${texts.title} (${count(waiting)})`}>
      <p className="dimmed">
        {texts.intro}
        {data && waiting > data.items.length && ` ${texts.shown(count(data.items.length))}`}
      </p>
      <WaitingTable
        id="exchange.delayed"
        path={path}
        items={data?.items}
        error={error}
        keyOf={({ id }) => id}
        texts={texts}
      />
    </Section>
  );
}

function holdsBack(item: Exchange): boolean {
  return item.type === "x-delayed-message" || item.arguments["x-delayed-exchange"] === true;
}
