// What handles the frames of one channel.

export interface FrameSink {
  /**
   * Takes whole frames of this channel from `at` on, as many as follow each other before `end` in the read region.
   * Answers where it stopped; `at` itself when the first frame is not all there. A position behind `end` says that it
   * has seen enough of the last frame: the rest is passed over as it arrives, and then `onRest` is called.
   */
  take(at: number, end: number): number;
  /** The rest of a frame of which `take` had seen enough has arrived. */
  onRest(): void;
  /** All frames of one read have been taken: time to answer them. */
  onReadEnd(): void;
}

/** Nothing but a whole frame at `at`? Answers the position after it, or -1. */
export function wholeFrameEnd(view: DataView, at: number, end: number): number {
  if (end - at < 8) return -1;
  const after = at + view.getUint32(at + 3) + 8;
  return after > end ? -1 : after;
}

export function badFrameEnd(): Error {
  return new Error("a frame without its end octet");
}
