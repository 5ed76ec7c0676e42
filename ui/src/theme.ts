// Colours and sizes of the UI, for both schemes. Used twice: by the components, and by the build, which turns it
// into a style sheet (a strict content security policy allows no style elements made by scripts).

import { type CSSVariablesResolver, createTheme } from "@mantine/core";

const NO_BANNER = { header: { role: "presentation" } };

export const theme = createTheme({
  primaryColor: "hare",
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  colors: {
    hare: [
      "#e9f7f0",
      "#cdecdd",
      "#a3dcc2",
      "#73caa3",
      "#4cb98a",
      "#2ea376",
      "#1c8a62",
      "#127453",
      "#0b6247",
      "#07503a",
    ],
  },
  components: {
    // Their headers are not the page's banner.
    // Locking the scroll inserts a style element, which the policy forbids: styles/layout.css does it instead.
    Modal: { defaultProps: { lockScroll: false, attributes: NO_BANNER } },
    Drawer: { defaultProps: { lockScroll: false, attributes: NO_BANNER } },
    Menu: { defaultProps: { shadow: "md" } },
  },
});

/** Tokens of our own, beside Mantine's. Every text colour here has a contrast of at least 4.5 on its ground. */
export const tokens: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#545c64",
    "--mantine-color-placeholder": "#6b737b",
    // Also 3:1 against the text around a link.
    "--mantine-color-anchor": "var(--mantine-color-hare-7)",
    "--lv-page": "#f6f7f8",
    "--lv-surface": "#ffffff",
    "--lv-raised": "#f1f3f5",
    "--lv-line": "#dfe3e7",
    "--lv-hover": "#eef4f1",
    "--lv-selected": "#d9eee4",
    "--lv-good": "#0b6247",
    "--lv-warn": "#8f4d00",
    "--lv-bad": "#b01e1e",
    "--lv-good-ground": "#dcf2e7",
    "--lv-warn-ground": "#fdefd3",
    "--lv-bad-ground": "#fde3e3",
  },
  dark: {
    "--mantine-color-dimmed": "#a6abb3",
    "--mantine-color-placeholder": "#9096a0",
    "--mantine-color-body": "#17191c",
    "--lv-page": "#121416",
    "--lv-surface": "#1b1e21",
    "--lv-raised": "#25292d",
    "--lv-line": "#373c42",
    "--lv-hover": "#22302a",
    "--lv-selected": "#1d4433",
    "--lv-good": "#73caa3",
    "--lv-warn": "#f5b95c",
    "--lv-bad": "#ff9c9c",
    "--lv-good-ground": "#143527",
    "--lv-warn-ground": "#3b2b0d",
    "--lv-bad-ground": "#421a1a",
  },
});
