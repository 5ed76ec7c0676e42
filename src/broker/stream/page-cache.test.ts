import { expect, test } from "vitest";
import { FakeClock } from "../../env/fake-clock.ts";
import { PagePool } from "../../lib/page-pool.ts";
import { TimerWheel } from "../../lib/timer-wheel.ts";
import { Turn } from "../flow/turn.ts";
import { Page, PageState } from "../queue/page.ts";
import type { PageBudget } from "../queue/page-budget.ts";
import type { QueuePages } from "../queue/queue-pages.ts";
import { StreamPageCache } from "./page-cache.ts";

const MIB = 1_048_576;

test("pages that have just been written stay for readers, as many as the cache may hold", () => {
  const clock = new FakeClock();
  const cache = new StreamPageCache(
    new PagePool(0, 128 * MIB),
    new Turn(clock),
    new TimerWheel(clock),
  );
  let sent = 0;
  const sendOut = (page: Page): void => {
    sent++;
    cache.residentBytes -= page.sizeBytes;
  };
  for (let i = 0; i < 34; i++) {
    const page = new Page({ isRead: false, isNear: () => false, sendOut } as unknown as QueuePages);
    Object.assign(page, { handle: i, state: PageState.sealed, sizeBytes: MIB });
    cache.residentBytes += MIB;
    cache.addCandidate(page);
    (cache as PageBudget).onWritten(page);
    clock.runFor(5);
    expect(sent).toBe(Math.max(0, i + 1 - 32));
  }
});
