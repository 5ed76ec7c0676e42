// A part of a page that folds, and stays folded on the next visit.

import { type ReactNode, useId } from "react";
import { useSetting } from "../settings/settings.ts";

export interface SectionProps {
  /** Remembers folding under this name. */
  readonly id: string;
  readonly title: string;
  /** Controls at the right of the title, shown while unfolded. */
  readonly side?: ReactNode;
  readonly folded?: boolean;
  readonly children: ReactNode;
}

export function Section({ id, title, side, folded = false, children }: SectionProps) {
  const [isFolded, setFolded] = useSetting(`folded.${id}`, folded);
  const bodyId = useId();
  return (
    <section className="section" aria-label={title}>
      <div className="section-head">
        <h2 className="section-title">
          <button
            type="button"
            className="section-toggle"
            aria-expanded={!isFolded}
            aria-controls={bodyId}
            onClick={() => setFolded(!isFolded)}
          >
            {title}
          </button>
        </h2>
        {!isFolded && side && <div className="section-side">{side}</div>}
      </div>
      <div className="section-body" id={bodyId} hidden={isFolded}>
        {!isFolded && children}
      </div>
    </section>
  );
}
