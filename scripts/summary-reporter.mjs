// A vitest reporter whose last line counts the tests: "N passed, M failed, K skipped".

export default class SummaryReporter {
  onTestRunEnd(testModules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const testModule of testModules) {
      // A file that does not load has no tests, and has failed.
      if (testModule.state() === "failed" && testModule.children.size === 0) counts.failed++;
      for (const test of testModule.children.allTests()) {
        const { state } = test.result();
        counts[state === "pending" ? "skipped" : state]++;
      }
    }
    const { passed, failed, skipped } = counts;
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  }
}
