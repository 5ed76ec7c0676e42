// `npm run pictures`: the pictures of docs/ui.md, made small from those the browser tests have left in test-output/.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { root } from "./set-up.mjs";

/** By their names in test-output/browser. */
const PICTURES = [
  ...["overview", "queues-dark", "queue-messages", "topology", "playground", "queue-dead-letters"],
  ...["queue-settings", "queue-dark", "narrow-queues"],
  ...["queue-arguments-changed", "stream", "tap-events", "timeline-steps"],
];
const QUALITY = 0.8;

const target = join(root, "docs", "pictures");
mkdirSync(target, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu"],
});
const page = await browser.newPage();
for (const name of PICTURES) {
  const png = readFileSync(join(root, "test-output", "browser", `${name}.png`)).toString("base64");
  const webp = await page.evaluate(
    async ({ source, quality }) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.getContext("2d").drawImage(image, 0, 0);
      return canvas.toDataURL("image/webp", quality);
    },
    { source: `data:image/png;base64,${png}`, quality: QUALITY },
  );
  writeFileSync(join(target, `${name}.webp`), Buffer.from(webp.split(",")[1], "base64"));
}
await browser.close();
