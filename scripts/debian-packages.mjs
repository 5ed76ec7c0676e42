// Installs the Debian packages that suites need, where this machine lets us.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const APT_LIMIT_MS = 600_000;
// A service that a package brings stays off: the tests start what they need on ports of their own.
const ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };

/**
 * Resolves to the packages that are there afterwards and one sentence for those that are not.
 * @param {readonly string[]} wanted
 */
export async function ensurePackages(wanted) {
  const missing = await missingOf(wanted);
  if (missing.length === 0) return { missing, why: "" };
  const names = missing.join(" ");
  if (process.platform !== "linux" || (await fails("apt-get", ["--version"]))) {
    return { missing, why: `this system has no apt-get to install ${names}` };
  }
  if (process.getuid?.() !== 0) {
    return { missing, why: `only root may install them: apt-get install ${names}` };
  }
  process.stderr.write(`installing Debian packages: ${names}\n`);
  const install = ["install", "-y", "-q", "--no-install-recommends", ...missing];
  if (await fails("apt-get", install)) {
    await fails("apt-get", ["update", "-q"]);
    await fails("apt-get", install);
  }
  const stillMissing = await missingOf(missing);
  const why =
    stillMissing.length === 0 ? "" : `apt-get could not install ${stillMissing.join(" ")}`;
  return { missing: stillMissing, why };
}

async function missingOf(packages) {
  const states = await Promise.all(
    packages.map(async (name) => {
      try {
        const { stdout } = await run("dpkg-query", ["-s", name]);
        return stdout.includes("install ok installed");
      } catch {
        return false;
      }
    }),
  );
  return packages.filter((_, index) => !states[index]);
}

async function fails(command, args) {
  try {
    await run(command, args, { env: ENVIRONMENT, timeout: APT_LIMIT_MS, maxBuffer: 64e6 });
    return false;
  } catch {
    return true;
  }
}
