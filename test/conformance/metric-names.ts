// What a scrape consists of: names of metrics, their types and the names of their labels. Values are left out.

export interface MetricFacts {
  readonly type: string;
  /** Of all samples, without those a histogram adds itself. */
  readonly labels: readonly string[];
}

/** By name, as samples carry it; a name that is announced but has no sample has no labels. */
export function metricFacts(text: string): Record<string, MetricFacts> {
  const types = new Map<string, string>();
  const labels = new Map<string, Set<string>>();
  for (const line of text.split("\n")) {
    const announced = /^# TYPE (\S+) (\S+)/.exec(line);
    if (announced !== null) types.set(announced[1]!, announced[2]!);
    const sample = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line);
    if (sample === null) continue;
    const own = labels.get(sample[1]!) ?? new Set();
    for (const [, name] of (sample[2] ?? "").matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) own.add(name!);
    labels.set(sample[1]!, own);
  }
  const facts: Record<string, MetricFacts> = {};
  for (const name of [...new Set([...types.keys(), ...labels.keys()])].sort()) {
    facts[name] = { type: types.get(name) ?? "", labels: [...(labels.get(name) ?? [])].sort() };
  }
  return facts;
}
