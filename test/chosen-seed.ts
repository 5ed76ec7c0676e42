// Where tests take their chance from: in CI always the same, so that a red build is its commit's doing and comes again;
// elsewhere another each time, so that every run of somebody looks somewhere new. SEED=42 says which.

const { SEED, CI } = process.env;

export const chosenSeed: number = Number(SEED ?? (CI === undefined ? Date.now() % 1_000_000 : 1));
