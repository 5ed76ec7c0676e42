// Words of charts.

export const charts = {
  range: "Time range of all charts",
  ranges: {
    "60": "Last minute",
    "600": "Last ten minutes",
    "3600": "Last hour",
    "28800": "Last eight hours",
    "86400": "Last day",
  },
  size: "Chart size",
  sizes: { small: "Small", medium: "Medium", large: "Large" },
  asTable: "Show as table",
  asChart: "Show as chart",
  resetZoom: "Whole range",
  time: "Time",
  now: "now",
  average: "average",
  hint: "Drag to zoom in, double-click to zoom out",
  describe: (title: string, range: string, names: string) =>
    `${title}, ${range.toLowerCase()}: ${names}`,
  noData: "No samples yet",
  toggle: (name: string) => `Show or hide ${name}`,
};

export const messageRates = {
  publish: "Publish",
  confirm: "Publisher confirm",
  deliver: "Deliver (manual ack)",
  deliver_no_ack: "Deliver (auto ack)",
  ack: "Consumer ack",
  redeliver: "Redelivered",
  get: "Get (manual ack)",
  get_no_ack: "Get (auto ack)",
  get_empty: "Get (empty)",
  return_unroutable: "Unroutable (return)",
  drop_unroutable: "Unroutable (drop)",
  disk_reads: "Disk read",
  disk_writes: "Disk write",
};

export const queuedMessages = {
  messages_ready: "Ready",
  messages_unacknowledged: "Unacked",
  messages: "Total",
};

/** Of a stream, where reading takes nothing away. */
export const keptMessages = { messages: "Messages" };
