// What a search finds: pages, and objects of the broker by part of their names.

import { type ApiOptions, useApi } from "../../api/query.ts";
import type { Connection, Exchange, Page, Policy, Queue, User, Vhost } from "../../api/types.ts";
import { count } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { useNavigation, useTag } from "../../shell/use-navigation.ts";
import { search as texts } from "../../texts/explore.ts";
import { queues as queueTexts } from "../../texts/queues.ts";

export interface Found {
  readonly name: string;
  readonly detail: string;
  readonly href: string;
}

const EACH_MAX = 8;
const { kinds, inVhost } = texts;

/** Everything whose name holds the text, pages first. Empty text finds pages only. */
export function useFound(text: string): readonly Found[] {
  const pages = useNavigation().flatMap((group) => group.entries);
  const objects = useObjects(text);
  const found: Found[] = pages.map((page) => ({
    name: page.label,
    detail: kinds.page,
    href: linkTo.page(page.path),
  }));
  return [...matching(found, text), ...objects];
}

function matching(items: readonly Found[], text: string): readonly Found[] {
  const wanted = text.toLowerCase();
  return items.filter((item) => item.name.toLowerCase().includes(wanted)).slice(0, EACH_MAX);
}

function useObjects(text: string): readonly Found[] {
  const enabled = text !== "";
  const isAdministrator = useTag("administrator");
  const isPolicymaker = useTag("policymaker");
  const first = (columns: string): ApiOptions => ({
    query: { name: text, page: 1, page_size: EACH_MAX, pagination: true, columns },
    enabled,
    polled: false,
    keepPrevious: false,
  });
  const queues = useApi<Page<Queue>>("/queues", first("name,vhost,type,messages"));
  const exchanges = useApi<Page<Exchange>>("/exchanges", first("name,vhost,type"));
  const once = { enabled, polled: false };
  const connections = useApi<readonly Connection[]>("/connections", {
    ...once,
    query: { columns: "name,vhost,user,user_provided_name" },
  });
  const vhosts = useApi<readonly Vhost[]>("/vhosts", { ...once, query: { columns: "name" } });
  const users = useApi<readonly User[]>("/users", {
    polled: false,
    enabled: enabled && isAdministrator,
  });
  const policies = useApi<readonly Policy[]>("/policies", {
    polled: false,
    enabled: enabled && isPolicymaker,
  });
  if (!enabled) return [];
  return [
    ...(queues.data?.items ?? []).map(foundQueue),
    ...(exchanges.data?.items ?? []).map(foundExchange),
    ...matching((connections.data ?? []).map(foundConnection), text),
    ...matching((vhosts.data ?? []).map(foundVhost), text),
    ...matching((users.data ?? []).map(foundUser), text),
    ...matching((policies.data ?? []).map(foundPolicy), text),
  ];
}

function foundQueue(item: Queue): Found {
  const ready = `${count(item.messages)} ${queueTexts.messages.toLowerCase()}`;
  return {
    name: item.name,
    detail: `${inVhost(kinds.queue, item.vhost)} · ${ready}`,
    href: linkTo.queue(item.vhost, item.name),
  };
}

function foundExchange(item: Exchange): Found {
  return {
    name: item.name,
    detail: `${inVhost(kinds.exchange, item.vhost)} · ${item.type}`,
    href: linkTo.exchange(item.vhost, item.name),
  };
}

function foundConnection(item: Connection): Found {
  return {
    name: [item.user_provided_name, item.name].filter(Boolean).join(" · "),
    detail: inVhost(kinds.connection, item.vhost),
    href: linkTo.connection(item.name),
  };
}

function foundVhost(item: Vhost): Found {
  return { name: item.name, detail: kinds.vhost, href: linkTo.vhost(item.name) };
}

function foundUser(item: User): Found {
  return { name: item.name, detail: kinds.user, href: linkTo.user(item.name) };
}

function foundPolicy(item: Policy): Found {
  return {
    name: item.name,
    detail: inVhost(kinds.policy, item.vhost),
    href: linkTo.policy(item.vhost, item.name),
  };
}
