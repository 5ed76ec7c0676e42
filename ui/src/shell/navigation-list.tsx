// The menu: in the side bar, and in a drawer on narrow screens.

import { useRouterState } from "@tanstack/react-router";
import { linkTo } from "../parts/links.ts";
import { shell } from "../texts/shell.ts";
import { useNavigation } from "./use-navigation.ts";

export function NavigationList({ onChosen }: { onChosen?: () => void }) {
  const groups = useNavigation();
  const path = useRouterState({ select: (state) => state.location.pathname });
  return (
    <nav aria-label={shell.navigation}>
      {groups.map((group) => (
        <div key={group.label}>
          <p className="nav-title">{group.label}</p>
          <ul className="nav-list">
            {group.entries.map((entry) => (
              <li key={entry.path}>
                <a
                  className="nav-link"
                  href={linkTo.page(entry.path)}
                  aria-current={isWithin(path, entry.path) ? "page" : undefined}
                  onClick={onChosen}
                >
                  {entry.label}
                </a>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function isWithin(path: string, page: string): boolean {
  return path === page || (page !== "/" && path.startsWith(`${page}/`));
}
