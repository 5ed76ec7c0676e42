#!/bin/sh
# Every rabbitmq* command line of the documents in docs/examples, as they are written there, with what it must print.
# PATH begins with dist/compat; HOMEBREW stands for /opt/homebrew. Needs LEVERET_DATA_DIR and CONF_ENV_FILE.

passed=0
failed=0

# run <exit code> <text that must be printed, or -> <command line>
run() {
  wanted=$1
  text=$2
  shift 2
  output=$("$@" 2>&1)
  code=$?
  if [ "$code" -ne "$wanted" ]; then
    echo "FAILED ($code, not $wanted): $*"
    echo "$output"
    failed=$((failed + 1))
  elif [ "$text" != - ] && ! printf '%s\n' "$output" | grep -qF -- "$text"; then
    echo "FAILED (no \"$text\"): $*"
    echo "$output"
    failed=$((failed + 1))
  else
    passed=$((passed + 1))
  fi
}

# The documents say sudo; nothing here needs it.
sudo() { "$@"; }

rabbitmq-server start >"$LEVERET_DATA_DIR.log" 2>&1 &
server=$!
run 0 - rabbitmqctl await_startup

run 0 'Adding vhost "myvhost" ...' rabbitmqctl add_vhost myvhost
run 0 'Adding vhost "/vhost" ...' rabbitmqctl add_vhost /vhost
run 0 myvhost rabbitmqctl list_vhosts
run 0 'Adding user "myuser" ...' rabbitmqctl add_user myuser mypassword
run 0 - rabbitmqctl add_user monitor monitor
run 0 - rabbitmqctl add_user myproducer myproducer
run 0 - rabbitmqctl add_user myconsumer myconsumer
run 0 'Setting permissions for user "myuser" in vhost "myvhost" ...' rabbitmqctl set_permissions -p myvhost myuser ".*" ".*" ".*"
run 0 "$(printf 'myuser\t.*\t.*\t.*')" rabbitmqctl list_permissions -p myvhost
run 0 'Listing queues for vhost / ...' rabbitmqctl list_queues
run 0 "$(printf 'amq.topic\ttopic')" rabbitmqctl list_exchanges
run 0 'Listing bindings for vhost /...' rabbitmqctl list_bindings
run 0 "$(printf 'myuser\t[]')" rabbitmqctl list_users
run 0 'Changing password for user "myuser" ...' rabbitmqctl change_password myuser newpassword
run 0 Success rabbitmqctl authenticate_user myuser newpassword
run 0 'Setting tags for user "myuser" to [administrator] ...' rabbitmqctl set_user_tags myuser administrator
run 0 'Setting tags for user "monitor" to [monitoring] ...' rabbitmqctl set_user_tags monitor monitoring
run 0 - rabbitmqctl set_permissions -p /vhost myuser ".*" ".*" ".*"
run 0 - rabbitmqctl set_permissions -p / myproducer "" ".*" ""
run 0 - rabbitmqctl set_permissions -p / myconsumer "" "" ".*"
run 0 - rabbitmqctl set_permissions -p / myconsumer "" "" "^(Q1|Q@)$"
run 0 "$(printf 'myproducer\t\t.*\t')" rabbitmqctl list_permissions -p /
run 0 "$(printf 'myconsumer\t\t\t^(Q1|Q@)$')" rabbitmqctl list_permissions
run 0 "$(printf '/vhost\t.*\t.*\t.*')" rabbitmqctl list_user_permissions myuser
run 0 "$(printf 'myuser\t.*\t.*\t.*')" rabbitmqctl list_permissions -p /vhost
run 0 'Clearing permissions for user "myuser" in vhost "/vhost" ...' rabbitmqctl clear_permissions -p /vhost myuser
run 0 'Deleting user "myuser" ...' rabbitmqctl delete_user myuser
run 67 'User "myuser" does not exist' rabbitmqctl delete_user myuser
run 0 'Listing queues for vhost / ...' sudo rabbitmqctl list_queues
run 0 - sudo rabbitmqctl list_queues name messages_ready messages_unacknowledged
run 0 - sudo rabbitmqctl list_exchanges
run 0 'Enabling all feature flags ...' "$HOMEBREW/sbin/rabbitmqctl" enable_feature_flag all
run 0 'Ping succeeded' rabbitmq-diagnostics -q ping
run 0 - rabbitmq-diagnostics -q check_running
run 0 - rabbitmq-diagnostics -q check_port_connectivity
run 0 - rabbitmqctl status
run 0 - rabbitmqctl node_health_check
run 0 'Plugin rabbitmq_management is enabled' rabbitmq-plugins is_enabled rabbitmq_management
run 0 'successfully shut down' "$HOMEBREW/sbin/rabbitmqctl" shutdown
wait "$server"
run 69 "unable to perform an operation on node" rabbitmqctl list_queues

CONF_ENV_FILE="$HOMEBREW/etc/rabbitmq/rabbitmq-env.conf" "$HOMEBREW/opt/rabbitmq/sbin/rabbitmq-server" >"$LEVERET_DATA_DIR.log" 2>&1 &
server=$!
run 0 - rabbitmqctl await_startup
run 0 "$(printf 'monitor\t[monitoring]')" rabbitmqctl list_users
run 0 'Stopping and halting node' rabbitmqctl stop
wait "$server"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
