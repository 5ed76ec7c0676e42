// The types a configuration value can have: how each is read from text, shown again, and named in the reference.

import { Secret } from "../lib/secret.ts";
import { ValueError } from "./config-error.ts";

export interface ValueType<T> {
  /** As the reference page calls it. */
  readonly name: string;
  /** Throws ValueError: "must be …". */
  parse(text: string): T;
  show(value: T): string;
}

/** Where a listener binds; `host` undefined = every address. */
export interface Address {
  readonly host: string | undefined;
  /** 0 = any free port. */
  readonly port: number;
}

/** A watermark: a share of what the machine has, or bytes. */
export type Watermark = { readonly relative: number } | { readonly bytes: number };

export function integer(minimum: number, maximum = Number.MAX_SAFE_INTEGER): ValueType<number> {
  const range = maximum === Number.MAX_SAFE_INTEGER ? `≥ ${minimum}` : `${minimum} to ${maximum}`;
  return {
    name: `integer (${range})`,
    parse(text) {
      const value = Number(text);
      if (!/^-?\d+$/.test(text) || value < minimum || value > maximum) {
        throw new ValueError(`must be a whole number, ${range}`);
      }
      return value;
    },
    show: String,
  };
}

export const boolean: ValueType<boolean> = {
  name: "true or false",
  parse(text) {
    if (text === "true" || text === "on") return true;
    if (text === "false" || text === "off") return false;
    throw new ValueError("must be true or false");
  },
  show: String,
};

export const text: ValueType<string> = { name: "text", parse: (value) => value, show: String };

export const path: ValueType<string> = { name: "path", parse: (value) => value, show: String };

export const secret: ValueType<Secret> = {
  name: "secret",
  parse(value) {
    if (value.startsWith("encrypted:")) {
      throw new ValueError(
        "is encrypted with RabbitMQ's passphrase, which cannot be read here: give the plain value, or $(VARIABLE)",
      );
    }
    return new Secret(value);
  },
  show: String,
};

export function oneOf<const T extends string>(...choices: readonly T[]): ValueType<T> {
  return {
    name: choices.map((choice) => `\`${choice}\``).join(", "),
    parse(value) {
      const found = choices.find((choice) => choice === value);
      if (found === undefined) throw new ValueError(`must be one of ${choices.join(", ")}`);
      return found;
    },
    show: String,
  };
}

/** Either the one word, read as undefined ("no limit"), or the inner type. */
export function orWord<T>(word: string, inner: ValueType<T>): ValueType<T | undefined> {
  return {
    name: `${inner.name}, or \`${word}\``,
    parse: (value) => (value === word ? undefined : inner.parse(value)),
    show: (value) => (value === undefined ? word : inner.show(value)),
  };
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  ...unitsOf("k", 1),
  ...unitsOf("m", 2),
  ...unitsOf("g", 3),
  ...unitsOf("t", 4),
  ...unitsOf("p", 5),
};

/** As RabbitMQ reads them: K, Ki and KiB are 1024, KB is 1000. */
function unitsOf(letter: string, power: number): Record<string, number> {
  const binary = 1024 ** power;
  return {
    [letter]: binary,
    [`${letter}i`]: binary,
    [`${letter}ib`]: binary,
    [`${letter}b`]: 1000 ** power,
  };
}

export const size: ValueType<number> = {
  name: "size (`512MiB`, `2GB`, bytes)",
  parse(value) {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value);
    const unit = UNITS[(match?.[2] ?? "").toLowerCase()];
    if (match === null || unit === undefined) {
      throw new ValueError("must be a size such as 512MiB, 2GB or a number of bytes");
    }
    return Math.floor(Number(match[1]) * unit);
  },
  show: String,
};

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A plain number counts in `unit`, as in RabbitMQ; a suffix (ms, s, m, h, d) says otherwise. Yields `unit`. */
export function duration(unit: "ms" | "s"): ValueType<number> {
  const unitMs = unit === "ms" ? 1 : 1_000;
  return {
    name: `duration (number of ${unit}, or \`30s\`, \`5m\`, \`2h\`)`,
    parse(value) {
      const match = /^(\d+)\s*(ms|s|m|h|d)?$/.exec(value);
      if (match === null)
        throw new ValueError(`must be a number of ${unit}, or one with a unit, such as 30s`);
      const factor = match[2] === undefined ? unitMs : DURATION_UNITS_MS[match[2]]!;
      return Math.ceil((Number(match[1]) * factor) / unitMs);
    },
    show: String,
  };
}

export const fraction: ValueType<number> = {
  name: "fraction (0 to 1)",
  parse(value) {
    const parsed = Number(value);
    if (!/^\d*\.?\d+$/.test(value) || parsed < 0 || parsed > 1)
      throw new ValueError("must be between 0 and 1");
    return parsed;
  },
  show: String,
};

/** RabbitMQ allows disk_free_limit.relative above 1 (times the memory). */
export const factor: ValueType<number> = {
  name: "factor (≥ 0)",
  parse(value) {
    if (!/^\d*\.?\d+$/.test(value)) throw new ValueError("must be a number, 0 or more");
    return Number(value);
  },
  show: String,
};

const ADDRESS_HELP = "must be a port, or address:port such as 127.0.0.1:5672 or [::1]:5672";

export const address: ValueType<Address> = {
  name: "port, or address:port",
  parse(value) {
    const match = /^(?:(.*):)?(\d{1,5})$/.exec(value);
    const port = Number(match?.[2]);
    if (match === null || port > 65_535) throw new ValueError(ADDRESS_HELP);
    const host = match[1]?.replace(/^\[(.*)\]$/, "$1");
    if (host !== undefined && !/^[\w.:%-]*$/.test(host)) {
      throw new ValueError(ADDRESS_HELP);
    }
    return { host: host === undefined || host === "" ? undefined : host, port };
  },
  show(value) {
    if (value.host === undefined) return String(value.port);
    return value.host.includes(":")
      ? `[${value.host}]:${value.port}`
      : `${value.host}:${value.port}`;
  },
};

/** A regular expression; kept as its source, compiled by whoever matches (with the limits that guard it). */
export const pattern: ValueType<string> = {
  name: "regular expression",
  parse(value) {
    try {
      new RegExp(value, "u");
    } catch {
      try {
        new RegExp(value);
      } catch (error) {
        throw new ValueError(`is not a regular expression: ${(error as Error).message}`);
      }
    }
    return value;
  },
  show: String,
};

/** Words separated by commas or spaces. */
export const words: ValueType<readonly string[]> = {
  name: "words separated by commas",
  parse: (value) => value.split(/[\s,]+/).filter((word) => word !== ""),
  show: (value) => value.join(","),
};
