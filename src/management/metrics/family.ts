// The vocabulary of the metrics tables: families of samples in Prometheus' text format.

export type FamilyType = "counter" | "gauge";

/** One family over objects of one kind: a line per object, or one line with the sum. */
export interface Family<T> {
  /** Without the prefix `rabbitmq_`. */
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  read(object: T): number;
}

export function gauge<T>(name: string, help: string, read: (object: T) => number): Family<T> {
  return { name, type: "gauge", help, read };
}

export function counter<T>(name: string, help: string, read: (object: T) => number): Family<T> {
  return { name: `${name}_total`, type: "counter", help, read };
}

/** `{a="x",b="y"}`, or nothing. */
export function labelsText(labels: readonly (readonly [string, string])[]): string {
  if (labels.length === 0) return "";
  return `{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",")}}`;
}

function escapeLabel(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

export function headerText(
  prefix: string,
  { name, type, help }: Pick<Family<never>, "name" | "type" | "help">,
): string {
  return `# TYPE ${prefix}${name} ${type}\n# HELP ${prefix}${name} ${help}\n`;
}
