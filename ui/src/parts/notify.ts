// Short messages in the corner: what was done, what failed and why.

import { notifications } from "@mantine/notifications";
import { ApiError } from "../api/client.ts";
import { words } from "../texts/words.ts";

const closeButtonProps = { "aria-label": words.close };

/** Something was done. */
export function notifyDone(message: string): void {
  notifications.show({ message, color: "hare", autoClose: 4000, closeButtonProps });
}

/** Something failed: the broker's own reason, kept on screen longer. */
export function notifyFailed(error: Error): void {
  const message = error instanceof ApiError ? error.reason : error.message;
  notifications.show({
    title: words.failed,
    message,
    color: "red",
    autoClose: 15_000,
    closeButtonProps,
  });
}
