// The broker's log as it happens.

import { Button, NativeSelect, Switch, TextInput } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import { ApiError } from "../../api/client.ts";
import { count } from "../../parts/format.ts";
import { NotHere, Page } from "../../parts/page.tsx";
import { saveFile } from "../../parts/save-file.ts";
import { useSetting } from "../../settings/settings.ts";
import { textMatcher } from "../../table/rows.ts";
import { logs as texts } from "../../texts/explore.ts";
import { followLog, type LogLine } from "./log-stream.ts";
import classes from "./logs.module.css";

const LINES_MAX = 5000;
const REOPEN_MS = 3000;
/** Lines that arrive together are shown together. */
const SHOW_MS = 150;

export default function LogsPage() {
  const { lines, missing, broken, clear } = useLiveLog();
  const [level, setLevel] = useSetting("log.level", "info");
  const [text, setText] = useState("");
  const [follow, setFollow] = useState(true);
  const shown = useMemo(() => {
    const matches = textMatcher(text, false);
    const least = rankOf(level);
    return lines.filter((line) => rankOf(line.level) >= least && matches(line.text));
  }, [lines, level, text]);
  const save = (): void => {
    const content = shown.map((line) => `${line.time} [${line.level}] ${line.text}`).join("\n");
    saveFile("leveret.log", new Blob([content], { type: "text/plain" }));
  };
  if (missing) {
    return (
      <Page title={texts.title}>
        <NotHere />
      </Page>
    );
  }
  return (
    <Page title={texts.title} crumb={texts.intro}>
      <div className="row">
        <NativeSelect
          size="xs"
          label={texts.level}
          value={level}
          data={Object.values(texts.levels)}
          onChange={(event) => setLevel(event.currentTarget.value)}
        />
        <TextInput
          size="xs"
          label={texts.filter}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Switch
          size="xs"
          label={texts.follow}
          checked={follow}
          onChange={(event) => setFollow(event.currentTarget.checked)}
        />
        <Button size="xs" variant="default" onClick={clear}>
          {texts.clear}
        </Button>
        <Button size="xs" variant="default" onClick={save}>
          {texts.save}
        </Button>
        <span className="dimmed">{texts.lines(count(shown.length))}</span>
      </div>
      {broken && (
        <div className="banner" data-tone="warn">
          {texts.broken}
        </div>
      )}
      <Lines lines={shown} follow={follow} />
    </Page>
  );
}

const RANKS = Object.keys(texts.levels);

function rankOf(level: string): number {
  const rank = RANKS.indexOf(level.toLowerCase().replace(/^warn$/, "warning"));
  // Levels above error, such as critical, have no name here.
  return rank < 0 ? RANKS.length : rank;
}

interface LiveLog {
  readonly lines: readonly LogLine[];
  readonly missing: boolean;
  readonly broken: boolean;
  readonly clear: () => void;
}

function useLiveLog(): LiveLog {
  const [lines, setLines] = useState<readonly LogLine[]>([]);
  const [missing, setMissing] = useState(false);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    const ended = new AbortController();
    let waiting: LogLine[] = [];
    const timer = setInterval(() => {
      if (waiting.length === 0) return;
      const arrived = waiting;
      waiting = [];
      setLines((last) => [...last, ...arrived].slice(-LINES_MAX));
    }, SHOW_MS);
    const follow = async (): Promise<void> => {
      while (!ended.signal.aborted) {
        try {
          setBroken(false);
          await followLog(ended.signal, (line) => waiting.push(line));
        } catch (error) {
          if (ended.signal.aborted) return;
          if (error instanceof ApiError && error.status === 404) return setMissing(true);
        }
        setBroken(true);
        await new Promise((resolve) => setTimeout(resolve, REOPEN_MS));
      }
    };
    void follow();
    return () => {
      clearInterval(timer);
      ended.abort();
    };
  }, []);
  return { lines, missing, broken, clear: () => setLines([]) };
}

const LINE_PX = 21;

function Lines({ lines, follow }: { lines: readonly LogLine[]; follow: boolean }) {
  const holder = useRef<HTMLElement>(null);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => holder.current,
    estimateSize: () => LINE_PX,
    overscan: 20,
  });
  const total = lines.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolls when lines arrive
  useEffect(() => {
    if (follow && total > 0) rows.scrollToIndex(total - 1);
  }, [total, follow]);
  return (
    <section
      ref={holder}
      className={classes.log}
      aria-label={texts.label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard
      tabIndex={0}
    >
      {total === 0 && <p className="empty">{texts.waiting}</p>}
      <div style={{ height: rows.getTotalSize(), position: "relative" }}>
        {rows.getVirtualItems().map((row) => {
          const line = lines[row.index];
          return (
            line && (
              <div
                key={line.id}
                ref={rows.measureElement}
                data-index={row.index}
                className={classes.line}
                style={{ transform: `translateY(${row.start}px)` }}
              >
                <span className="dimmed">{line.time.slice(11, 23)}</span>{" "}
                <span className={classes.level} data-level={line.level}>
                  {line.level}
                </span>{" "}
                {line.text}
              </div>
            )
          );
        })}
      </div>
    </section>
  );
}
