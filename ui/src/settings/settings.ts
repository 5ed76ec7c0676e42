// What a person chose, remembered in this browser: refresh interval, columns, folded sections and the like.

import { useCallback, useSyncExternalStore } from "react";

const PREFIX = "leveret.";
const values = new Map<string, unknown>();
const listeners = new Set<() => void>();

function read(key: string): unknown {
  if (values.has(key)) return values.get(key);
  let value: unknown;
  try {
    const text = localStorage.getItem(PREFIX + key);
    value = text === null ? undefined : JSON.parse(text);
  } catch {
    value = undefined;
  }
  values.set(key, value);
  return value;
}

/** Stores a choice and tells everyone who shows it; undefined goes back to the default. */
export function writeSetting(key: string, value: unknown): void {
  values.set(key, value);
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // A browser without storage forgets on reload: nothing else is lost.
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A remembered choice: its value (or the fallback) and a way to change it. */
export function useSetting<T>(key: string, fallback: T): [T, (value: T | undefined) => void] {
  const stored = useSyncExternalStore(subscribe, () => read(key)) as T | undefined;
  const write = useCallback((value: T | undefined) => writeSetting(key, value), [key]);
  return [stored ?? fallback, write];
}

/** Milliseconds between two refreshes of what is on screen; 0 = only when asked. */
export function useRefreshInterval(): [number, (value: number | undefined) => void] {
  return useSetting("refresh-ms", 5000);
}

/** The virtual host that lists are limited to; empty = all. */
export function useVhostFilter(): [string, (value: string | undefined) => void] {
  return useSetting("vhost", "");
}
