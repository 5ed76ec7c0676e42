// What a new broker shows first: how to connect, in five languages.

import { Button, Tabs } from "@mantine/core";
import { useState } from "react";
import type { Listener } from "../../api/types.ts";
import { linkTo } from "../../parts/links.ts";
import { Section } from "../../parts/section.tsx";
import { samples, start } from "../../texts/start.ts";
import { words } from "../../texts/words.ts";

export default function FirstSteps({ listeners }: { listeners: readonly Listener[] }) {
  const url = amqpUrl(listeners);
  return (
    <Section id="overview.start" title={start.title}>
      <p>{start.intro}</p>
      <Tabs defaultValue={samples[0]?.name}>
        <Tabs.List aria-label={start.language}>
          {samples.map((sample) => (
            <Tabs.Tab key={sample.name} value={sample.name}>
              {sample.name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {samples.map((sample) => (
          <Tabs.Panel key={sample.name} value={sample.name} pt="sm">
            <Code text={sample.code(url)} />
            <p>
              {start.run}: <code className="mono">{sample.install}</code>
            </p>
          </Tabs.Panel>
        ))}
      </Tabs>
      <p>
        {start.or}{" "}
        <a className="link" href={linkTo.page("/queues")}>
          {start.addQueue}
        </a>
        , {start.sendMessage}
      </p>
    </Section>
  );
}

function amqpUrl(listeners: readonly Listener[]): string {
  const listener = listeners.find((item) => item.protocol === "amqp");
  return `amqp://guest:guest@${window.location.hostname}:${listener?.port ?? 5672}`;
}

function Code({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard */}
      <pre className="code" tabIndex={0}>
        {text}
      </pre>
      {window.isSecureContext && (
        <Button size="compact-xs" variant="default" onClick={() => void copy()}>
          {copied ? words.copied : words.copy}
        </Button>
      )}
    </>
  );
}
