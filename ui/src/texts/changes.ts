// Words for what is changed while it runs: arguments, types, consumers, deadlines.

export const changes = {
  action: "Change arguments",
  title: "Change arguments of the running queue",
  intro:
    "The queue and its messages stay. A program that declares the queue with its old arguments is refused from then on.",
  done: "The arguments were changed.",
  changed: "What changed",
  nothing: "Nothing changed: the queue has these arguments already.",
  notSet: "not set",
};

export const conversion = {
  action: "Change type",
  title: "Make it a queue of another type",
  intro:
    "Messages move in the background, in order; publishers go on, and deliveries wait meanwhile; readers of a stream are cancelled. Programs that declare the queue with its old type are refused from then on.",
  type: "New type",
  without: "Leave out arguments",
  withoutHelp: (names: string) =>
    names === ""
      ? "Names, separated by commas."
      : `Those the new type does not take, separated by commas. It has: ${names}`,
  submit: "Convert",
  begun: "The conversion has begun.",
  running: (type: string) => `This queue is becoming ${type === "" ? "another" : `a ${type}`} one`,
  progress: (moved: string, total: string) => `${moved} of ${total} messages have moved.`,
  progressLabel: "Messages moved",
};

export const consumerChanges = {
  change: "Change",
  title: (tag: string) => `Change consumer ${tag}`,
  prefetch: "Set prefetch",
  prefetchIntro: "It counts from the next delivery on; 0 is no limit.",
  prefetchField: "Unacknowledged messages at most",
  prefetchDone: "The prefetch was changed.",
  moreTime: "More time",
  moreTimeTitle: (tag: string) => `More time for ${tag}`,
  moreTimeIntro:
    "The consumer timeout does not end its channel for so long, whatever it has not acknowledged.",
  moreTimeOne: "The consumer timeout spares this delivery for so long.",
  minutes: "Minutes from now",
  moreTimeDone: (minutes: string) => `It has ${minutes} more minutes.`,
};
