// The expiration property: a text that must be a number of milliseconds. Errors are worded as RabbitMQ words them.

/** The longest time to live there is: ten years. */
export const EXPIRATION_MS_MAX = 315_360_000_000;

/** What is wrong with an expiration, as the end of "invalid expiration 'abc': no_integer". */
export interface InvalidExpiration {
  readonly problem: string;
}

/** Milliseconds, or what is wrong. A sign in front is taken, as RabbitMQ's number parser takes it. */
export function parseExpiration(text: string): number | InvalidExpiration {
  const number = /^[+-]?[0-9]+/.exec(text)?.[0];
  if (number === undefined) return { problem: "no_integer" };
  if (number.length < text.length) {
    const rest = JSON.stringify(text.slice(number.length));
    return { problem: `{leftover_string,${rest}}` };
  }
  const value = BigInt(number.replace("+", ""));
  if (value < 0n) return { problem: `{value_negative,${value}}` };
  if (value > EXPIRATION_MS_MAX) return { problem: `{value_too_large,${value}}` };
  return Number(value);
}
