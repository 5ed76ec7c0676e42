// Writes dist/compat/: RabbitMQ's programs by their names, to be put on PATH, for shells and for Windows.

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const TOOLS = [
  "rabbitmqctl",
  "rabbitmq-diagnostics",
  "rabbitmq-queues",
  "rabbitmq-plugins",
  "rabbitmq-streams",
  "rabbitmq-upgrade",
  "rabbitmqadmin",
];

/** Follows links, so that the programs work from wherever PATH names them. */
const HERE = `self=$0
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case $link in /*) self=$link ;; *) self=$(dirname "$self")/$link ;; esac
done
here=$(CDPATH= cd -- "$(dirname -- "$self")" && pwd)`;

const tool = (name) => `#!/bin/sh
# ${name}, as leveretctl
${HERE}
LEVERET_CALLED_AS=${name} exec "\${NODE:-node}" "$here/../leveretctl.js" "$@"
`;

const toolForWindows = (name) => `@echo off\r
setlocal\r
set LEVERET_CALLED_AS=${name}\r
node "%~dp0..\\leveretctl.js" %*\r
exit /b %ERRORLEVEL%\r
`;

const SERVER = `#!/bin/sh
# rabbitmq-server, as leveret: "start" and "-detached" are understood, CONF_ENV_FILE is read
${HERE}
detached=no
for argument in "$@"; do
  shift
  case $argument in
    -detached) detached=yes ;;
    start) ;;
    *) set -- "$@" "$argument" ;;
  esac
done
if [ "$detached" = yes ]; then
  nohup "\${NODE:-node}" "$here/../leveret.js" start "$@" >/dev/null 2>&1 </dev/null &
  if [ -n "$RABBITMQ_PID_FILE" ]; then echo $! >"$RABBITMQ_PID_FILE"; fi
  exit 0
fi
if [ -n "$RABBITMQ_PID_FILE" ]; then echo $$ >"$RABBITMQ_PID_FILE"; fi
exec "\${NODE:-node}" "$here/../leveret.js" start "$@"
`;

const SERVER_FOR_WINDOWS = `@echo off\r
setlocal EnableDelayedExpansion\r
set ARGUMENTS=\r
set DETACHED=\r
:next\r
if "%~1"=="" goto run\r
if "%~1"=="-detached" (set DETACHED=yes) else if not "%~1"=="start" set ARGUMENTS=!ARGUMENTS! "%~1"\r
shift\r
goto next\r
:run\r
if defined DETACHED (\r
  start "" /B node "%~dp0..\\leveret.js" start %ARGUMENTS%\r
  exit /b 0\r
)\r
node "%~dp0..\\leveret.js" start %ARGUMENTS%\r
exit /b %ERRORLEVEL%\r
`;

export function writeCompat(dist) {
  const directory = join(dist, "compat");
  mkdirSync(directory, { recursive: true });
  for (const name of TOOLS) {
    write(join(directory, name), tool(name));
    writeFileSync(join(directory, `${name}.bat`), toolForWindows(name));
  }
  write(join(directory, "rabbitmq-server"), SERVER);
  writeFileSync(join(directory, "rabbitmq-server.bat"), SERVER_FOR_WINDOWS);
}

function write(path, text) {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}
