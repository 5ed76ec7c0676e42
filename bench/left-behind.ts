// A bench that is ended from outside ends what it has started, and leaves no directory behind.

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

const endings = new Set<() => void>();

function endAll(): void {
  // The latest first: who writes in a directory ends before it goes.
  for (const end of [...endings].reverse()) {
    try {
      end();
    } catch {
      // It is gone already.
    }
  }
}

for (const [signal, number] of Object.entries(SIGNALS)) {
  process.once(signal, () => {
    endAll();
    process.exit(128 + number);
  });
}

/** `end`, which must do all at once, is called when this process is told to end. Answers how to forget it. */
export function endWithUs(end: () => void): () => void {
  endings.add(end);
  return () => endings.delete(end);
}
