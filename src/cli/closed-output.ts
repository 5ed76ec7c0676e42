// What a command does when whoever read its output has gone, as `head` does.

/** What shells show for a program that a closed pipe ended. */
const BROKEN_PIPE = 141;

/** From now on the process ends without a word when its output is written and nobody reads on. */
export function endWhenNobodyReads(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(BROKEN_PIPE);
  });
}
