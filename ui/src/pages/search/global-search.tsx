export default function GlobalSearch(_props: { opened: number }) {
  return null;
}
