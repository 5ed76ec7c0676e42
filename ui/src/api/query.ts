// Reading the API into components: polled at the person's refresh interval, updated in place.

import {
  keepPreviousData,
  QueryClient,
  type UseQueryResult,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { useRefreshInterval } from "../settings/settings.ts";
import { ApiError, request } from "./client.ts";
import type { Overview } from "./types.ts";

/** One cache for all pages. A refusal is final; only a broken connection is tried again. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, error) => !(error instanceof ApiError) && count < 2,
      refetchOnWindowFocus: true,
      staleTime: 1000,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

export interface ApiOptions {
  /** False: ask once, not at every refresh. */
  readonly polled?: boolean;
  readonly enabled?: boolean;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Keep showing what an earlier query answered while a new one runs; true unless told. */
  readonly keepPrevious?: boolean;
}

/** A path with its query string; undefined values are left out. */
export function withQuery(path: string, query: ApiOptions["query"]): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(key, String(value));
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** The answer of GET `path`, kept fresh. */
export function useApi<T>(path: string, options: ApiOptions = {}): UseQueryResult<T, Error> {
  const [refreshMs] = useRefreshInterval();
  const url = withQuery(path, options.query);
  return useQuery<T, Error>({
    queryKey: ["api", path, url],
    queryFn: ({ signal }) => request<T>(url, { signal }),
    refetchInterval: options.polled === false || refreshMs === 0 ? false : refreshMs,
    enabled: options.enabled ?? true,
    placeholderData: options.keepPrevious === false ? undefined : keepPreviousData,
  });
}

/** Asks again for everything on screen. */
export function useRefresh(): () => Promise<void> {
  const client = useQueryClient();
  return useCallback(() => client.invalidateQueries(), [client]);
}

/** What broker this is, from /overview. */
export interface Broker {
  readonly overview: Overview | undefined;
  /** True where the features beyond RabbitMQ's can be asked for. */
  readonly isLeveret: boolean;
  readonly productName: string;
}

/** Facts about the broker that change rarely. */
export function useBroker(): Broker {
  const { data } = useApi<Overview>("/overview", { query: { columns: BROKER_COLUMNS } });
  const productName = data?.product_name ?? "RabbitMQ";
  return { overview: data, isLeveret: productName === "Leveret", productName };
}

const BROKER_COLUMNS = [
  "product_name",
  "product_version",
  "rabbitmq_version",
  "erlang_version",
  "leveret_version",
  "cluster_name",
  "node",
  "exchange_types",
  "sample_retention_policies",
].join(",");

export interface Action<Input> {
  readonly run: (input: Input) => Promise<boolean>;
  readonly busy: boolean;
}

/** A change made through the API: runs it, asks again for what is on screen, and tells how it went. */
export function useAction<Input>(
  act: (input: Input) => Promise<unknown>,
  tell: { done: (input: Input) => void; failed: (error: Error) => void },
): Action<Input> {
  const refresh = useRefresh();
  const [busy, setBusy] = useState(false);
  const run = async (input: Input): Promise<boolean> => {
    setBusy(true);
    try {
      await act(input);
      await refresh();
      tell.done(input);
      return true;
    } catch (error) {
      tell.failed(error as Error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { run, busy };
}
