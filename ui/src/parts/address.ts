// What the address of the current page says.

import { useNavigate, useParams, useSearch } from "@tanstack/react-router";

/** A named part of the path, decoded. */
export function usePathPart(name: string): string {
  const parts = useParams({ strict: false }) as Record<string, string | undefined>;
  return parts[name] ?? "";
}

/** Parameters behind the question mark, and a way to change some without a new history entry. */
export function useSearchText(): [
  Readonly<Record<string, string | undefined>>,
  (change: Record<string, string | undefined>) => void,
] {
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const navigate = useNavigate();
  const change = (changed: Record<string, string | undefined>): void => {
    const next = Object.fromEntries(
      Object.entries({ ...search, ...changed }).filter(([, text]) => text !== undefined),
    );
    void navigate({ to: ".", search: next, replace: true } as never);
  };
  return [search, change];
}

/** Leaves for another page of the UI. */
export function goTo(href: string): void {
  window.location.hash = href.replace(/^#/, "");
}
