// Leads from an exchange, a queue or a connection to copies of what passes it.

import { Button } from "@mantine/core";
import { linkTo } from "../../parts/links.ts";
import { taps as texts } from "../../texts/watch.ts";

interface WatchButtonProps {
  readonly vhost: string;
  readonly kind: "exchange" | "queue" | "connection";
  readonly name: string;
}

export function WatchButton({ vhost, kind, name }: WatchButtonProps) {
  return (
    <Button component="a" size="xs" variant="default" href={linkTo.tap(vhost, { kind, name })}>
      {texts.watch}
    </Button>
  );
}
