// The page of one runtime parameter, such as a shovel or an upstream: what it says, and deleting it.

import { Button } from "@mantine/core";
import { apiPath, request } from "../api/client.ts";
import { useAction, useApi } from "../api/query.ts";
import type { Parameter } from "../api/types.ts";
import { words } from "../texts/words.ts";
import { goTo, usePathPart } from "./address.ts";
import { confirm } from "./confirm.tsx";
import { ArgumentList } from "./facts.tsx";
import { linkTo } from "./links.ts";
import { notifyDone, notifyFailed } from "./notify.ts";
import { Loaded, Page } from "./page.tsx";
import { Section } from "./section.tsx";

export interface ParameterPageProps {
  readonly component: string;
  readonly one: string;
  /** The page of all of them. */
  readonly list: string;
  readonly texts: {
    readonly deleted: string;
    readonly deleteTitle: string;
    readonly deleteText: (name: string) => string;
  };
}

export function ParameterPage({ component, one, list, texts }: ParameterPageProps) {
  const vhost = usePathPart("vhost");
  const name = usePathPart("name");
  const path = apiPath("parameters", component, vhost, name);
  const result = useApi<Parameter>(path, { keepPrevious: false });
  const remove = useAction(() => request(path, { method: "DELETE" }), {
    done: () => {
      notifyDone(texts.deleted);
      goTo(linkTo.page(list));
    },
    failed: notifyFailed,
  });
  const ask = async (): Promise<void> => {
    const text = texts.deleteText(name);
    if (await confirm({ title: texts.deleteTitle, text, action: words.delete })) {
      await remove.run(undefined);
    }
  };
  return (
    <Page
      title={name}
      crumb={`${one} ${words.inVhost(vhost)}`}
      actions={
        <Button size="xs" color="red" onClick={() => void ask()}>
          {words.delete}
        </Button>
      }
    >
      <Loaded result={result}>
        {(parameter) => (
          <Section id={`${component}.overview`} title={words.overview}>
            <ArgumentList items={parameter.value} />
          </Section>
        )}
      </Loaded>
    </Page>
  );
}
