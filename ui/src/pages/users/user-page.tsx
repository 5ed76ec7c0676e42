// One user: permissions, limits, updating, deleting.

import { Button } from "@mantine/core";
import { apiPath, request } from "../../api/client.ts";
import { useAction, useApi } from "../../api/query.ts";
import type { User } from "../../api/types.ts";
import type { FormValues } from "../../form/fields.ts";
import { FormDialog } from "../../form/form-dialog.tsx";
import { goTo, usePathPart } from "../../parts/address.ts";
import { confirm } from "../../parts/confirm.tsx";
import { ArgumentList, Facts } from "../../parts/facts.tsx";
import { yesNo } from "../../parts/format.ts";
import { linkTo } from "../../parts/links.ts";
import { notifyDone, notifyFailed } from "../../parts/notify.ts";
import { Loaded, Page } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { users as texts } from "../../texts/admin.ts";
import { words } from "../../texts/words.ts";
import { PermissionsSection, TopicPermissionsSection } from "./permissions.tsx";
import { tagsOf, userBody, userFields } from "./user-fields.ts";

export default function UserPage() {
  const name = usePathPart("name");
  const result = useApi<User>(apiPath("users", name), { keepPrevious: false });
  return (
    <Page
      title={name}
      crumb={texts.one}
      actions={result.data && <UserActions user={result.data} />}
    >
      <Loaded result={result}>
        {(user) => (
          <>
            <Section id="user.overview" title={words.overview}>
              <Facts
                items={[
                  [texts.tags, tagsOf(user).join(", ") || words.none],
                  [texts.hasPassword, yesNo(user.password_hash !== "")],
                  [texts.limits, <ArgumentList key="limits" items={user.limits} />],
                ]}
              />
            </Section>
            <PermissionsSection of={{ user: name }} />
            <TopicPermissionsSection of={{ user: name }} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function UserActions({ user }: { user: User }) {
  const path = apiPath("users", user.name);
  const update = useAction(
    (values: FormValues) => request(path, { method: "PUT", body: userBody(values, user) }),
    { done: () => notifyDone(texts.updated), failed: notifyFailed },
  );
  const remove = useAction(() => request(path, { method: "DELETE" }), {
    done: () => {
      notifyDone(texts.deleted(user.name));
      goTo(linkTo.page("/users"));
    },
    failed: notifyFailed,
  });
  const ask = async (): Promise<void> => {
    const text = texts.deleteText(user.name);
    if (await confirm({ title: texts.deleteTitle, text, action: words.delete })) {
      await remove.run(undefined);
    }
  };
  return (
    <>
      <FormDialog
        label={texts.update}
        title={texts.updateTitle}
        fields={userFields(user)}
        submitLabel={texts.update}
        onSubmit={update.run}
      />
      <Button size="xs" color="red" onClick={() => void ask()}>
        {words.delete}
      </Button>
    </>
  );
}
