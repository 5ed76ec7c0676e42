// The head of a page and the states a page can be in besides showing its content.

import { Button, Loader, VisuallyHidden } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useId, useState } from "react";
import { ApiError } from "../api/client.ts";
import { words } from "../texts/words.ts";

export interface PageProps {
  readonly title: string;
  /** What kind of thing this is and where it lives, above the title. */
  readonly crumb?: ReactNode;
  readonly actions?: ReactNode;
  /** On a telephone many actions are behind one button. */
  readonly manyActions?: boolean;
  readonly children: ReactNode;
}

export function Page({ title, crumb, actions, manyActions, children }: PageProps) {
  useEffect(() => {
    document.title = words.page(title);
  }, [title]);
  return (
    <>
      <div className="page-head">
        <div>
          {crumb && <div className="page-crumb">{crumb}</div>}
          <h1 className="page-title">{title}</h1>
        </div>
        {actions &&
          (manyActions ? <FoldedActions>{actions}</FoldedActions> : <Actions>{actions}</Actions>)}
      </div>
      {children}
    </>
  );
}

function Actions({ children }: { children: ReactNode }) {
  return <div className="page-actions">{children}</div>;
}

/** Styles decide whether there is a button: a dialog that an action has opened outlives turning the telephone. */
function FoldedActions({ children }: { children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <>
      <div className="page-actions-toggle">
        <Button
          size="xs"
          variant="default"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
        >
          {words.actions}
        </Button>
      </div>
      <div className="page-actions page-actions-folding" id={id} data-open={open || undefined}>
        {children}
      </div>
    </>
  );
}

/** Shows the answer once it is there; until then, or instead, why not. */
export function Loaded<T>({
  result,
  children,
  missing,
}: {
  result: UseQueryResult<T, Error>;
  children: (data: T) => ReactNode;
  /** What to show for 404; unless given, that the thing was not found. */
  missing?: ReactNode;
}) {
  const { data, error } = result;
  const gone = error instanceof ApiError && error.status === 404;
  if (gone) return missing ?? <Empty title={words.notFound} hint={words.notFoundHint} />;
  if (data !== undefined) return children(data);
  if (error) return <Failure error={error} again={() => void result.refetch()} />;
  return <Waiting />;
}

/** Something is on its way. */
export function Waiting() {
  return (
    <div className="empty" role="status">
      <Loader size="sm" aria-hidden="true" />
      <VisuallyHidden>{words.loading}</VisuallyHidden>
    </div>
  );
}

/** What went wrong, in the broker's words, and a way to try again. */
export function Failure({ error, again }: { error: Error; again?: () => void }) {
  const refused = error instanceof ApiError && (error.status === 401 || error.status === 403);
  const reason = error instanceof ApiError ? error.reason : error.message;
  return (
    <Empty title={refused ? words.notAllowed : words.failed} hint={reason}>
      {again && (
        <Button variant="default" size="xs" onClick={again}>
          {words.tryAgain}
        </Button>
      )}
    </Empty>
  );
}

/** Nothing to show: says so, and what to do next. */
export function Empty({
  title,
  hint,
  children,
}: {
  title: string;
  hint?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {hint && <div>{hint}</div>}
      {children && <div className="rows">{children}</div>}
    </div>
  );
}

/** For functions whose API this broker does not have: Leveret's own on another broker, or shovels and federation here. */
export function NotHere() {
  return <Empty title={words.notHere} hint={words.notHereHint} />;
}
