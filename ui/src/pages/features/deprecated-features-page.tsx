// Deprecated features and whether they still work here.

import { useApi } from "../../api/query.ts";
import { State } from "../../parts/facts.tsx";
import { Empty, Loaded, Page } from "../../parts/page.tsx";
import type { Column } from "../../table/columns.ts";
import { DataTable } from "../../table/data-table.tsx";
import { textColumn } from "../../table/stat-columns.tsx";
import { features as texts } from "../../texts/admin.ts";

interface DeprecatedFeature {
  readonly name: string;
  readonly desc?: string;
  readonly deprecation_phase?: string;
  readonly state?: string;
  readonly provided_by?: string;
}

const columns: readonly Column<DeprecatedFeature>[] = [
  textColumn("name", texts.name),
  textColumn("deprecation_phase", texts.phase),
  {
    id: "state",
    header: texts.state,
    value: (item) => item.state,
    cell: (item) => (
      <State text={item.state ?? ""} tone={item.state === "permitted" ? "good" : "warn"} />
    ),
  },
  textColumn("desc", texts.description),
  textColumn("provided_by", texts.provider, { hidden: true }),
];

const featureKey = (item: DeprecatedFeature): string => item.name;

export default function DeprecatedFeaturesPage() {
  const result = useApi<readonly DeprecatedFeature[]>("/deprecated-features");
  return (
    <Page title={texts.deprecatedTitle}>
      <Loaded result={result} missing={<Empty title={texts.deprecatedNotHere} />}>
        {(items) => (
          <DataTable
            id="deprecated-features"
            label={texts.deprecatedLabel}
            source={{ kind: "local", items }}
            columns={columns}
            rowKey={featureKey}
            defaultSort={{ id: "name", desc: false }}
            empty={<Empty title={texts.deprecatedNone} />}
          />
        )}
      </Loaded>
    </Page>
  );
}
