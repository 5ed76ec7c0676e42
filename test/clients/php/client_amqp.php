<?php
// php-amqp: confirms, returns, get, consume, ack, reject with dead letter, RPC, and connecting anew after a restart.

[, $host, $port] = $argv;
const WAIT_SECONDS = 5;

function check(bool $condition, string $what): void
{
    if (!$condition) {
        throw new RuntimeException("not so: $what");
    }
}

function connectTo(string $host, string $port): AMQPConnection
{
    $connection = new AMQPConnection([
        'host' => $host, 'port' => (int) $port, 'login' => 'guest', 'password' => 'guest',
        'read_timeout' => WAIT_SECONDS, 'heartbeat' => 10,
    ]);
    $connection->connect();
    return $connection;
}

function queueOn(AMQPChannel $channel, string $name, int $flags, array $arguments = []): AMQPQueue
{
    $queue = new AMQPQueue($channel);
    if ($name !== '') {
        $queue->setName($name);
    }
    $queue->setFlags($flags);
    $queue->setArguments($arguments);
    $queue->declareQueue();
    return $queue;
}

$connection = connectTo($host, $port);
$channel = new AMQPChannel($connection);
$channel->setPrefetchCount(2);
$dead = queueOn($channel, 'php-dead', AMQP_DURABLE);
$exchange = new AMQPExchange($channel);
$exchange->setName('php');
$exchange->setType(AMQP_EX_TYPE_HEADERS);
$exchange->declareExchange();
$queue = queueOn($channel, 'php-work', AMQP_DURABLE, ['x-dead-letter-exchange' => '', 'x-dead-letter-routing-key' => 'php-dead']);
$queue->bind('php', '', ['x-match' => 'any', 'kind' => 'work']);

$confirmed = 0;
$channel->confirmSelect();
$channel->setConfirmCallback(
    function (int $tag, bool $multiple) use (&$confirmed) { $confirmed = $tag; return $confirmed < 3; },
    function () { throw new RuntimeException('nacked'); }
);
foreach (['one', 'two', 'three'] as $body) {
    $exchange->publish($body, '', AMQP_NOPARAM, ['delivery_mode' => 2, 'headers' => ['kind' => 'work']]);
}
$channel->waitForConfirm(WAIT_SECONDS);
check($confirmed === 3, "all are confirmed, not $confirmed");

$message = $queue->get();
check($message->getBody() === 'one', 'get answers the oldest');
$queue->reject($message->getDeliveryTag(), AMQP_REQUEUE);
$bodies = [];
$queue->consume(function (AMQPEnvelope $message, AMQPQueue $queue) use (&$bodies) {
    $bodies[] = [$message->getBody(), $message->isRedelivery()];
    if ($message->getBody() === 'two') {
        $queue->nack($message->getDeliveryTag());
    } else {
        $queue->ack($message->getDeliveryTag());
    }
    return count($bodies) < 3;
});
$queue->cancel();
check($bodies === [['one', true], ['two', false], ['three', false]], json_encode($bodies));
for ($i = 0, $refused = null; $i < 50 && !$refused; $i++) {
    $refused = $dead->get(AMQP_AUTOACK);
    usleep(50_000);
}
check($refused && $refused->getBody() === 'two', 'what is nacked is dead-lettered');
echo "BASICS\n";

$requests = new AMQPChannel($connection);
$rpc = queueOn($requests, 'php-rpc', AMQP_EXCLUSIVE);
$default = new AMQPExchange($requests);
$reply = queueOn($requests, '', AMQP_EXCLUSIVE);
$default->publish('question', 'php-rpc', AMQP_NOPARAM, ['reply_to' => $reply->getName(), 'correlation_id' => '7']);
$request = $rpc->get(AMQP_AUTOACK);
$default->publish(strtoupper($request->getBody()), $request->getReplyTo(), AMQP_NOPARAM, ['correlation_id' => $request->getCorrelationId()]);
$answer = $reply->get(AMQP_AUTOACK);
check($answer->getBody() === 'QUESTION' && $answer->getCorrelationId() === '7', 'the reply came');
echo "RPC\n";

echo "RESTART ME\n";
$later = queueOn($requests, 'php-later', AMQP_NOPARAM);
try {
    $later->consume(fn () => true);
    throw new RuntimeException('consumed on');
} catch (AMQPException $closed) {
    echo get_class($closed), ': ', $closed->getMessage(), "\n";
}
for ($i = 0; $i < 60; $i++) {
    try {
        $connection = connectTo($host, $port);
        break;
    } catch (AMQPConnectionException) {
        usleep(200_000);
    }
}
$channel = new AMQPChannel($connection);
$later = queueOn($channel, 'php-later', AMQP_NOPARAM);
(new AMQPExchange($channel))->publish('after', 'php-later');
check($later->get(AMQP_AUTOACK)->getBody() === 'after', 'it works after the restart');
$connection->disconnect();
echo "ENDED\n";
