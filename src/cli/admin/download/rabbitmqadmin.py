#!/usr/bin/env python3
"""rabbitmqadmin, as Leveret serves it at /cli/rabbitmqadmin: one file for machines that have Python 3.7 and nothing
else. It speaks to the HTTP API of Leveret and of RabbitMQ, in the words of RabbitMQ's rabbitmqadmin."""

import argparse
import base64
import configparser
import http.client
import json
import os
import ssl
import sys
from urllib.parse import quote, urlsplit

VERSION = "@VERSION@"

# What can be declared, deleted and listed; the build takes it from the tables of Leveret's own rabbitmqadmin.
OBJECTS = json.loads(r"""@OBJECTS@""")

SHOWN_OVERVIEW = ["rabbitmq_version", "cluster_name", "queue_totals.messages", "object_totals.queues"]
PUBLISH_FIELDS = ["routing_key", "exchange", "payload", "payload_encoding", "properties"]
GET_FIELDS = ["queue", "count", "ackmode", "payload_file", "encoding"]
GET_COLUMNS = ["routing_key", "exchange", "message_count", "payload", "payload_bytes", "payload_encoding",
               "properties", "redelivered"]
# These come first when all columns are shown.
FIRST_COLUMNS = ["vhost", "name", "type"]


class Failure(Exception):
    """Something the server said."""


class Misuse(Exception):
    """Something wrong with the command line."""


def main(argv):
    try:
        options = options_of(argv)
        if options.version:
            print("rabbitmqadmin " + VERSION)
        elif options.bash_completion:
            print(bash_completion())
        else:
            run(options)
        return 0
    except Misuse as misuse:
        sys.stderr.write("\nERROR: %s\n\nrabbitmqadmin --help for help\n\n" % misuse)
    except Failure as failure:
        sys.stderr.write("*** %s\n\n" % failure)
    except BrokenPipeError:
        # Nobody reads any more, as with "| head".
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


# ---- the command line ----

OPTIONS = [
    # flags, name, default, help
    (["-c", "--config"], "config", None, "file of named servers (default: ~/.rabbitmqadmin.conf)"),
    (["-N", "--node"], "node", "default", "section of that file"),
    (["-H", "--host"], "hostname", "localhost", "server (default: localhost)"),
    (["-P", "--port"], "port", "15672", "port of the HTTP API (default: 15672)"),
    (["--path-prefix"], "path_prefix", "", "what comes before /api"),
    (["-V", "--vhost"], "vhost", None, "virtual host (default: / for changes, all of them for lists)"),
    (["-u", "--username"], "username", "guest", "user (default: guest)"),
    (["-p", "--password"], "password", "guest", "password (default: guest)"),
    (["-U", "--base-uri"], "base_uri", None, "scheme, host and port in one"),
    (["--ssl-key-file"], "ssl_key_file", None, "PEM file of the client's key"),
    (["--ssl-cert-file"], "ssl_cert_file", None, "PEM file of the client's certificate"),
    (["--ssl-ca-cert-file"], "ssl_ca_cert_file", None, "PEM file of trusted authorities"),
    (["-t", "--request-timeout"], "request_timeout", "120", "seconds to wait for an answer (default: 120)"),
    (["-f", "--format"], "format", "table", "raw_json, pretty_json, tsv, long, table, kvp or bash"),
    (["-S", "--sort"], "sort", None, "column to sort by"),
    (["-d", "--depth"], "depth", None, "how deep fields in fields are shown; more than 1 shows all columns"),
]
SWITCHES = [
    (["-q", "--quiet"], "quiet", "say nothing when it worked"),
    (["-s", "--ssl"], "ssl", "use TLS"),
    (["--ssl-disable-hostname-verification"], "ssl_disable_hostname_verification", "accept any name"),
    (["-k", "--ssl-insecure"], "ssl_insecure", "accept any certificate"),
    (["-R", "--sort-reverse"], "sort_reverse", "last first"),
    (["--bash-completion"], "bash_completion", "print a completion script"),
    (["--version"], "version", "print the version"),
]


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Misuse(message)


def new_parser():
    parser = Parser(prog="rabbitmqadmin", usage="rabbitmqadmin [options] command", epilog=HELP, add_help=True,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    for flags, name, _, text in OPTIONS:
        parser.add_argument(*flags, dest=name, default=None, help=text)
    for flags, name, text in SWITCHES:
        parser.add_argument(*flags, dest=name, action="store_true", default=None, help=text)
    parser.add_argument("words", nargs="*", help=argparse.SUPPRESS)
    return parser


def options_of(argv):
    """What was given, else what the configuration file says, else the standard."""
    options = new_parser().parse_intermixed_args(argv)
    from_file = section_of(options)
    for _, name, standard, _ in OPTIONS:
        if getattr(options, name) is None:
            setattr(options, name, from_file.get(name, standard))
    for _, name, _ in SWITCHES:
        if getattr(options, name) is None:
            setattr(options, name, from_file.get(name, "").lower() in ("true", "yes", "1", "on"))
    options.declare_vhost = options.vhost or from_file.get("declare_vhost") or "/"
    if options.base_uri is not None:
        place = urlsplit(options.base_uri)
        if place.path not in ("", "/"):
            sys.stderr.write("WARNING: the path in --base-uri is ignored: there are --vhost and --path-prefix\n")
        options.ssl = place.scheme == "https"
        options.hostname = place.hostname or options.hostname
        options.port = str(place.port or (443 if options.ssl else 80))
    return options


def section_of(options):
    path = options.config or os.path.join(os.path.expanduser("~"), ".rabbitmqadmin.conf")
    parser = configparser.ConfigParser(interpolation=None, inline_comment_prefixes=("#",))
    try:
        found = parser.read(path)
    except configparser.Error as error:
        raise Misuse("Could not read config file '%s': %s" % (path, error))
    if not found:
        if options.config is not None:
            raise Misuse("Could not read config file '%s'" % path)
        if options.node is not None:
            raise Misuse("there is no config file, so no section '%s'" % options.node)
        return {}
    node = options.node or "default"
    if parser.has_section(node):
        return dict(parser.items(node))
    if options.node is None and options.config is None:
        return {}
    raise Misuse("Could not read section '%s' in config file '%s'" % (node, path))


def fields_of(words, known, required=()):
    fields = {}
    for word in words:
        name, separator, value = word.partition("=")
        if separator == "":
            raise Misuse('Argument "%s" not in the name=value format' % word)
        if name not in known:
            raise Misuse('Argument "%s" is not recognised' % name)
        fields[name] = value
    for name in required:
        if name not in fields:
            raise Misuse('mandatory argument "%s" is required' % name)
    return fields


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        raise Misuse("Could not parse JSON:\n  " + text)


# ---- the commands ----

def run(options):
    if not options.words:
        raise Misuse("Action not specified")
    action, words = options.words[0], options.words[1:]
    command = COMMANDS.get(action)
    if command is None:
        raise Misuse("Action %s not understood" % action)
    command(options, words)


def type_in(words, table, complaint="Type %s not recognised"):
    if not words:
        raise Misuse("Type not specified")
    if words[0] not in table:
        raise Misuse(complaint % words[0])
    return table[words[0]]


def list_objects(options, words):
    kind = type_in(words, OBJECTS["listables"], "Don't know how to list %s")
    path = kind["path"]
    if kind["inVhost"] and options.vhost is not None:
        path += "/" + part(options.vhost)
    show(options, path, words[1:], kind["columns"])


def show_overview(options, words):
    type_in(words, {"overview": True}, "Don't know how to show %s")
    show(options, "/overview", words[1:], SHOWN_OVERVIEW)


def show(options, path, asked, standard):
    shows_all = depth_of(options) > 1 or options.format.endswith("json")
    columns = asked or ([] if shows_all else standard)
    query = []
    if columns:
        query.append("columns=" + ",".join(part(column) for column in columns))
    if options.sort is not None:
        query.append("sort=" + part(options.sort))
    if options.sort_reverse:
        query.append("sort_reverse=true")
    rows = ask(options, "GET", path + ("?" + "&".join(query) if query else ""))
    print_rows(options, rows if isinstance(rows, list) else [rows], columns)


def declare(options, words):
    kind = type_in(words, OBJECTS["declarables"])
    known = set(kind["body"]) | set(kind["places"])
    fields = fields_of(words[1:], known, [name for name in kind["required"] if name != "vhost"])
    if words[0] == "user" and "password" not in fields and "password_hash" not in fields:
        raise Misuse('one of the arguments "password" and "password_hash" is required')
    body = {}
    for name, standard in kind["body"].items():
        value = fields.get(name)
        if value is not None:
            body[name] = parsed(value) if name in kind["json"] else value
        elif standard is not None:
            body[name] = standard
    if words[0] == "queue" and "queue_type" in fields:
        body.pop("queue_type", None)
        body["arguments"] = dict(body["arguments"], **{"x-queue-type": fields["queue_type"]})
    ask(options, kind["method"], filled(options, kind["path"], fields), body)
    say(options, words[0] + " declared")


def delete(options, words):
    kind = type_in(words, OBJECTS["deletables"])
    fields = fields_of(words[1:], kind["places"], [n for n in kind["required"] if n not in ("vhost", "properties_key")])
    fields.setdefault("properties_key", "~")
    ask(options, "DELETE", filled(options, kind["path"], fields))
    say(options, words[0] + " deleted")


def filled(options, path, fields):
    """The path with percent-encoded fields in the places of their names."""
    for name, value in dict({"vhost": options.declare_vhost, "destination_type": "queue"}, **fields).items():
        if name == "destination_type":
            value = value[:1]
        if name == "source" and value == "":
            value = "amq.default"
        path = path.replace("{%s}" % name, part(value))
    return path


def purge(options, words):
    type_in(words, {"queue": True})
    fields = fields_of(words[1:], ["vhost", "name"], ["name"])
    ask(options, "DELETE", filled(options, "/queues/{vhost}/{name}/contents", fields))
    say(options, "queue purged")


def close(options, words):
    type_in(words, {"connection": True})
    fields = fields_of(words[1:], ["name"], ["name"])
    ask(options, "DELETE", filled(options, "/connections/{name}", fields))
    say(options, "connection closed")


def publish(options, words):
    fields = fields_of(words, PUBLISH_FIELDS + ["vhost"], ["routing_key"])
    fields["exchange"] = fields.get("exchange") or "amq.default"
    payload = fields.get("payload")
    answer = ask(options, "POST", filled(options, "/exchanges/{vhost}/{exchange}/publish", fields), {
        "properties": parsed(fields.get("properties", "{}")),
        "routing_key": fields["routing_key"],
        "payload": sys.stdin.read() if payload is None else payload,
        "payload_encoding": fields.get("payload_encoding", "string"),
    })
    say(options, "Message published" if answer["routed"] else "Message published but NOT routed")


def get(options, words):
    fields = fields_of(words, GET_FIELDS + ["vhost"], ["queue"])
    target = fields.get("payload_file")
    if target is not None and "count" in fields:
        raise Misuse("Cannot get multiple messages using payload_file")
    messages = ask(options, "POST", filled(options, "/queues/{vhost}/{queue}/get", fields), {
        "count": int(fields.get("count", "1")),
        "ackmode": fields.get("ackmode", "ack_requeue_true"),
        "encoding": fields.get("encoding", "auto"),
    })
    columns = GET_COLUMNS
    if target is not None and messages:
        text, encoding = messages[0]["payload"], messages[0]["payload_encoding"]
        with open(target, "wb") as file:
            file.write(base64.b64decode(text) if encoding == "base64" else text.encode())
        columns = [name for name in columns if name not in ("payload", "payload_encoding")]
    print_rows(options, messages, columns)


def export(options, words):
    definitions = request(options, "GET", definitions_path(options))
    path = file_in(words)
    with open(path, "wb") as file:
        file.write(definitions)
    say(options, 'Exported definitions for %s to "%s"' % (options.hostname, path))


def import_definitions(options, words):
    path = file_in(words)
    try:
        with open(path, "rb") as file:
            definitions = file.read()
    except OSError as error:
        raise Failure("Could not read %s: %s" % (path, error.strerror))
    request(options, "POST", definitions_path(options), definitions)
    say(options, 'Uploaded definitions from "%s" to %s. The import process may take some time. '
                 "Consult server logs to track progress." % (options.hostname, path))


def file_in(words):
    if len(words) != 1:
        raise Misuse("one file is required")
    return words[0]


def definitions_path(options):
    return "/definitions" if options.vhost is None else "/definitions/" + part(options.vhost)


def help_on(_options, words):
    topics = {"subcommands": HELP, "config": HELP_CONFIG}
    if not words:
        new_parser().print_help()
    elif words[0] in topics:
        print(topics[words[0]])
    else:
        raise Misuse("help topic must be one of: " + ", ".join(topics))


COMMANDS = {
    "list": list_objects, "show": show_overview, "declare": declare, "delete": delete, "purge": purge,
    "close": close, "publish": publish, "get": get, "export": export, "import": import_definitions, "help": help_on,
}


def say(options, text):
    if not options.quiet:
        print(text)


# ---- HTTP ----

def part(text):
    return quote(text, safe="")


def ask(options, method, path, body=None):
    text = request(options, method, path, None if body is None else json.dumps(body).encode())
    return json.loads(text) if text else None


def request(options, method, path, body=None):
    path = "%s/api%s" % (options.path_prefix, path)
    login = base64.b64encode(("%s:%s" % (options.username, options.password)).encode()).decode()
    headers = {"Authorization": "Basic " + login, "Content-Type": "application/json"}
    connection = connect(options)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Failure("Could not connect: %s" % error)
    finally:
        connection.close()
    if answer.status >= 300:
        raise Failure(failure_text(answer, path, text))
    return text


def failure_text(answer, path, text):
    if answer.status == 401:
        return "Access refused: " + path
    if answer.status == 404:
        return "Not found: " + path
    try:
        return str(json.loads(text)["reason"])
    except (ValueError, KeyError, TypeError):
        return "Received %d %s for path %s" % (answer.status, answer.reason, path)


def connect(options):
    timeout = float(options.request_timeout)
    if not options.ssl:
        return http.client.HTTPConnection(options.hostname, int(options.port), timeout=timeout)
    context = ssl.create_default_context(cafile=options.ssl_ca_cert_file)
    if options.ssl_insecure or options.ssl_disable_hostname_verification:
        context.check_hostname = False
    if options.ssl_insecure:
        context.verify_mode = ssl.CERT_NONE
    if options.ssl_cert_file is not None:
        context.load_cert_chain(options.ssl_cert_file, options.ssl_key_file)
    return http.client.HTTPSConnection(options.hostname, int(options.port), timeout=timeout, context=context)


# ---- what is printed ----

def depth_of(options):
    return int(options.depth or 1)


def print_rows(options, rows, columns):
    printer = PRINTERS.get(options.format)
    if printer is None:
        raise Misuse("format must be one of: " + ", ".join(PRINTERS))
    if options.format in ("raw_json", "pretty_json"):
        printer(rows, columns)
        return
    if not rows and options.format in ("table", "long"):
        say(options, "No items")
        return
    flat = [flattened(row, max([depth_of(options)] + [name.count(".") + 1 for name in columns])) for row in rows]
    for row, original in zip(flat, rows):
        # A table asked for by its name is shown in one cell.
        row.update((name, original[name]) for name in columns if name in original)
    printer(flat, columns or all_columns(flat))


def flattened(row, depth, prefix=""):
    cells = {}
    # A row of which nothing was asked for is an empty list.
    if not isinstance(row, dict):
        return cells
    for name, value in row.items():
        if isinstance(value, dict) and value and depth > 1:
            cells.update(flattened(value, depth - 1, prefix + name + "."))
        elif not isinstance(value, dict) or (prefix == "" and value):
            cells[prefix + name] = value
    return cells


def all_columns(rows):
    names = set(name for row in rows for name in row)
    first = [name for name in FIRST_COLUMNS if name in names]
    return first + sorted(names - set(first))


def cell(row, name):
    value = row.get(name)
    if value is None or value == {} or value == []:
        return ""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def print_table(rows, columns):
    cells = [[cell(row, name) for name in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *cells)]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+"
    print(rule)
    print("|" + "|".join(" " + centred(name, width) + " " for name, width in zip(columns, widths)) + "|")
    print(rule)
    for row in cells:
        print("|" + "|".join(" " + text.ljust(width) + " " for text, width in zip(row, widths)) + "|")
    print(rule)


def centred(text, width):
    """An odd space goes to the right."""
    left = (width - len(text)) // 2
    return " " * left + text + " " * (width - len(text) - left)


def print_long(rows, columns):
    rule = "\n" + "-" * 80 + "\n"
    width = max(map(len, columns))
    print(rule)
    for row in rows:
        for name in columns:
            print(name.rjust(width) + ": " + cell(row, name))
        print(rule)


def print_tsv(rows, columns):
    print("\t".join(columns))
    for row in rows:
        print("\t".join(cell(row, name) for name in columns))


def print_kvp(rows, columns):
    for row in rows:
        print(" ".join('%s="%s"' % (name, cell(row, name)) for name in columns))


def print_bash(rows, columns):
    """The names, to be used as words."""
    column = "name" if "name" in columns else columns[0]
    print(" ".join(cell(row, column) for row in rows))


PRINTERS = {
    "raw_json": lambda rows, _: print(json.dumps(rows, separators=(",", ":"), ensure_ascii=False)),
    "pretty_json": lambda rows, _: print(json.dumps(rows, indent=2, ensure_ascii=False)),
    "tsv": print_tsv, "long": print_long, "table": print_table, "kvp": print_kvp, "bash": print_bash,
}


# ---- help and completion ----

def help_text():
    lines = ["commands:"]
    lines += ["  list %s [column ...]" % name for name in OBJECTS["listables"]]
    lines += ["  show overview [column ...]"]
    for name, kind in OBJECTS["declarables"].items():
        more = [field for field in kind["places"] + list(kind["body"]) if field not in kind["required"]]
        lines.append("  declare %s %s%s" % (name, " ".join(field + "=..." for field in kind["required"]),
                                            "".join(" [%s=...]" % field for field in more)))
    lines += ["  delete %s %s" % (name, " ".join(field + "=..." for field in kind["required"]))
              for name, kind in OBJECTS["deletables"].items()]
    lines += ["  close connection name=...", "  purge queue name=...", "  export FILE", "  import FILE"]
    lines += ["  publish routing_key=... %s" % " ".join("[%s=...]" % name for name in PUBLISH_FIELDS[1:]),
              "  get queue=... %s" % " ".join("[%s=...]" % name for name in GET_FIELDS[1:]),
              "  help subcommands | config",
              "",
              "Without payload=... what is published is read from standard input."]
    return "\n".join(lines)


HELP = help_text()
HELP_CONFIG = """A file of named servers, chosen with --config FILE (else ~/.rabbitmqadmin.conf) and --node NAME:

  [production]
  hostname = mq.example.com
  port = 15671
  username = admin
  password = secret
  ssl = True
  ssl_ca_cert_file = /etc/ssl/ca.pem
  # for lists and changes
  vhost = /
  # for changes alone
  declare_vhost = shop

Every long option may stand there, with _ for -."""


def bash_completion():
    by_action = {
        "list": OBJECTS["listables"], "declare": OBJECTS["declarables"], "delete": OBJECTS["deletables"],
        "show": ["overview"], "purge": ["queue"], "close": ["connection"], "help": ["subcommands", "config"],
    }
    cases = "\n".join('    %s) words="%s" ;;' % (name, " ".join(words)) for name, words in by_action.items())
    flags = " ".join(flags[-1] for flags in [row[0] for row in OPTIONS] + [row[0] for row in SWITCHES])
    return """# Completion of rabbitmqadmin for bash: source it, or put it into /etc/bash_completion.d
_rabbitmqadmin() {
  local words="%s"
  case "${COMP_WORDS[COMP_CWORD-1]}" in
%s
  esac
  case "${COMP_WORDS[COMP_CWORD]}" in -*) words="%s" ;; esac
  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _rabbitmqadmin rabbitmqadmin""" % (" ".join(COMMANDS), cases, flags)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
