// A button that opens a form; it closes when the form has done its work.

import { Button, Modal } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { words } from "../texts/words.ts";
import { ActionForm, type ActionFormProps } from "./action-form.tsx";

export interface FormDialogProps extends Omit<ActionFormProps, "resets"> {
  /** The word on the button that opens it. */
  readonly label: string;
  readonly title: string;
  readonly intro?: ReactNode;
  readonly variant?: "filled" | "default" | "subtle";
  readonly size?: "xs" | "sm" | "compact-xs";
}

export function FormDialog(props: FormDialogProps) {
  const { label, title, intro, variant = "default", size = "xs", ...form } = props;
  const [opened, setOpened] = useState(false);
  const submit: ActionFormProps["onSubmit"] = async (values) => {
    const worked = await form.onSubmit(values);
    if (worked) setOpened(false);
    return worked;
  };
  return (
    <>
      <Button
        variant={variant}
        size={size}
        color={form.destructive ? "red" : undefined}
        onClick={() => setOpened(true)}
      >
        {label}
      </Button>
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        title={title}
        size="lg"
        transitionProps={{ duration: 0 }}
        closeButtonProps={{ "aria-label": words.close }}
      >
        <div className="rows">
          {intro && <div className="dimmed">{intro}</div>}
          <ActionForm {...form} onSubmit={submit} />
        </div>
      </Modal>
    </>
  );
}
