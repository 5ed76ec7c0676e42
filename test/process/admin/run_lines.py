"""Runs a script once for each list of arguments on standard input (JSON), in one process: an interpreter for each line
would take most of the time. Prints for each its exit code and what it printed."""

import contextlib
import io
import json
import sys
import traceback

path = sys.argv[1]
with open(path, encoding="utf-8") as file:
    program = compile(file.read(), path, "exec")


def run(arguments):
    printed = io.StringIO()
    sys.argv = [path, *arguments]
    code = 0
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            exec(program, {"__name__": "__main__", "__file__": path})
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
            if isinstance(end.code, str):
                print(end.code)
        except BaseException:
            traceback.print_exc()
            code = 1
    return {"exitCode": code, "output": printed.getvalue()}


answers = [run(arguments) for arguments in json.load(sys.stdin)]
json.dump(answers, sys.stdout)
