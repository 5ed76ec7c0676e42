// Gives a RabbitMQ the users, vhosts and limits which the recorded cases name.

import type { RealRabbitMq } from "./real-rabbitmq.ts";
import { permissions, topicPermissions, userLimits, users, vhostLimits, vhosts } from "./set-up.ts";

/** Starts from nothing: vhosts of an earlier run are deleted first. */
export async function prepareRabbitMq(rabbit: RealRabbitMq): Promise<void> {
  for (const vhost of vhosts) {
    await rabbit.ctl("delete_vhost", vhost).catch(() => "");
    await rabbit.ctl("add_vhost", vhost);
  }
  for (const { name, password } of users) {
    await rabbit.ctl("delete_user", name).catch(() => "");
    await rabbit.ctl("add_user", name, password === "" ? "unused" : password);
    if (password === "") await rabbit.ctl("clear_password", name);
  }
  for (const { user, vhost, configure, write, read } of permissions) {
    await rabbit.ctl("set_permissions", "-p", vhost, user, configure, write, read);
  }
  for (const { user, vhost, exchange, write, read } of topicPermissions) {
    await rabbit.ctl("set_topic_permissions", "-p", vhost, user, exchange, write, read);
  }
  for (const { user, limits } of userLimits) {
    await rabbit.ctl("set_user_limits", user, JSON.stringify(limits));
  }
  for (const { vhost, limits } of vhostLimits) {
    await rabbit.ctl("set_vhost_limits", "-p", vhost, JSON.stringify(limits));
  }
}
