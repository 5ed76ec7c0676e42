// What the disk's calls came to: how many, how many bytes, how long.

/** All calls of one kind since the process began. */
export class CallStatistics {
  count = 0;
  bytes = 0;
  /** From the call to its answer, summed up. */
  timeMs = 0;

  add(bytes: number, timeMs: number): void {
    this.count++;
    this.bytes += bytes;
    this.timeMs += timeMs;
  }
}

/** A write that is on the disk when it answers is a sync, too. */
export class DiskStatistics {
  readonly read = new CallStatistics();
  readonly write = new CallStatistics();
  readonly sync = new CallStatistics();
}
