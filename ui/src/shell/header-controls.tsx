// The controls in the header: search, virtual host, refresh interval, theme, account.

import { ActionIcon, Button, Menu, NativeSelect, useMantineColorScheme } from "@mantine/core";
import { queryClient, useApi, useRefresh } from "../api/query.ts";
import { logOut, useSession } from "../api/session.ts";
import type { Vhost } from "../api/types.ts";
import { icons } from "../parts/icons.tsx";
import { useRefreshInterval, useVhostFilter } from "../settings/settings.ts";
import { shell } from "../texts/shell.ts";

export function HeaderControls({ onSearch }: { onSearch: () => void }) {
  const refresh = useRefresh();
  return (
    <>
      <Button
        variant="default"
        size="xs"
        leftSection={icons.search}
        onClick={onSearch}
        className="only-wide"
        title={shell.search}
      >
        {shell.searchShort} <kbd className="dimmed">&nbsp;Ctrl K</kbd>
      </Button>
      <div className="only-narrow">
        <ActionIcon variant="subtle" aria-label={shell.search} onClick={onSearch}>
          {icons.search}
        </ActionIcon>
      </div>
      <VhostSelect />
      <div className="only-wide">
        <RefreshSelect />
      </div>
      <ActionIcon variant="subtle" aria-label={shell.refreshNow} onClick={() => void refresh()}>
        {icons.refresh}
      </ActionIcon>
      <ThemeMenu />
      <AccountMenu />
    </>
  );
}

function VhostSelect() {
  const [vhost, setVhost] = useVhostFilter();
  const { data } = useApi<readonly Vhost[]>("/vhosts", { query: { columns: "name" } });
  const names = (data ?? []).map((item) => item.name);
  // A vhost that was deleted stays choosable until the person chooses another one.
  const all = vhost === "" || names.includes(vhost) ? names : [...names, vhost];
  return (
    <NativeSelect
      size="xs"
      w={150}
      aria-label={shell.vhost}
      value={vhost}
      onChange={(event) => setVhost(event.currentTarget.value)}
      data={[
        { value: "", label: shell.allVhosts },
        ...all.map((name) => ({ value: name, label: name })),
      ]}
    />
  );
}

const INTERVALS = [1, 5, 10, 30];

function RefreshSelect() {
  const [refreshMs, setRefreshMs] = useRefreshInterval();
  return (
    <NativeSelect
      size="xs"
      w={118}
      aria-label={shell.refresh}
      value={String(refreshMs)}
      onChange={(event) => setRefreshMs(Number(event.currentTarget.value))}
      data={[
        ...INTERVALS.map((seconds) => ({
          value: String(seconds * 1000),
          label: shell.everySeconds(seconds),
        })),
        { value: "0", label: shell.never },
      ]}
    />
  );
}

const THEMES = ["light", "dark", "auto"] as const;

function ThemeMenu() {
  // Without this the change inserts a style element to switch transitions off.
  const { setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon variant="subtle" aria-label={shell.theme}>
          {icons.theme}
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {THEMES.map((name) => (
          <Menu.Item key={name} onClick={() => setColorScheme(name)}>
            {shell.themes[name]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function AccountMenu() {
  const session = useSession();
  if (session === undefined) return null;
  const leave = (): void => {
    logOut();
    queryClient.clear();
  };
  return (
    <Menu>
      <Menu.Target>
        <ActionIcon variant="subtle" aria-label={shell.account(session.name)}>
          {icons.person}
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{shell.loggedInAs(session.name, session.tags.join(", "))}</Menu.Label>
        <Menu.Item onClick={leave}>{shell.logOut}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
