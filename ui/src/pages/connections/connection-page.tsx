// One connection: data rates, facts, channels, client properties, closing.

import { useMemo } from "react";
import { apiPath } from "../../api/client.ts";
import { useAction, useApi, useBroker } from "../../api/query.ts";
import type { Channel, Connection } from "../../api/types.ts";
import { ChartControls } from "../../chart/chart-controls.tsx";
import { sampleQuery, useRange } from "../../chart/ranges.ts";
import { TimeChart } from "../../chart/time-chart.tsx";
import { FormDialog } from "../../form/form-dialog.tsx";
import { goTo, usePathPart } from "../../parts/address.ts";
import { ArgumentList, type Fact, Facts, State } from "../../parts/facts.tsx";
import { count, dateTime, yesNo } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Loaded, Page } from "../../parts/page.tsx";
import { RuntimeSection } from "../../parts/runtime-section.tsx";
import { Section } from "../../parts/section.tsx";
import { useTag } from "../../shell/use-navigation.ts";
import { DataTable } from "../../table/data-table.tsx";
import { channels, connections as texts } from "../../texts/connections.ts";
import { words } from "../../texts/words.ts";
import { channelColumns, channelKey } from "../channels/channel-columns.tsx";
import { WatchButton } from "../watch/watch-button.tsx";
import { closeConnection } from "./close-connection.ts";
import { SessionsSection } from "./sessions-section.tsx";

export default function ConnectionPage() {
  const name = usePathPart("name");
  const [range] = useRange();
  const result = useApi<Connection>(apiPath("connections", name), {
    query: sampleQuery(range),
    keepPrevious: false,
  });
  const { isLeveret } = useBroker();
  const mayWatch = useTag("administrator");
  const own = result.data?.user_provided_name;
  return (
    <Page
      title={own ?? name}
      crumb={`${texts.one} ${own ? name : ""} ${result.data ? words.inVhost(result.data.vhost) : ""}`}
      actions={
        <>
          {isLeveret && mayWatch && result.data && (
            <WatchButton vhost={result.data.vhost} kind="connection" name={name} />
          )}
          <CloseButton name={name} />
        </>
      }
    >
      <Loaded result={result}>{(connection) => <ConnectionContent item={connection} />}</Loaded>
    </Page>
  );
}

function CloseButton({ name }: { name: string }) {
  const close = useAction(
    (values: Record<string, unknown>) => closeConnection(name, String(values.reason)),
    {
      done: () => {
        notifyDone(texts.closed);
        goTo(linkTo.page("/connections"));
      },
      failed: notifyFailed,
    },
  );
  return (
    <FormDialog
      label={texts.close}
      title={texts.closeTitle}
      destructive
      variant="filled"
      fields={[
        { kind: "text", name: "reason", label: texts.closeReason, initial: texts.closeDefault },
      ]}
      submitLabel={texts.close}
      onSubmit={close.run}
    />
  );
}

function ConnectionContent({ item }: { item: Connection }) {
  const lines = useMemo(
    () => [
      { key: "recv", label: texts.fromClient, details: item.recv_oct_details },
      { key: "send", label: texts.toClient, details: item.send_oct_details },
    ],
    [item.recv_oct_details, item.send_oct_details],
  );
  return (
    <>
      <Section id="connection.overview" title={words.overview} side={<ChartControls />}>
        <TimeChart
          id="connection.data"
          title={texts.dataRates}
          lines={lines}
          kind="rate"
          unit="byteRate"
        />
        <Facts items={factsOf(item)} />
      </Section>
      {item.ssl && (
        <Section id="connection.tls" title={texts.tlsDetails}>
          <Facts items={tlsFactsOf(item)} />
        </Section>
      )}
      {item.protocol?.includes("1-0") || item.protocol === "AMQP 1.0" ? (
        <SessionsSection connection={item.name} />
      ) : (
        <ChannelsSection connection={item.name} />
      )}
      <Section id="connection.client" title={texts.clientProperties}>
        <ArgumentList items={item.client_properties} />
      </Section>
      <RuntimeSection id="connection" item={item} />
    </>
  );
}

function factsOf(item: Connection): Fact[] {
  return [
    [words.node, item.node],
    [texts.clientName, item.user_provided_name],
    [texts.user, item.user],
    [texts.protocol, item.protocol],
    [texts.connectedAt, dateTime(item.connected_at)],
    [texts.tls, yesNo(item.ssl)],
    [texts.authMechanism, item.auth_mechanism],
    [texts.state, item.state && <State text={item.state} />],
    [texts.blockedBy, item.blocked_by?.join(", ") || undefined],
    [texts.heartbeat, item.timeout === undefined ? undefined : texts.seconds(item.timeout)],
    [texts.frameMax, item.frame_max === undefined ? undefined : count(item.frame_max)],
    [texts.channelMax, item.channel_max === undefined ? undefined : count(item.channel_max)],
    [texts.container, item.container_id],
  ];
}

function tlsFactsOf(item: Connection): Fact[] {
  return [
    [texts.protocol, item.ssl_protocol],
    [texts.tlsDetails, [item.ssl_key_exchange, item.ssl_cipher, item.ssl_hash].join(" ")],
    [texts.subject, item.peer_cert_subject],
    [texts.issuer, item.peer_cert_issuer],
    [texts.validity, item.peer_cert_validity],
  ];
}

function ChannelsSection({ connection }: { connection: string }) {
  const { data, error } = useApi<readonly Channel[]>(
    apiPath("connections", connection, "channels"),
  );
  return (
    <Section id="connection.channels" title={`${channels.title} (${data?.length ?? 0})`}>
      <DataTable
        id="connection.channels"
        label={channels.label}
        source={{ kind: "local", items: data, error }}
        columns={channelColumns}
        rowKey={channelKey}
        plain
      />
    </Section>
  );
}
