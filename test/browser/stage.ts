// What every browser test stands on: a broker, the pages it serves, and Debian's chromium looking at them.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { LeveretProcess } from "../process/leveret-process.ts";
import { serveUi } from "./ui-server.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const axeSource = readFileSync(
  createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
  "utf8",
);

/** Where pictures are kept after the run. */
export const OUTPUT = join(root, "test-output", "browser");

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const CHROMIUM_FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-dev-shm-usage",
];

/** Why browser tests cannot run here; undefined when they can. */
export const obstacle = existsSync(CHROMIUM)
  ? undefined
  : `there is no chromium at ${CHROMIUM} (install it, or name one in CHROMIUM)`;

export interface StageOptions {
  /** More arguments for the broker. */
  readonly brokerArguments?: readonly string[];
  /** Where it keeps its data; in memory only unless given. */
  readonly dataDirectory?: string;
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
  /** Shown without a login. */
  readonly anonymous?: boolean;
}

export class Stage {
  /** The pages, with a slash at the end. */
  readonly url: string;
  readonly amqpUrl: string;
  /** False when LEVERET_BROWSER_API names another broker to look at. */
  readonly isLeveret: boolean;
  readonly #browser: Browser;
  readonly #closers: (() => Promise<unknown>)[];
  #broker: LeveretProcess | undefined;

  private constructor(options: {
    url: string;
    amqpUrl: string;
    isLeveret: boolean;
    browser: Browser;
    closers: (() => Promise<unknown>)[];
  }) {
    this.url = options.url;
    this.amqpUrl = options.amqpUrl;
    this.isLeveret = options.isLeveret;
    this.#browser = options.browser;
    this.#closers = options.closers;
  }

  /** Starts everything. LEVERET_BROWSER_API and LEVERET_BROWSER_AMQP name a RabbitMQ to use instead. */
  static async open({ brokerArguments = [], dataDirectory }: StageOptions = {}): Promise<Stage> {
    mkdirSync(OUTPUT, { recursive: true });
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
    const { LEVERET_BROWSER_API: api, LEVERET_BROWSER_AMQP: amqpUrl } = process.env;
    if (api !== undefined && amqpUrl !== undefined) {
      const server = await serveUi(join(root, "dist", "ui"), new URL(api));
      const closers = [() => server.close()];
      return new Stage({ url: server.url, amqpUrl, isLeveret: false, browser, closers });
    }
    const storage = dataDirectory === undefined ? ["--in-memory"] : ["--data-dir", dataDirectory];
    const ports = ["--amqp-port", "0", "--http-port", "0"];
    const broker = LeveretProcess.start(...storage, ...ports, ...brokerArguments);
    const url = `http://localhost:${await broker.port("http")}/`;
    const amqp = `amqp://guest:guest@localhost:${await broker.port("amqp")}`;
    const closers = [() => broker.kill()];
    const stage = new Stage({ url, amqpUrl: amqp, isLeveret: true, browser, closers });
    stage.#broker = broker;
    return stage;
  }

  /** Between the two the broker does nothing at all: what a page shows of something short stays to be looked at. */
  freeze(): void {
    this.#broker?.signal("SIGSTOP");
  }
  thaw(): void {
    this.#broker?.signal("SIGCONT");
  }

  async close(): Promise<void> {
    await this.#browser.close();
    for (const close of this.#closers) await close();
  }

  /** A request to the API as guest; throws unless it succeeds. */
  async api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}api${path}`, {
      method,
      headers: { authorization: `Basic ${btoa("guest:guest")}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Whether the API knows a path. */
  async knows(path: string): Promise<boolean> {
    const response = await fetch(`${this.url}api${path}`, {
      headers: { authorization: `Basic ${btoa("guest:guest")}` },
    });
    await response.body?.cancel();
    return response.status !== 404;
  }

  /** A page of its own, logged in as guest, whose errors and policy reports are noted. */
  async newView(options: PageOptions = {}): Promise<View> {
    const context = await this.#browser.newContext({
      viewport: { width: options.width ?? 1280, height: options.height ?? 900 },
      colorScheme: options.dark ? "dark" : "light",
      reducedMotion: "reduce",
      acceptDownloads: true,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const view = new View(page, this.url);
    await view.watch();
    await page.goto(`${this.url}#/`);
    if (!options.anonymous) await view.logIn("guest", "guest");
    return view;
  }
}

export interface AxeFinding {
  readonly rule: string;
  readonly impact: string;
  readonly where: readonly string[];
}

/** One page of the browser. */
export class View {
  readonly page: Page;
  readonly #url: string;
  /** Script errors, refused content and failed policies since it was opened. */
  readonly problems: string[] = [];

  constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
  }

  async watch(): Promise<void> {
    const note = (text: string): void => void this.problems.push(text);
    this.page.on("pageerror", (error) => note(`script error: ${error.message}`));
    this.page.on("console", (line) => {
      // Chromium logs every answer that is not a success; pages handle those themselves.
      if (line.type() === "error" && !line.text().startsWith("Failed to load resource")) {
        note(`console: ${line.text()}`);
      }
    });
    await this.page.exposeFunction("noteProblem", note);
    await this.page.addInitScript(() => {
      const noteProblem = (window as unknown as { noteProblem: (text: string) => void })
        .noteProblem;
      window.addEventListener("securitypolicyviolation", (event) =>
        noteProblem(`policy: ${event.violatedDirective} ${event.blockedURI}`),
      );
      window.alert = (text) => noteProblem(`alert: ${text}`);
    });
  }

  async logIn(name: string, password: string): Promise<void> {
    await this.page.locator("input[name=user]").fill(name);
    await this.page.locator("input[name=password]").fill(password);
    await this.page.getByRole("button", { name: "Log in" }).click();
    await this.page.waitForSelector("h1.page-title");
  }

  /** Shows the page at a path such as /queues and waits until it has loaded what it shows. */
  async goTo(path: string): Promise<void> {
    const target = `${this.#url}#${path}`;
    const isElsewhere = this.page.url() !== target;
    const main = this.page.locator("main");
    const before = isElsewhere ? await main.getAttribute("data-at") : undefined;
    await this.page.goto(target);
    await this.page.waitForFunction((last) => {
      const now = document.querySelector("main")?.getAttribute("data-at");
      return now !== null && now !== undefined && now !== last;
    }, before);
    await this.settled();
  }

  async settled(): Promise<void> {
    await this.page.waitForSelector("h1.page-title");
    await this.page.waitForFunction(
      () => document.querySelector("[aria-busy=true], .mantine-Loader-root") === null,
    );
  }

  button(name: string | RegExp) {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** The open dialog. */
  get dialog() {
    return this.page.getByRole("dialog");
  }

  /** Opens a form, fills it by labels and sends it; waits until it has closed. */
  async fillForm(
    opener: string,
    values: Readonly<Record<string, string | boolean>>,
    submit: string,
  ) {
    await this.button(opener).first().click();
    await this.fillDialog(values);
    await this.dialog.getByRole("button", { name: submit, exact: true }).click();
    await this.dialog.waitFor({ state: "hidden" });
  }

  async fillDialog(values: Readonly<Record<string, string | boolean>>): Promise<void> {
    for (const [label, value] of Object.entries(values)) {
      const field = this.dialog.getByLabel(label, { exact: true }).or(
        // The asterisk of needed fields is part of the label.
        this.dialog.getByLabel(`${label} *`, { exact: true }),
      );
      if (typeof value === "boolean") await field.setChecked(value);
      else if ((await field.first().evaluate((node) => node.tagName)) === "SELECT") {
        await field.first().selectOption({ label: value });
      } else await field.first().fill(value);
    }
  }

  /** Answers the question that is asked before something is destroyed. */
  async sayYes(action: string): Promise<void> {
    await this.dialog.getByRole("button", { name: action, exact: true }).click();
    await this.dialog.waitFor({ state: "hidden" });
  }

  /** Waits for the message in the corner. */
  async told(text: string | RegExp): Promise<void> {
    await this.page.getByRole("alert").filter({ hasText: text }).first().waitFor();
  }

  async shot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(OUTPUT, `${name}.png`) });
  }

  /** What axe finds wrong with the page as it is. */
  async axe(): Promise<readonly AxeFinding[]> {
    await this.page.evaluate(axeSource);
    return this.page.evaluate(async () => {
      type Node = { html: string };
      type Violation = { id: string; impact: string; nodes: Node[] };
      type Axe = { run: (root: Document, options: object) => Promise<{ violations: Violation[] }> };
      const { axe } = window as unknown as { axe: Axe };
      const { violations } = await axe.run(document, { resultTypes: ["violations"] });
      return violations.map(({ id, impact, nodes }) => ({
        rule: id,
        impact,
        where: nodes.map((node) => node.html.slice(0, 200)),
      }));
    });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
