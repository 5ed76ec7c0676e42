// The selected rows of a table, kept across pages, scrolling and refreshes.

import { useCallback, useMemo, useState } from "react";

export interface Selection<Item> {
  readonly items: ReadonlyMap<string, Item>;
  readonly has: (item: Item) => boolean;
  /** Always the same function, so that rows are not rendered again for it. */
  readonly toggle: (items: readonly Item[], selected: boolean) => void;
  readonly clear: () => void;
}

/** An empty selection of rows told apart by `rowKey`. */
export function useSelection<Item>(rowKey: (item: Item) => string): Selection<Item> {
  const [items, setItems] = useState<ReadonlyMap<string, Item>>(new Map());
  const toggle = useCallback(
    (changed: readonly Item[], selected: boolean) =>
      setItems((last) => {
        const next = new Map(last);
        for (const item of changed) {
          if (selected) next.set(rowKey(item), item);
          else next.delete(rowKey(item));
        }
        return next;
      }),
    [rowKey],
  );
  return useMemo(
    () => ({
      items,
      has: (item) => items.has(rowKey(item)),
      toggle,
      clear: () => setItems(new Map()),
    }),
    [items, rowKey, toggle],
  );
}
