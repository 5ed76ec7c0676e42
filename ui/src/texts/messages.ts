// Words for browsing messages, dead letters, unacknowledged messages and effective settings.

const messagesWere = (count: number): string =>
  count === 1 ? "1 message was" : `${count} messages were`;

/** Fields that choose messages by what they hold. */
export const messageFilter = {
  key: "Routing key",
  header: "Header",
  headerHint: "name:value",
  property: "Property",
  propertyHint: "app_id:shop",
  text: "Text in the payload",
  path: "JSON path",
  pathHint: "order.country:de",
};

export const browse = {
  ...messageFilter,
  title: "Browse and search",
  intro: "Messages are shown where they lie: nothing is consumed, requeued or marked.",
  moreFields: "More ways to search",
  fewerFields: "Fewer ways to search",
  filterHint: "Text in these rows",
  search: "Search",
  more: "Load more",
  none: "No message matches",
  noneEmpty: "The queue is empty",
  position: "Position",
  exchange: "Exchange",
  size: "Size",
  state: "State",
  payload: "Payload",
  died: "Died of",
  label: "Messages in the queue",
  open: "Show",
  close: "Hide message",
  messageAt: (position: string) => `Message at ${position}`,
  deathOf: (reason: string, queue: string) => `${reason} in ${queue}`,
  streamHint: "A stream keeps its messages; give an offset to start from.",
  from: "From position",
  move: "Move",
  copy: "Copy",
  replay: "Replay",
  moveTitle: (count: number) => `Move ${count} messages`,
  copyTitle: (count: number) => `Copy ${count} messages`,
  destination: "Destination queue",
  moved: (count: number) => `${messagesWere(count)} moved.`,
  copied: (count: number) => `${messagesWere(count)} copied.`,
  replayed: (count: number) => `${messagesWere(count)} sent back.`,
  replayText: (count: number) =>
    `${count} messages are published to the queues they died in, and leave this queue once those have them.`,
  exportLines: "Save as JSON lines",
};

export const unacked = {
  title: "Unacknowledged messages",
  intro: "Delivered, and not yet acknowledged by the consumer that holds them.",
  none: "No consumer holds a message",
  consumer: "Consumer",
  channel: "Channel",
  held: "Held for",
  label: "Unacknowledged messages",
};

/** Words of a table of messages that wait. */
export interface WaitingTexts {
  readonly title: string;
  readonly label: string;
  readonly intro: string;
  readonly shown: (count: string) => string;
  readonly filterHint: string;
  readonly none: string;
  readonly noneHint: string;
  readonly dueAt: string;
  readonly dueIn: string;
  readonly key: string;
  readonly messageId: string;
  readonly size: string;
  readonly deliver: string;
  readonly delivered: (count: number) => string;
  readonly cancel: string;
  readonly cancelTitle: string;
  readonly cancelText: (count: number) => string;
  readonly cancelled: (count: number) => string;
}

export const retried: WaitingTexts & { readonly attempts: string } = {
  title: "Messages that wait for a retry",
  label: "Messages that wait for their next delivery",
  intro: "They came back, and are delivered again when they are due. They count as unacknowledged.",
  shown: (count) => `The first ${count} are shown.`,
  filterHint: "Key or message id",
  none: "No message waits",
  noneHint: "Queues with retries hold messages back that came back.",
  dueAt: "Due at",
  dueIn: "Due in",
  key: "Routing key",
  messageId: "Message id",
  size: "Size",
  attempts: "Deliveries in vain",
  deliver: "Deliver now",
  delivered: (count) => `${messagesWere(count)} made ready.`,
  cancel: "Take away",
  cancelTitle: "Take messages away",
  cancelText: (count) =>
    `${count === 1 ? "1 message" : `${count} messages`} will never be delivered again.`,
  cancelled: (count) => `${messagesWere(count)} taken away.`,
};

export const deadLetters = {
  title: "Dead letters",
  intro: "Messages that died in another queue, by why and where they died.",
  queuesTitle: "Queues that take dead letters",
  queuesIntro:
    "Queues that a dead letter exchange leads to. Open one to see why its messages died and to send them back.",
  queuesNone: "No queue takes dead letters",
  queuesNoneHint:
    "Give a queue x-dead-letter-exchange (or a policy with dead-letter-exchange) and bind a queue to that exchange.",
  via: "Through exchange",
  from: "Dead letters of",
  waiting: "Messages",
  none: "No dead letters in this queue",
  noneHint: "Messages without an x-death header are not counted here.",
  reason: "Reason",
  origin: "Died in queue",
  exchange: "Published to",
  count: "Messages",
  label: "Dead letters by reason and origin",
  replayGroup: "Replay group",
  replayAll: "Replay all",
  show: "Show messages",
  replayTitle: "Replay dead letters",
  reasons: {
    rejected: "Rejected by a consumer",
    expired: "Its time to live ran out",
    maxlen: "The queue was full",
    maxlenbytes: "The queue was full (bytes)",
    delivery_limit: "Returned too often",
  },
  notHere: "Replaying needs a Leveret broker; here you can move messages on the queue's page.",
};

export const settings = {
  title: "Effective settings",
  intro: "What counts for this queue now, and where each value comes from.",
  key: "Setting",
  value: "Value",
  origin: "From",
  description: "Meaning",
  label: "Effective settings of the queue",
  notSet: "not set",
  origins: {
    argument: "argument",
    policy: "policy",
    "operator-policy": "operator policy",
    default: "default",
    limit: "limit",
  },
};
