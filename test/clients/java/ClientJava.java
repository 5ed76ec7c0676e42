// RabbitMQ's Java client: confirms, returns, consume, ack, nack with dead letter, transactions, RPC, what is refused,
// automatic recovery of connection, topology and consumers after a restart.

import com.rabbitmq.client.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.*;

public class ClientJava {
  static final AMQP.BasicProperties PERSISTENT = MessageProperties.PERSISTENT_TEXT_PLAIN;

  static void expect(Object expected, Object found) {
    if (!Objects.equals(expected, found)) throw new AssertionError("expected " + expected + ", found " + found);
  }

  static <T> T next(BlockingQueue<T> queue) throws Exception {
    T found = queue.poll(20, TimeUnit.SECONDS);
    if (found == null) throw new AssertionError("nothing came");
    return found;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  public static void main(String[] words) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(words[0]);
    factory.setNetworkRecoveryInterval(300);
    factory.setRequestedHeartbeat(5);
    Connection connection = factory.newConnection("java");
    basics(connection);
    System.out.println("BASICS");
    rpc(connection);
    System.out.println("RPC");
    refusals(connection);
    System.out.println("REFUSALS");
    recovery((Recoverable) connection, connection);
    connection.close();
    System.out.println("ENDED");
    System.exit(0);
  }

  static void basics(Connection connection) throws Exception {
    Channel channel = connection.createChannel();
    channel.basicQos(2);
    channel.confirmSelect();
    channel.queueDeclare("java-dead", true, false, false, null);
    Map<String, Object> options = new HashMap<>();
    options.put("x-dead-letter-exchange", "");
    options.put("x-dead-letter-routing-key", "java-dead");
    options.put("x-max-priority", 5);
    channel.queueDeclare("java-work", true, false, false, options);
    channel.exchangeDeclare("java", BuiltinExchangeType.HEADERS, true);
    Map<String, Object> match = Map.of("x-match", "all", "kind", "work", "size", 7L);
    channel.queueBind("java-work", "java", "", match);
    AMQP.BasicProperties properties = PERSISTENT.builder()
        .headers(Map.of("kind", "work", "size", 7, "nested", Map.of("list", List.of(1, "two", new Date(0)))))
        .timestamp(new Date(1_000_000_000_000L)).messageId("id").type("t").userId("guest").appId("a").build();
    for (int i = 0; i < 4; i++) channel.basicPublish("java", "k", properties, bytes("" + i));
    channel.waitForConfirmsOrDie(10_000);

    BlockingQueue<Integer> returns = new LinkedBlockingQueue<>();
    channel.addReturnListener((code, reason, exchange, key, p, body) -> returns.add(code));
    channel.basicPublish("java", "k", true, PERSISTENT, bytes("lost"));
    expect(312, next(returns));

    BlockingQueue<String> got = new LinkedBlockingQueue<>();
    String tag = channel.basicConsume("java-work", false, new DefaultConsumer(channel) {
      @Override
      public void handleDelivery(String tag, Envelope envelope, AMQP.BasicProperties p, byte[] body) throws java.io.IOException {
        long delivery = envelope.getDeliveryTag();
        expect(1_000_000_000_000L, p.getTimestamp().getTime());
        expect("[1, two, " + new Date(0) + "]", ((Map<?, ?>) p.getHeaders().get("nested")).get("list").toString());
        if (text(body).equals("0") && !envelope.isRedeliver()) channel.basicReject(delivery, true);
        else if (text(body).equals("1")) channel.basicNack(delivery, false, false);
        else channel.basicAck(delivery, false);
        got.add(text(body) + (envelope.isRedeliver() ? " again" : ""));
      }
    });
    List<String> seen = new ArrayList<>();
    while (seen.size() < 5) seen.add(next(got));
    Collections.sort(seen);
    expect(List.of("0", "0 again", "1", "2", "3"), seen);
    channel.basicCancel(tag);
    GetResponse dead = null;
    for (int i = 0; i < 100 && dead == null; i++, Thread.sleep(50)) dead = channel.basicGet("java-dead", true);
    expect("1", text(dead.getBody()));
    Map<?, ?> death = (Map<?, ?>) ((List<?>) dead.getProps().getHeaders().get("x-death")).get(0);
    expect("rejected", death.get("reason").toString());
    expect(1L, death.get("count"));

    Channel transaction = connection.createChannel();
    transaction.txSelect();
    transaction.basicPublish("", "java-dead", PERSISTENT, bytes("rolled back"));
    transaction.txRollback();
    transaction.basicPublish("", "java-dead", PERSISTENT, bytes("committed"));
    transaction.txCommit();
    expect(1L, channel.messageCount("java-dead"));
    expect("committed", text(channel.basicGet("java-dead", true).getBody()));
    channel.close();
  }

  static void rpc(Connection connection) throws Exception {
    Channel server = connection.createChannel();
    server.queueDeclare("java-rpc", false, true, true, null);
    RpcServer worker = new RpcServer(server, "java-rpc") {
      @Override
      public byte[] handleCall(byte[] request, AMQP.BasicProperties reply) {
        return bytes(new StringBuilder(text(request)).reverse().toString());
      }
    };
    Thread thread = new Thread(() -> {
      try {
        worker.mainloop();
      } catch (Exception end) {
        // The channel was closed.
      }
    });
    thread.setDaemon(true);
    thread.start();
    Channel client = connection.createChannel();
    RpcClient caller = new RpcClient(client, "", "java-rpc", "amq.rabbitmq.reply-to", 20_000);
    expect("desserts", caller.stringCall("stressed"));
    caller.close();
    client.close();
    server.close();
  }

  static void refusals(Connection connection) throws Exception {
    Channel channel = connection.createChannel();
    try {
      channel.queueDeclare("java-work", false, false, false, null);
      throw new AssertionError("a queue was declared differently");
    } catch (java.io.IOException error) {
      ShutdownSignalException signal = (ShutdownSignalException) error.getCause();
      AMQP.Channel.Close close = (AMQP.Channel.Close) signal.getReason();
      expect(406, close.getReplyCode());
      expect(true, close.getReplyText().contains("inequivalent arg 'durable' for queue 'java-work' in vhost '/'"));
    }
    expect(false, channel.isOpen());
    expect(true, connection.isOpen());
  }

  static void recovery(Recoverable recoverable, Connection connection) throws Exception {
    CountDownLatch recovered = new CountDownLatch(1);
    recoverable.addRecoveryListener(new RecoveryListener() {
      @Override
      public void handleRecovery(Recoverable r) {
        recovered.countDown();
      }

      @Override
      public void handleRecoveryStarted(Recoverable r) {}
    });
    Channel channel = connection.createChannel();
    String queue = channel.queueDeclare("", false, true, true, null).getQueue();
    channel.exchangeDeclare("java-transient", "topic", false, true, null);
    channel.queueBind(queue, "java-transient", "a.#");
    BlockingQueue<String> got = new LinkedBlockingQueue<>();
    channel.basicConsume(queue, true, (tag, delivery) -> got.add(text(delivery.getBody())), tag -> {});
    System.out.println("RESTART ME");
    if (!recovered.await(25, TimeUnit.SECONDS)) throw new AssertionError("no recovery");
    channel.basicPublish("java-transient", "a.b", null, bytes("after"));
    expect("after", next(got));
  }
}
