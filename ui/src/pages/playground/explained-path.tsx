// An explanation as a tree of exchanges and bindings, those that match lit.

import type { ExplainedBinding, ExplainedExchange } from "../../api/beyond.ts";
import { linkTo } from "../../parts/links.ts";
import { TextLink } from "../../table/stat-columns.tsx";
import { playground as texts } from "../../texts/explore.ts";
import { words } from "../../texts/words.ts";
import classes from "./playground.module.css";

export interface ExplainedPathProps {
  readonly exchange: ExplainedExchange;
  readonly vhost: string;
}

export function ExplainedPath({ exchange, vhost }: ExplainedPathProps) {
  const name = exchange.exchange || words.defaultExchange;
  return (
    <div className={classes.exchange}>
      <strong>
        <TextLink href={linkTo.exchange(vhost, exchange.exchange)}>{name}</TextLink>
      </strong>{" "}
      {exchange.type && <span className="chip">{exchange.type}</span>}{" "}
      {exchange.repeated && <em>{texts.repeated}</em>}
      {exchange.missing && <em>{texts.missing}</em>}
      {exchange.bindings.length === 0 && !exchange.repeated && !exchange.missing && (
        <div className="dimmed">{texts.noBindings}</div>
      )}
      <ul className={classes.bindings}>
        {exchange.bindings.map((binding, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two bindings may differ in their arguments only
          <BindingLine key={index} binding={binding} vhost={vhost} />
        ))}
      </ul>
      {exchange.alternate && (
        <div className={classes.alternate}>
          <p>{texts.alternate}</p>
          <ExplainedPath exchange={exchange.alternate} vhost={vhost} />
        </div>
      )}
    </div>
  );
}

function BindingLine({ binding, vhost }: { binding: ExplainedBinding; vhost: string }) {
  const { destination, destination_type: kind, matched } = binding;
  const href =
    kind === "queue" ? linkTo.queue(vhost, destination) : linkTo.exchange(vhost, destination);
  return (
    <li data-matched={matched} className={classes.binding}>
      <span className={classes.mark}>{matched ? texts.matched : texts.notMatched}</span>{" "}
      <TextLink href={href}>{destination}</TextLink>{" "}
      {binding.routing_key !== "" && (
        <span className="mono">{texts.key2(binding.routing_key)}</span>
      )}
      <div className="dimmed small">{binding.why}</div>
      {binding.next && <ExplainedPath exchange={binding.next} vhost={vhost} />}
    </li>
  );
}
