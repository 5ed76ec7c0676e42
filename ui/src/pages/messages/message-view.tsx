// One message: where it came from, its properties, and its payload as JSON, text or hex.

import { SegmentedControl } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Arguments } from "../../api/types.ts";
import { ArgumentList, Facts } from "../../parts/facts.tsx";
import { bytes, yesNo } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { message as texts } from "../../texts/queues.ts";
import { timelines } from "../../texts/watch.ts";
import { words } from "../../texts/words.ts";
import { hexDump, payloadBytes, prettyJson, textOf } from "./payload.ts";

export interface ShownMessage {
  readonly payload: string;
  readonly payload_encoding: "string" | "base64";
  readonly payload_bytes: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routing_key: string;
  readonly properties: Arguments | readonly never[];
}

export function MessageView({ message, vhost }: { message: ShownMessage; vhost?: string }) {
  const properties = Array.isArray(message.properties) ? {} : (message.properties as Arguments);
  return (
    <div className="rows">
      <Facts
        items={[
          [texts.exchange, message.exchange || words.defaultExchange],
          [texts.routingKey, message.routing_key],
          [texts.redelivered, yesNo(message.redelivered)],
        ]}
      />
      <div>
        <strong>{texts.properties}</strong>
        <ArgumentList items={properties} />
        {vhost !== undefined && <TimelineLink properties={properties} vhost={vhost} />}
      </div>
      <PayloadView message={message} />
    </div>
  );
}

/** Steps are remembered by either id; the message's own comes first. */
function TimelineLink({ properties, vhost }: { properties: Arguments; vhost: string }) {
  const id = properties.message_id ?? properties.correlation_id;
  if (typeof id !== "string" || id === "") return null;
  return (
    <p>
      <a className="link" href={linkTo.timeline(vhost, id)}>
        {timelines.ofMessage}
      </a>
    </p>
  );
}

type View = keyof typeof texts.views;

function PayloadView({ message }: { message: ShownMessage }) {
  const views = useMemo(() => {
    const raw = payloadBytes(message.payload, message.payload_encoding);
    const text = textOf(raw);
    return { json: text === undefined ? undefined : prettyJson(text), text, hex: hexDump(raw) };
  }, [message.payload, message.payload_encoding]);
  const best: View = views.json !== undefined ? "json" : views.text !== undefined ? "text" : "hex";
  const [chosen, setChosen] = useState<View>(best);
  const view = views[chosen] === undefined ? best : chosen;
  const title = texts.payload(bytes(message.payload_bytes));
  return (
    <section aria-label={title}>
      <div className="row">
        <strong>{title}</strong>
        <SegmentedControl
          size="xs"
          aria-label={texts.view}
          value={view}
          onChange={(value) => setChosen(value as View)}
          data={Object.entries(texts.views).map(([value, label]) => ({
            value,
            label,
            disabled: views[value as View] === undefined,
          }))}
        />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard */}
      <pre className="code" tabIndex={0}>
        {message.payload_bytes === 0 ? texts.empty : views[view]}
      </pre>
    </section>
  );
}
