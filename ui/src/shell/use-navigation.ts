// The menu as this user on this broker sees it.

import { useApi, useBroker } from "../api/query.ts";
import { useSession } from "../api/session.ts";
import { hasTag, type NavigationEntry, type NavigationGroup, navigation } from "./navigation.ts";

interface Extension {
  readonly javascript?: string;
}

/** The groups with at least one page to show. */
export function useNavigation(): readonly NavigationGroup[] {
  const session = useSession();
  const { isLeveret, overview } = useBroker();
  const { data: extensions } = useApi<readonly Extension[]>("/extensions", {
    polled: false,
    enabled: overview !== undefined && !isLeveret,
  });
  const present = new Set((extensions ?? []).map((extension) => extension.javascript));
  const isThere = ({ extension, builtIn, leveretOnly }: NavigationEntry): boolean =>
    isLeveret
      ? extension === undefined || builtIn === true
      : leveretOnly !== true && (extension === undefined || present.has(extension));
  const shows = (entry: NavigationEntry): boolean =>
    hasTag(session?.tags ?? [], entry.needs) && isThere(entry);
  return navigation
    .map((group) => ({ ...group, entries: group.entries.filter(shows) }))
    .filter((group) => group.entries.length > 0);
}

/** Whether the logged-in user has a tag (or a higher one). */
export function useTag(needed: string): boolean {
  return hasTag(useSession()?.tags ?? [], needed);
}
