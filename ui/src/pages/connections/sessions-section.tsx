// The sessions and links of an AMQP 1.0 connection.

import { apiPath } from "../../api/client.ts";
import { useApi } from "../../api/query.ts";
import type { Arguments } from "../../api/types.ts";
import { ArgumentList, type Fact, Facts } from "../../parts/facts.tsx";
import { count } from "../../parts/format.ts";
import { Loaded } from "../../parts/page.tsx";
import { Section } from "../../parts/section.tsx";
import { connections } from "../../texts/connections.ts";

const texts = connections.session;

interface Session {
  readonly channel_number: number;
  readonly handle_max?: number;
  readonly incoming_window?: number;
  readonly outgoing_window?: number;
  readonly outgoing_unsettled_deliveries?: number;
  readonly incoming_links?: readonly Arguments[];
  readonly outgoing_links?: readonly Arguments[];
}

export function SessionsSection({ connection }: { connection: string }) {
  const result = useApi<readonly Session[]>(apiPath("connections", connection, "sessions"));
  return (
    <Section id="connection.sessions" title={connections.sessions}>
      <Loaded result={result}>
        {(sessions) =>
          sessions.map((session) => (
            <div key={session.channel_number} className="rows">
              <Facts items={factsOf(session)} />
              {[...(session.incoming_links ?? []), ...(session.outgoing_links ?? [])].map(
                (link) => (
                  <ArgumentList key={`${link.handle}/${link.link_name}`} items={link} />
                ),
              )}
            </div>
          ))
        }
      </Loaded>
    </Section>
  );
}

function factsOf(session: Session): Fact[] {
  return [
    [texts.number, String(session.channel_number)],
    [texts.handleMax, count(session.handle_max)],
    [texts.incomingWindow, count(session.incoming_window)],
    [texts.outgoingWindow, count(session.outgoing_window)],
    [texts.unsettled, count(session.outgoing_unsettled_deliveries)],
  ];
}
