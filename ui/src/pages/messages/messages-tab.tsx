// The messages of a queue: browsed and searched where the broker can, got where not.

import { useBroker } from "../../api/query.ts";
import type { Queue } from "../../api/types.ts";
import { Empty } from "../../parts/page.tsx";
import { gets } from "../../texts/queues.ts";
import { queueType } from "../queues/queue-columns.tsx";
import { BrowseSection } from "./browse-section.tsx";
import { GetMessages } from "./get-messages.tsx";

export default function MessagesTab({ queue }: { queue: Queue }) {
  const { isLeveret } = useBroker();
  const isStream = queueType(queue) === "stream";
  return (
    <>
      {isLeveret && <BrowseSection queue={queue} />}
      {!isStream && <GetMessages vhost={queue.vhost} queue={queue.name} canBrowse={isLeveret} />}
      {isStream && !isLeveret && <Empty title={gets.streamHint} />}
    </>
  );
}
