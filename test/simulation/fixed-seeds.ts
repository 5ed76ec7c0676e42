// Seeds that failed once, or alone meet some planted bug: every run of the simulation begins with them, for ever, and
// runs all of their histories. Add the next one at the end.

export const fixedSeeds: readonly number[] = [
  ...[5, 10, 34, 35, 39, 50, 62, 65, 86, 92, 145, 203, 213, 226, 340, 364, 472],
  ...[274, 317, 371, 383, 386, 395, 420, 553, 696, 892, 8, 268, 352, 1130, 1925, 2046, 2855, 5019],
  ...[5112, 5312, 10470],
];
