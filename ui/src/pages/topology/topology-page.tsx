// The live map of a virtual host.

import { Button, NativeSelect, Switch, TextInput } from "@mantine/core";
import { useId, useMemo } from "react";
import type { Topology } from "../../api/beyond.ts";
import { useVhosts } from "../../form/vhost-field.ts";
import { useSearchText } from "../../parts/address.ts";
import { count } from "../../parts/format.ts";
import { Empty, Failure, Page } from "../../parts/page.tsx";
import { useSetting, useVhostFilter } from "../../settings/settings.ts";
import { topology as texts } from "../../texts/explore.ts";
import { words } from "../../texts/words.ts";
import { buildGraph } from "./graph.ts";
import classes from "./topology.module.css";
import { useTopology } from "./topology-data.ts";
import { TopologyMap } from "./topology-map.tsx";

/** More than this is not drawn at once. */
const NODES_MAX = 1500;

export default function TopologyPage() {
  const [search, setSearch] = useSearchText();
  const [filter] = useVhostFilter();
  const vhosts = useVhosts();
  const vhost = search.vhost ?? (filter || vhosts[0]?.name || "/");
  const { topology, error } = useTopology(vhost);
  return (
    <Page title={texts.title} crumb={texts.intro}>
      <div className="row">
        <NativeSelect
          size="xs"
          label={texts.vhost}
          value={vhost}
          data={vhosts.map(({ name }) => name)}
          onChange={(event) => setSearch({ vhost: event.currentTarget.value, focus: undefined })}
        />
        <FocusInput
          topology={topology}
          focus={search.focus}
          onFocus={(focus) => setSearch({ vhost, focus })}
        />
        <Choices />
      </div>
      {error && <Failure error={error} />}
      {topology && <Drawing vhost={vhost} topology={topology} focus={search.focus} />}
    </Page>
  );
}

function useChoice() {
  const [consumers, setConsumers] = useSetting("topology.consumers", true);
  const [deadLetters, setDeadLetters] = useSetting("topology.dead-letters", true);
  const [unused, setUnused] = useSetting("topology.unused", false);
  return { consumers, setConsumers, deadLetters, setDeadLetters, unused, setUnused };
}

function Choices() {
  const choice = useChoice();
  const rows: [string, boolean, (value: boolean) => void][] = [
    [texts.consumers, choice.consumers, choice.setConsumers],
    [texts.deadLetters, choice.deadLetters, choice.setDeadLetters],
    [texts.unused, choice.unused, choice.setUnused],
  ];
  return rows.map(([label, checked, set]) => (
    <Switch
      key={label}
      size="xs"
      label={label}
      checked={checked}
      onChange={(event) => set(event.currentTarget.checked)}
    />
  ));
}

interface FocusInputProps {
  readonly topology: Topology | undefined;
  readonly focus: string | undefined;
  readonly onFocus: (id: string | undefined) => void;
}

function FocusInput({ topology, focus, onFocus }: FocusInputProps) {
  const listId = useId();
  const named = (topology?.nodes ?? []).filter((node) => node.kind !== "connection");
  const choose = (text: string): void => {
    const found = named.find((node) => node.id === text || node.name === text);
    if (found) onFocus(found.id);
    else if (text === "") onFocus(undefined);
  };
  return (
    <>
      <TextInput
        key={focus}
        size="xs"
        label={texts.filter}
        placeholder={texts.filterHint}
        defaultValue={focus?.replace(/^\w+:/, "")}
        list={listId}
        onChange={(event) => choose(event.currentTarget.value)}
      />
      <datalist id={listId}>
        {named.slice(0, 500).map((node) => (
          <option key={node.id} value={node.name} label={texts.kinds[node.kind]} />
        ))}
      </datalist>
      {focus && (
        <Button size="xs" variant="default" onClick={() => onFocus(undefined)}>
          {texts.clear}
        </Button>
      )}
    </>
  );
}

interface DrawingProps {
  readonly vhost: string;
  readonly topology: Topology;
  readonly focus: string | undefined;
}

function Drawing({ vhost, topology, focus }: DrawingProps) {
  const { consumers, deadLetters, unused } = useChoice();
  const graph = useMemo(
    () => buildGraph(topology, { consumers, deadLetters, unused, focus }),
    [topology, consumers, deadLetters, unused, focus],
  );
  if (graph.nodes.length === 0) return <Empty title={texts.empty} hint={texts.emptyHint} />;
  if (graph.nodes.length > NODES_MAX) {
    return <Empty title={texts.tooMany(count(graph.nodes.length))} />;
  }
  return (
    <>
      <p className="dimmed" role="status">
        {texts.counts(count(graph.nodes.length), count(graph.edges.length))}
        {topology.truncated && ` ${texts.truncated}`}
      </p>
      <TopologyMap vhost={vhost} graph={graph} fitKey={`${vhost} ${focus}`} />
      <Legend />
    </>
  );
}

const LEGEND: readonly [string, string][] = [
  ["exchange", texts.legend.exchange],
  ["queue", texts.legend.queue],
  ["connection", texts.legend.connection],
  ["binding", texts.legend.binding],
  ["dead-letter", texts.legend.deadLetter],
  ["alternate", texts.legend.alternate],
  ["consumer", texts.legend.consumer],
  ["rate", texts.legend.rate],
];

function Legend() {
  return (
    <ul className={classes.legend} aria-label={texts.legendTitle || words.details}>
      {LEGEND.map(([kind, label]) => (
        <li key={kind}>
          <span className={classes.swatch} data-kind={kind} aria-hidden="true" /> {label}
        </li>
      ))}
    </ul>
  );
}
