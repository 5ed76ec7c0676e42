// A bar on the terminal while something long goes on; nothing where nobody watches.

const WIDTH = 30;
const PERCENT = 100;
/** What is over sooner shows no bar. */
const QUIET_MS = 500;
const LOOK_EVERY_MS = 200;

export interface ProgressOptions {
  /** Undefined: nobody watches. */
  readonly write: ((text: string) => void) | undefined;
  readonly label: string;
  /** How much is done, 0 to 1; asked every now and then. */
  readonly fraction: () => Promise<number>;
}

/** Waits for `work`, showing how far it is. Answers what `work` answers; a failed look is no error. */
export async function withProgress<T>(work: Promise<T>, options: ProgressOptions): Promise<T> {
  const { write, label, fraction } = options;
  if (write === undefined) return work;
  const begunMs = Date.now();
  let isShown = false;
  let isOver = false;
  const look = async () => {
    if (isOver || Date.now() - begunMs < QUIET_MS) return;
    const done = await fraction().catch(() => undefined);
    if (isOver || done === undefined) return;
    isShown = true;
    write(`\r${label} ${bar(done)}`);
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  try {
    return await work;
  } finally {
    isOver = true;
    clearInterval(timer);
    // The line is cleared: what follows begins at its start.
    if (isShown) write(`\r${" ".repeat(label.length + WIDTH + "  100%".length + 2)}\r`);
  }
}

/** "##########--------------------  33%". */
export function bar(fraction: number): string {
  const done = Math.min(1, Math.max(0, fraction));
  const filled = Math.round(done * WIDTH);
  const percent = `${Math.floor(done * PERCENT)}%`.padStart(5);
  return `${"#".repeat(filled)}${"-".repeat(WIDTH - filled)}${percent}`;
}
