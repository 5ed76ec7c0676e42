// The few pictures that are drawn, all decorative: the control around one carries the label.

import type { ReactNode } from "react";

export function Logo({ size = 26 }: { size?: number }) {
  return <img src="./leveret.svg" width={size} height={size} alt="" />;
}

function Icon({ children }: { children: ReactNode }) {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const icons = {
  menu: (
    <Icon>
      <path d="M2 4h12M2 8h12M2 12h12" />
    </Icon>
  ),
  search: (
    <Icon>
      <circle cx="7" cy="7" r="4.5" />
      <path d="m10.5 10.5 3.5 3.5" />
    </Icon>
  ),
  refresh: (
    <Icon>
      <path d="M13.5 8A5.5 5.5 0 1 1 11.8 4M13.5 1.5v3.5H10" />
    </Icon>
  ),
  theme: (
    <Icon>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 2.5v11A5.5 5.5 0 0 0 8 2.5Z" fill="currentColor" />
    </Icon>
  ),
  person: (
    <Icon>
      <circle cx="8" cy="5" r="2.7" />
      <path d="M2.8 14c.5-3 2.5-4.5 5.2-4.5s4.7 1.5 5.2 4.5" />
    </Icon>
  ),
  columns: (
    <Icon>
      <path d="M2 3h12v10H2zM6 3v10M10 3v10" />
    </Icon>
  ),
  remove: (
    <Icon>
      <path d="m4 4 8 8M12 4l-8 8" />
    </Icon>
  ),
  plus: (
    <Icon>
      <path d="M8 3v10M3 8h10" />
    </Icon>
  ),
  previous: (
    <Icon>
      <path d="m10 3-5 5 5 5" />
    </Icon>
  ),
  next: (
    <Icon>
      <path d="m6 3 5 5-5 5" />
    </Icon>
  ),
  help: (
    <Icon>
      <circle cx="8" cy="8" r="6.2" />
      <path d="M6.2 6.2a1.9 1.9 0 1 1 2.6 1.7c-.6.3-.8.6-.8 1.2M8 11.3v.1" />
    </Icon>
  ),
  download: (
    <Icon>
      <path d="M8 2.5v7.5M5 7.2 8 10l3-2.8M2.5 13.5h11" />
    </Icon>
  ),
};
