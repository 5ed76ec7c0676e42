// What a tap has shown so far, and whether it runs.

import { useCallback, useEffect, useRef, useState } from "react";
import { apiPath } from "../../api/client.ts";
import { type TapEvent, watch } from "./tap-stream.ts";

/** Older ones are forgotten here. */
export const EVENTS_MAX = 500;
/** Events that come together are shown together. */
const SHOW_MS = 150;

export interface TapQuery {
  readonly vhost: string;
  readonly query: Readonly<Record<string, string | undefined>>;
}

export interface RunningTap {
  /** The newest first. */
  readonly events: readonly TapEvent[];
  readonly seen: number;
  /** Passed too fast: the broker gave no copy of them. */
  readonly missed: number;
  readonly running: boolean;
  /** Nothing that passes from now on is missed. */
  readonly open: boolean;
  /** Why it does not run though it was started. */
  readonly error: Error | undefined;
  readonly ended: boolean;
  readonly start: (what: TapQuery) => void;
  readonly stop: () => void;
  readonly clear: () => void;
}

export function useTap(): RunningTap {
  const [events, setEvents] = useState<readonly TapEvent[]>([]);
  const [seen, setSeen] = useState(0);
  const [missed, setMissed] = useState(0);
  const [running, setRunning] = useState(false);
  const [open, setOpen] = useState(false);
  const [ended, setEnded] = useState(false);
  const [error, setError] = useState<Error | undefined>(undefined);
  const controller = useRef<AbortController | undefined>(undefined);
  const stop = useCallback(() => {
    controller.current?.abort();
    controller.current = undefined;
    setRunning(false);
  }, []);
  useEffect(() => stop, [stop]);
  const clear = (): void => {
    setEvents([]);
    setSeen(0);
    setMissed(0);
  };
  const start = ({ vhost, query }: TapQuery): void => {
    stop();
    clear();
    setError(undefined);
    setEnded(false);
    setOpen(false);
    setRunning(true);
    const own = new AbortController();
    controller.current = own;
    const show: Show = {
      open: () => setOpen(true),
      events: (arrived, count) => {
        setEvents((last) => [...arrived.toReversed(), ...last].slice(0, EVENTS_MAX));
        setSeen(count);
      },
      missed: (more) => setMissed((last) => last + more),
    };
    void collect(apiPath("tap", vhost), query, own.signal, show)
      .then(() => setEnded(true))
      .catch((reason: Error) => {
        if (!own.signal.aborted) setError(reason);
      })
      .finally(() => {
        if (controller.current === own) setRunning(false);
      });
  };
  return { events, seen, missed, running, open: running && open, error, ended, start, stop, clear };
}

interface Show {
  readonly open: () => void;
  readonly events: (arrived: readonly TapEvent[], count: number) => void;
  readonly missed: (more: number) => void;
}

async function collect(
  path: string,
  query: TapQuery["query"],
  signal: AbortSignal,
  show: Show,
): Promise<void> {
  let waiting: TapEvent[] = [];
  let count = 0;
  let missed = 0;
  const flush = (): void => {
    if (signal.aborted) return;
    if (waiting.length > 0) show.events(waiting, count);
    if (missed > 0) show.missed(missed);
    waiting = [];
    missed = 0;
  };
  const timer = setInterval(flush, SHOW_MS);
  try {
    const take = (event: Omit<TapEvent, "number">): void => {
      waiting.push({ ...event, number: ++count });
      if (waiting.length > EVENTS_MAX) waiting.shift();
    };
    const miss = (more: number): void => {
      missed += more;
    };
    await watch(path, query, signal, { open: show.open, event: take, missed: miss });
  } finally {
    clearInterval(timer);
    flush();
  }
}
