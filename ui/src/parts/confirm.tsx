// Asks before something is destroyed: `await confirm({...})` answers true or false.

import { Button, Modal } from "@mantine/core";
import { useSyncExternalStore } from "react";
import { words } from "../texts/words.ts";

export interface Question {
  readonly title: string;
  readonly text: string;
  /** The word on the button that goes ahead. */
  readonly action: string;
}

interface Asked extends Question {
  readonly answer: (yes: boolean) => void;
}

let asked: Asked | undefined;
const listeners = new Set<() => void>();

function change(next: Asked | undefined): void {
  asked = next;
  for (const listener of listeners) listener();
}

/** Shows the question; resolves to whether the person went ahead. */
export function confirm(question: Question): Promise<boolean> {
  asked?.answer(false);
  return new Promise((resolve) => {
    const answer = (yes: boolean): void => {
      change(undefined);
      resolve(yes);
    };
    change({ ...question, answer });
  });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Place once, near the root. */
export function ConfirmHost() {
  const question = useSyncExternalStore(subscribe, () => asked);
  const answer = (yes: boolean): void => question?.answer(yes);
  return (
    <Modal
      opened={question !== undefined}
      onClose={() => answer(false)}
      title={question?.title}
      centered
      transitionProps={{ duration: 0 }}
      closeButtonProps={{ "aria-label": words.close }}
    >
      <div className="rows">
        <div className="prose">{question?.text}</div>
        <div className="row-end">
          <Button variant="default" onClick={() => answer(false)}>
            {words.cancel}
          </Button>
          <Button color="red" data-autofocus onClick={() => answer(true)}>
            {question?.action}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
