// Writes recorded.json: what RabbitMQ answers to lines.txt. Needs a RabbitMQ that is installed here; run it with
// `tsx test/process/command-lines/record.ts` when lines.txt has changed.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRabbitMq } from "../../conformance/real-rabbitmq.ts";
import { normalised, readLines, runLine, runLines } from "./run-lines.ts";

const rabbit = await startRabbitMq({
  plugins: ["rabbitmq_management"],
  configuration: ["management.tcp.port = 0"],
  nodeName: "rabbit@localhost",
});
try {
  const place = {
    programs: rabbit.programs,
    env: rabbit.env,
    outputFile: join(mkdtempSync(join(tmpdir(), "leveret-record-")), "out"),
  };
  const answers = await runLines(readLines(), rabbit.url, (line) => runLine(line, place));
  const recorded = answers.map(({ stdout, stderr, ...rest }) => ({
    ...rest,
    stdout: normalised(stdout, rest.line),
    stderr: normalised(stderr, rest.line),
  }));
  const file = new URL("recorded.json", import.meta.url);
  writeFileSync(file, `${JSON.stringify(recorded, null, 2)}\n`);
  process.stdout.write(`${recorded.length} lines recorded\n`);
} finally {
  await rabbit.stop();
}
