// Names and values side by side, and small marks used in them.

import { Popover, UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
import type { Arguments } from "../api/types.ts";
import { words } from "../texts/words.ts";
import { DASH, value as valueText } from "./format.ts";
import { icons } from "./icons.tsx";

export type Fact = readonly [label: string, value: ReactNode, help?: string];

/** Facts whose value is undefined are left out. */
export function Facts({ items }: { items: readonly Fact[] }) {
  return (
    <dl className="facts">
      {items
        .filter(([, value]) => value !== undefined)
        .map(([label, value, help]) => (
          <div key={label}>
            <dt>
              {label} {help && <Help label={label} text={help} />}
            </dt>
            <dd>{value === "" ? DASH : value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Arguments, headers and other tables of names and values, nested as they are. */
export function ArgumentList({ items }: { items: Arguments | undefined }) {
  const entries = Object.entries(items ?? {});
  if (entries.length === 0) return <span className="dimmed">{words.none}</span>;
  return (
    <dl className="pairs">
      {entries.map(([key, value]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>{isTable(value) ? <ArgumentList items={value} /> : valueText(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function isTable(value: unknown): value is Arguments {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A question mark that explains. */
export function Help({ label, text }: { label: string; text: string }) {
  return (
    <Popover width={320} withArrow shadow="md">
      <Popover.Target>
        <UnstyledButton aria-label={`${words.help}: ${label}`} className="dimmed">
          {icons.help}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>{text}</Popover.Dropdown>
    </Popover>
  );
}

export type Tone = "good" | "warn" | "bad" | "none";

/** A state with a coloured dot. */
export function State({ text, tone }: { text: string; tone?: Tone }) {
  return (
    <span className="state" data-tone={tone ?? toneOf(text)}>
      {text}
    </span>
  );
}

const TONES: Readonly<Record<string, Tone>> = {
  running: "good",
  up: "good",
  enabled: "good",
  flow: "warn",
  blocking: "warn",
  paused: "warn",
  converting: "warn",
  starting: "warn",
  syncing: "warn",
  waiting: "warn",
  blocked: "bad",
  down: "bad",
  crashed: "bad",
  terminated: "bad",
  stopped: "bad",
  minority: "bad",
};

function toneOf(text: string): Tone {
  return TONES[text] ?? "none";
}

/** How full something is: green, amber from 80 %, red from 95 % or when an alarm says so. */
export function Meter({
  used,
  limit,
  text,
  note,
  alarm = false,
}: {
  used: number;
  limit: number;
  text: string;
  note?: string;
  alarm?: boolean;
}) {
  const share = limit > 0 ? Math.min(1, used / limit) : 0;
  const tone = alarm || share >= 0.95 ? "bad" : share >= 0.8 ? "warn" : "good";
  return (
    <div className="meter">
      <span>{text}</span>
      <span className="meter-bar" data-tone={tone} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      {note && <span className="dimmed small">{note}</span>}
    </div>
  );
}
