# Bunny: confirms, returns, consume, ack, reject with dead letter, RPC over direct reply-to, automatic recovery after a restart.

require "bunny"
$stdout.sync = true

def wait_for(what, seconds = 10)
  deadline = Time.now + seconds
  until yield
    raise "no #{what} in time" if Time.now > deadline
    sleep 0.05
  end
end

connection = Bunny.new(ARGV[0], network_recovery_interval: 0.3, recovery_attempts: 60, log_level: Logger::FATAL)
connection.start

channel = connection.create_channel
channel.prefetch(2)
channel.confirm_select
dead = channel.queue("bunny-dead", durable: true)
arguments = { "x-dead-letter-exchange" => "", "x-dead-letter-routing-key" => dead.name }
queue = channel.queue("bunny-work", durable: true, arguments: arguments)
exchange = channel.topic("bunny", durable: true)
queue.bind(exchange, routing_key: "a.*")
5.times { |n| exchange.publish(n.to_s, routing_key: "a.b", persistent: true, headers: { "n" => n }) }
raise "not confirmed" unless channel.wait_for_confirms

returned = []
exchange.on_return { |info, _, body| returned << [info.reply_code, body] }
exchange.publish("lost", routing_key: "nowhere", mandatory: true)
channel.wait_for_confirms
wait_for("return") { returned == [[312, "lost"]] }

seen = []
consumer = queue.subscribe(manual_ack: true) do |delivery, _, body|
  seen << [body, delivery.redelivered?]
  if body == "0" && !delivery.redelivered?
    channel.reject(delivery.delivery_tag, true)
  elsif body == "1"
    channel.nack(delivery.delivery_tag, false, false)
  else
    channel.ack(delivery.delivery_tag)
  end
end
wait_for("deliveries") { seen.size == 6 }
raise seen.inspect unless seen.include?(["0", true]) && seen.map(&:first).sort == %w[0 0 1 2 3 4]
consumer.cancel
_, properties, body = nil
wait_for("dead letter") { (_, properties, body = dead.pop) && body == "1" }
raise properties.headers.inspect unless properties.headers["x-death"][0]["reason"] == "rejected"
puts "BASICS"

server = connection.create_channel
server.queue("bunny-rpc", exclusive: true).subscribe do |_, request, payload|
  server.default_exchange.publish(payload.reverse, routing_key: request.reply_to, correlation_id: request.correlation_id)
end
client = connection.create_channel
replies = []
client.basic_consume("amq.rabbitmq.reply-to", "", true) { |_, reply, payload| replies << [reply.correlation_id, payload] }
client.default_exchange.publish("stressed", routing_key: "bunny-rpc", reply_to: "amq.rabbitmq.reply-to", correlation_id: "7")
wait_for("reply") { replies == [%w[7 desserts]] }
puts "RPC"

after = []
survivor = connection.create_channel
survivor.queue("bunny-recovered", auto_delete: false).subscribe { |_, _, payload| after << payload }
recovered = false
connection.after_recovery_completed { recovered = true }
puts "RESTART ME"
wait_for("recovery", 30) { recovered }
survivor.default_exchange.publish("after", routing_key: "bunny-recovered")
wait_for("delivery after recovery") { after.include?("after") }
connection.close
puts "ENDED"
