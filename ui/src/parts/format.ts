// Numbers, sizes, times and durations as people read them.

/** What stands for nothing. */
export const DASH = "–";
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

/** 1,234,567; a dash while unknown (RabbitMQ's UI shows NaN). */
export function count(value: number | undefined | null): string {
  return isNumber(value) ? whole.format(value) : DASH;
}

/** Per second: two digits below 10, none above 100. */
export function rate(value: number | undefined | null): string {
  return isNumber(value) ? `${quantity(value)}/s` : DASH;
}

/** A number with about three digits. */
export function quantity(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 10) return value.toFixed(2);
  return size < 100 ? short.format(value) : whole.format(value);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** 1.5 MiB. */
export function bytes(value: number | undefined | null): string {
  if (!isNumber(value)) return DASH;
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? whole.format(size) : short.format(size)} ${UNITS[unit]}`;
}

/** 1.5 MiB/s. */
export function byteRate(value: number | undefined | null): string {
  return isNumber(value) ? `${bytes(value)}/s` : DASH;
}

/** 3 d 4 h, 5 m 10 s. */
export function duration(milliseconds: number | undefined | null): string {
  if (!isNumber(milliseconds)) return DASH;
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
  if (seconds < 86_400)
    return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} m`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** 2026-11-21 02:31:08, in the person's time zone. */
export function dateTime(milliseconds: number | undefined | null): string {
  if (!isNumber(milliseconds)) return DASH;
  const date = new Date(milliseconds);
  return `${day(date)} ${clock(milliseconds)}`;
}

/** 02:31:08. */
export function clock(milliseconds: number): string {
  return new Date(milliseconds).toTimeString().slice(0, 8);
}

function day(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** 45 %. */
export function percent(fraction: number | undefined | null): string {
  return isNumber(fraction) ? `${Math.round(fraction * 100)} %` : DASH;
}

/** Yes or no, a dash while unknown. */
export function yesNo(value: boolean | undefined | null): string {
  if (value === undefined || value === null) return DASH;
  return value ? "yes" : "no";
}

/** Any argument value as one line of text. */
export function value(item: unknown): string {
  if (item === undefined || item === null) return DASH;
  if (typeof item === "string") return item;
  if (typeof item === "bigint") return item.toString();
  if (typeof item === "object") return JSON.stringify(item, bigintAsDigits);
  return String(item);
}

function bigintAsDigits(_key: string, item: unknown): unknown {
  return typeof item === "bigint" ? item.toString() : item;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
