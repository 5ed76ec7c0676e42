// What `npm test` runs. A new suite is one row here and one npm script of the same name in package.json, which
// prints "N passed, M failed, K skipped" as its last line (vitest does with scripts/summary-reporter.mjs).

/**
 * @typedef {object} Suite
 * @property {string} script the npm script
 * @property {number} budgetSeconds it is ended, and has failed, after this long
 * @property {readonly string[]} [packages] Debian packages it needs; installed first where that is possible
 * @property {boolean} [isCheck] counts as one test, by its exit code
 * @property {boolean} [isTimed] measures time: runs alone, after the others
 */

/** @type {readonly Suite[]} */
export const suites = [
  { script: "check:format", budgetSeconds: 60, isCheck: true },
  { script: "check:types", budgetSeconds: 120, isCheck: true },
  { script: "check:tidy", budgetSeconds: 30, isCheck: true },
  { script: "test:unit", budgetSeconds: 300 },
  { script: "test:simulation", budgetSeconds: 420 },
  { script: "test:simulation:bugs", budgetSeconds: 420 },
  { script: "test:crash", budgetSeconds: 300 },
  { script: "test:backlog", budgetSeconds: 120 },
  { script: "test:simulation:calls", budgetSeconds: 180 },
  { script: "test:damage", budgetSeconds: 420 },
  { script: "test:upgrade", budgetSeconds: 60 },
  { script: "test:golden", budgetSeconds: 60 },
  { script: "test:messaging", budgetSeconds: 180 },
  // Of those that need packages the longest begin first: they would go on alone when all others have ended.
  { script: "test:browser", budgetSeconds: 360, packages: ["chromium"] },
  { script: "test:process", budgetSeconds: 240, packages: ["slapd"] },
  { script: "test:conformance", budgetSeconds: 180 },
  { script: "test:differential", budgetSeconds: 240, packages: ["rabbitmq-server"] },
  { script: "test:clients:npm", budgetSeconds: 240 },
  {
    script: "test:clients:debian",
    budgetSeconds: 300,
    packages: [
      ...["python3-pika", "python3-kombu", "celery", "python3-aio-pika"],
      ...["amqp-tools", "ruby-bunny", "php-cli", "php-amqp"],
      ...["librabbitmq-client-java", "default-jdk-headless", "nagios-plugins-rabbitmq"],
      ...["golang-github-rabbitmq-amqp091-go-dev", "golang-go", "rabbitmq-server"],
    ],
  },
  { script: "test:examples", budgetSeconds: 120, packages: ["celery"] },
  { script: "test:clients:seeds", budgetSeconds: 300, packages: ["python3-pika"] },
];
