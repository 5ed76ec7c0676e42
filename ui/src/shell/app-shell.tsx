// The frame of every page: header, menu, alarm banner, and the page itself.

import { ActionIcon, Drawer } from "@mantine/core";
import { Outlet, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { icons } from "../parts/icons.tsx";
import { Waiting } from "../parts/page.tsx";
import { shell } from "../texts/shell.ts";
import { AlarmBanner } from "./alarm-banner.tsx";
import { HeaderControls } from "./header-controls.tsx";
import { Brand, Unreachable } from "./header-facts.tsx";
import { NavigationList } from "./navigation-list.tsx";

const GlobalSearch = lazy(() => import("../pages/search/global-search.tsx"));

export function AppShell() {
  const [menu, setMenu] = useState(false);
  const [search, setSearch] = useState({ wanted: false, opened: 0 });
  const openSearch = () => setSearch((last) => ({ wanted: true, opened: last.opened + 1 }));
  useSearchKey(openSearch);
  // Says which page is really on screen; while a page is still loaded, none.
  const shown = useRouterState({
    select: (state) => (state.isLoading ? undefined : state.resolvedLocation?.href),
  });
  return (
    <div className="shell">
      <header className="shell-header">
        <button type="button" className="skip-link" onClick={focusMain}>
          {shell.skip}
        </button>
        <div className="only-narrow">
          <ActionIcon variant="subtle" aria-label={shell.menu} onClick={() => setMenu(true)}>
            {icons.menu}
          </ActionIcon>
        </div>
        <Brand />
        <span className="shell-spring" />
        <HeaderControls onSearch={openSearch} />
      </header>
      <div className="shell-nav">
        <NavigationList />
      </div>
      <main className="shell-main" id="main" tabIndex={-1} data-at={shown}>
        <Unreachable />
        <AlarmBanner />
        <Suspense fallback={<Waiting />}>
          <Outlet />
        </Suspense>
      </main>
      <Drawer
        opened={menu}
        onClose={() => setMenu(false)}
        size={260}
        title={shell.menuTitle}
        closeButtonProps={{ "aria-label": shell.closeMenu }}
      >
        <NavigationList onChosen={() => setMenu(false)} />
      </Drawer>
      {search.wanted && (
        <Suspense>
          <GlobalSearch opened={search.opened} />
        </Suspense>
      )}
    </div>
  );
}

// A link would not do: the address is taken by the router.
function focusMain(): void {
  document.getElementById("main")?.focus();
}

function useSearchKey(open: () => void): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the handler only calls a state setter
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      open();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
