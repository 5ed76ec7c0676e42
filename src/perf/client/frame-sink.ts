// What handles the frames of one channel.

export interface FrameSink {
  /**
   * Takes whole frames of this channel from `at` on, as many as follow each other before `end` in the read region.
   * Answers where it stopped; `at` itself when the first frame is not all there.
   */
  take(at: number, end: number): number;
  /** All frames of one read have been taken: time to answer them. */
  onReadEnd(): void;
}

/** Nothing but a whole frame at `at`? Answers the position after it, or -1. */
export function wholeFrameEnd(view: DataView, at: number, end: number): number {
  if (end - at < 8) return -1;
  const after = at + view.getUint32(at + 3) + 8;
  return after > end ? -1 : after;
}
