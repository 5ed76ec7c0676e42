// Why a configuration is refused: one clear sentence, with file and line where there is one.

/** Thrown before anything is started. `message` is what the user reads. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** What a value should have been; the reader adds key, file and line. */
export class ValueError extends Error {
  override readonly name = "ValueError";
}
