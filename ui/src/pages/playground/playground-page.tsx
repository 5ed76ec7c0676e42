// The routing playground: type a message's address, see its way through the real virtual host.

import { NativeSelect, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useId, useMemo, useState } from "react";
import type { Explanation } from "../../api/beyond.ts";
import { ApiError, apiPath } from "../../api/client.ts";
import { writeJson } from "../../api/json.ts";
import { useApi, useBroker } from "../../api/query.ts";
import { useSession } from "../../api/session.ts";
import type { Exchange, User } from "../../api/types.ts";
import { ArgumentRows } from "../../form/argument-rows.tsx";
import { type ArgumentRow, toArguments } from "../../form/arguments.ts";
import { useVhosts } from "../../form/vhost-field.ts";
import { useSearchText } from "../../parts/address.ts";
import { Empty, Failure, NotHere, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { useVhostFilter } from "../../settings/settings.ts";
import { useTag } from "../../shell/use-navigation.ts";
import { topology as mapTexts, playground as texts } from "../../texts/explore.ts";
import { buildGraph } from "../topology/graph.ts";
import { useTopology } from "../topology/topology-data.ts";
import { TopologyMap } from "../topology/topology-map.tsx";
import { litBy } from "./explained.ts";
import { ExplainedPath } from "./explained-path.tsx";

interface Question {
  readonly vhost: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: readonly ArgumentRow[];
  readonly user: string;
}

const TYPING_MS = 200;

export default function PlaygroundPage() {
  const { isLeveret, overview } = useBroker();
  const [search] = useSearchText();
  const [filter] = useVhostFilter();
  const vhosts = useVhosts();
  const [question, setQuestion] = useState<Question>({
    vhost: search.vhost ?? (filter || "/"),
    exchange: search.exchange ?? "",
    routingKey: search.routing_key ?? "",
    headers: [],
    user: "",
  });
  const [settled] = useDebouncedValue(question, TYPING_MS);
  if (overview !== undefined && !isLeveret) {
    return (
      <Page title={texts.title}>
        <NotHere />
      </Page>
    );
  }
  return (
    <Page title={texts.title} crumb={texts.intro}>
      <Section id="playground.question" title={texts.title}>
        <QuestionForm
          question={question}
          vhosts={vhosts.map(({ name }) => name)}
          onChange={setQuestion}
        />
      </Section>
      {overview !== undefined && <Answer question={settled} />}
    </Page>
  );
}

interface QuestionFormProps {
  readonly question: Question;
  readonly vhosts: readonly string[];
  readonly onChange: (question: Question) => void;
}

function QuestionForm({ question, vhosts, onChange }: QuestionFormProps) {
  const listId = useId();
  const session = useSession();
  const mayAskOthers = useTag("administrator");
  const exchanges = useApi<readonly Exchange[]>(apiPath("exchanges", question.vhost), {
    query: { columns: "name,type" },
  });
  const users = useApi<readonly User[]>("/users", { enabled: mayAskOthers, polled: false });
  const names = mayAskOthers
    ? (users.data ?? []).map((user) => user.name)
    : session
      ? [session.name]
      : [];
  const change = (part: Partial<Question>): void => onChange({ ...question, ...part });
  return (
    <div className="rows">
      <div className="row">
        <NativeSelect
          label={mapTexts.vhost}
          value={question.vhost}
          data={vhosts.includes(question.vhost) ? [...vhosts] : [...vhosts, question.vhost]}
          onChange={(event) => change({ vhost: event.currentTarget.value })}
        />
        <TextInput
          label={texts.exchange}
          placeholder={texts.exchangeHint}
          value={question.exchange}
          list={listId}
          onChange={(event) => change({ exchange: event.currentTarget.value })}
        />
        <datalist id={listId}>
          {(exchanges.data ?? []).slice(0, 500).map((exchange) => (
            <option key={exchange.name} value={exchange.name} label={exchange.type} />
          ))}
        </datalist>
        <TextInput
          label={texts.key}
          value={question.routingKey}
          onChange={(event) => change({ routingKey: event.currentTarget.value })}
        />
        <NativeSelect
          label={texts.user}
          value={question.user}
          data={[{ value: "", label: texts.anyUser }, ...names]}
          onChange={(event) => change({ user: event.currentTarget.value })}
        />
      </div>
      <ArgumentRows
        label={texts.headers}
        typed
        rows={question.headers}
        shortcuts={[]}
        onChange={(headers) => change({ headers })}
      />
    </div>
  );
}

function headersOf(rows: readonly ArgumentRow[]): string {
  try {
    return writeJson(toArguments(rows));
  } catch {
    // A value that is still being typed.
    return "{}";
  }
}

function Answer({ question }: { question: Question }) {
  const { vhost, exchange, routingKey, headers, user } = question;
  const result = useApi<Explanation>("/explain", {
    query: {
      vhost,
      exchange,
      routing_key: routingKey,
      headers: headersOf(headers),
      user: user || undefined,
    },
  });
  if (result.error instanceof ApiError && result.error.status === 404) {
    return <Empty title={texts.noExchange} />;
  }
  if (result.error) return <Failure error={result.error} />;
  if (result.data === undefined) return null;
  return (
    <>
      <Verdict explanation={result.data} />
      <div className="columns">
        <Section id="playground.path" title={texts.path}>
          <ExplainedPath exchange={result.data} vhost={vhost} />
        </Section>
        <Section id="playground.map" title={texts.map}>
          <LitMap vhost={vhost} explanation={result.data} />
        </Section>
      </div>
    </>
  );
}

function Verdict({ explanation }: { explanation: Explanation }) {
  const { permissions, queues } = explanation;
  const refusal = refusalOf(permissions);
  const tone = refusal ? "bad" : queues.length > 0 ? "good" : "warn";
  const title = refusal
    ? texts.refused
    : queues.length > 0
      ? texts.reaches(queues.length)
      : texts.reachesNone;
  return (
    <div className="banner" data-tone={tone} role="status">
      <strong>{title}</strong>
      <p>{refusal ?? queues.join(", ")}</p>
    </div>
  );
}

function refusalOf(permissions: Explanation["permissions"]): string | undefined {
  const user = permissions.user ?? "";
  if (permissions.internal) return texts.refusedInternal;
  if (permissions.write === false) return texts.refusedWrite(user);
  if (permissions.topic === false) return texts.refusedTopic(user);
  return undefined;
}

function LitMap({ vhost, explanation }: { vhost: string; explanation: Explanation }) {
  const { topology } = useTopology(vhost);
  const lit = useMemo(() => litBy(explanation), [explanation]);
  const focus = `exchange:${explanation.exchange}`;
  const graph = useMemo(
    () =>
      topology &&
      buildGraph(topology, { consumers: false, deadLetters: true, unused: false, focus }),
    [topology, focus],
  );
  if (graph === undefined) return null;
  return <TopologyMap vhost={vhost} graph={graph} lit={lit} fitKey={focus} />;
}
