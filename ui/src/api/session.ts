// Who is logged in. Credentials stay in this tab (or, when asked, in this browser for eight hours); there are no cookies.

import { useSyncExternalStore } from "react";
import {
  ApiError,
  basicAuthorization,
  onCredentialsRefused,
  request,
  setAuthorization,
} from "./client.ts";
import type { Whoami } from "./types.ts";

export interface Session {
  readonly name: string;
  readonly tags: readonly string[];
}

interface StoredLogin {
  readonly authorization: string;
  readonly until: number;
}

const KEY = "leveret.login";
const REMEMBERED_MS = 8 * 3_600_000;

let session: Session | undefined;
let expired = false;
const listeners = new Set<() => void>();

function change(next: Session | undefined): void {
  session = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The logged-in user, or undefined. */
export function useSession(): Session | undefined {
  return useSyncExternalStore(subscribe, () => session);
}

/** True after the broker refused credentials that it had accepted before. */
export function sessionExpired(): boolean {
  return expired;
}

/** Checks the name and password with the broker and keeps them; throws ApiError when they are refused. */
export async function logIn(name: string, password: string, remember: boolean): Promise<void> {
  const authorization = basicAuthorization(name, password);
  await open(authorization);
  const stored: StoredLogin = { authorization, until: Date.now() + REMEMBERED_MS };
  storage(remember)?.setItem(KEY, JSON.stringify(stored));
}

/** Takes up a login kept from before a reload; answers whether there was one. */
export async function resumeLogin(): Promise<boolean> {
  const stored = readStored();
  if (stored === undefined) return false;
  try {
    await open(stored.authorization);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) forget();
    return false;
  }
}

/** Forgets the credentials and everything shown with them. */
export function logOut(): void {
  forget();
  expired = false;
  change(undefined);
}

async function open(authorization: string): Promise<void> {
  setAuthorization(authorization);
  try {
    const who = await request<Whoami>("/whoami");
    expired = false;
    change({ name: who.name, tags: typeof who.tags === "string" ? who.tags.split(",") : who.tags });
  } catch (error) {
    setAuthorization(undefined);
    throw error;
  }
}

function forget(): void {
  setAuthorization(undefined);
  storage(true)?.removeItem(KEY);
  storage(false)?.removeItem(KEY);
}

function readStored(): StoredLogin | undefined {
  for (const remembered of [false, true]) {
    const text = storage(remembered)?.getItem(KEY);
    if (!text) continue;
    const stored = JSON.parse(text) as StoredLogin;
    if (stored.until > Date.now()) return stored;
    forget();
  }
  return undefined;
}

function storage(remembered: boolean): Storage | undefined {
  try {
    return remembered ? localStorage : sessionStorage;
  } catch {
    return undefined;
  }
}

onCredentialsRefused(() => {
  if (session === undefined) return;
  forget();
  expired = true;
  change(undefined);
});
