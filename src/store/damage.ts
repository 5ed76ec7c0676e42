// What recovery found wrong on disk, for the log, the inspection command and the metrics.

/** Bytes that are not what was written, and what that cost. */
export interface Damage {
  readonly file: string;
  readonly fromOffset: number;
  readonly toOffset: number;
  /** One clause for people: what is lost, or that nothing is. */
  readonly effect: string;
}

/** Only the checksums of a page were hit. */
export const GUARD_DAMAGED = "nothing more is lost: what is damaged there guards a page";

export function damageText({ file, fromOffset, toOffset, effect }: Damage): string {
  return `${file} is damaged between bytes ${fromOffset} and ${toOffset}: ${effect}`;
}
