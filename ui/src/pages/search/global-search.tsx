// Ctrl-K: finds anything by part of its name and goes there.

import "@mantine/spotlight/styles.css";
import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight, spotlight } from "@mantine/spotlight";
import { useEffect, useState } from "react";
import { goTo } from "../../parts/address.ts";
import { icons } from "../../parts/icons.tsx";
import { search as texts } from "../../texts/explore.ts";
import { useFound } from "./found.ts";

const TYPING_MS = 150;

export default function GlobalSearch({ opened }: { opened: number }) {
  const [text, setText] = useState("");
  const [settled] = useDebouncedValue(text.trim(), TYPING_MS);
  const found = useFound(settled);
  // biome-ignore lint/correctness/useExhaustiveDependencies: opens again whenever the number grows
  useEffect(() => spotlight.open(), [opened]);
  return (
    <Spotlight.Root
      query={text}
      onQueryChange={setText}
      shortcut={null}
      lockScroll={false}
      transitionProps={{ duration: 0 }}
      maxHeight={460}
      scrollable
    >
      <Spotlight.Search
        placeholder={texts.placeholder}
        aria-label={texts.placeholder}
        leftSection={icons.search}
      />
      <Spotlight.ActionsList>
        {found.map((item) => (
          <Spotlight.Action
            key={item.href}
            label={item.name}
            description={item.detail}
            onClick={() => goTo(item.href)}
          />
        ))}
        {found.length === 0 && (
          <Spotlight.Empty>{settled === "" ? texts.type : texts.nothing}</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
