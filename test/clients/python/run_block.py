"""Runs one or more code blocks of a document as the program they are, against a broker on some port.

run_block.py --port N --vhost NAME [--before CODE] [--after CODE] FILE:LINE ...

The blocks are taken as they stand. They connect to "localhost" without naming a port, so the defaults of pika are
moved to where the test's broker listens; nothing else is changed. CODE sets up names a fragment uses, or looks at what it left behind.
"""

import argparse
import sys
import traceback

import pika


def block_at(place):
    path, line = place.rsplit(":", 1)
    with open(path, encoding="utf-8") as document:
        lines = document.read().split("\n")
    start = int(line)
    if not lines[start - 1].startswith("```"):
        raise SystemExit(f"no code block begins at {place}")
    end = next(i for i in range(start, len(lines)) if lines[i].startswith("```"))
    return "\n".join(lines[start:end])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--vhost", default="/")
    parser.add_argument("--before", default="")
    parser.add_argument("--after", default="")
    parser.add_argument("places", nargs="+")
    options = parser.parse_args()
    pika.connection.Parameters.DEFAULT_PORT = options.port
    pika.connection.Parameters.DEFAULT_VIRTUAL_HOST = options.vhost
    names = {"__name__": "__main__", "pika": pika}
    try:
        if options.before:
            exec(compile(options.before, "before", "exec"), names)
        for place in options.places:
            exec(compile(block_at(place), place, "exec"), names)
        if options.after:
            exec(compile(options.after, "after", "exec"), names)
    except KeyboardInterrupt:
        print("INTERRUPTED", flush=True)
    except BaseException as error:
        traceback.print_exc()
        print(f"RAISED {type(error).__module__}.{type(error).__name__}: {error}", flush=True)
        sys.exit(1)
    else:
        print("ENDED", flush=True)


main()
