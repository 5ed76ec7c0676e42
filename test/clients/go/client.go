// The Go client: confirms, returns, consume, ack, nack with dead letter, transactions, RPC, what is refused, and what a
// program does by itself when the broker restarts.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const limit = 20 * time.Second

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func expect(isSo bool, what ...interface{}) {
	if !isSo {
		panic(fmt.Sprint(what...))
	}
}

func receive(deliveries <-chan amqp.Delivery) amqp.Delivery {
	select {
	case delivery := <-deliveries:
		return delivery
	case <-time.After(limit):
		panic("nothing came")
	}
}

func main() {
	connection, err := amqp.Dial(os.Args[1])
	check(err)
	basics(connection)
	fmt.Println("BASICS")
	rpc(connection)
	fmt.Println("RPC")
	refusals(connection)
	fmt.Println("REFUSALS")
	reconnection(connection)
	fmt.Println("ENDED")
}

func channelOf(connection *amqp.Connection) *amqp.Channel {
	channel, err := connection.Channel()
	check(err)
	return channel
}

func basics(connection *amqp.Connection) {
	channel := channelOf(connection)
	check(channel.Qos(2, 0, false))
	check(channel.Confirm(false))
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, 10))
	returns := channel.NotifyReturn(make(chan amqp.Return, 10))
	_, err := channel.QueueDeclare("go-dead", true, false, false, false, nil)
	check(err)
	_, err = channel.QueueDeclare("go-work", true, false, false, false, amqp.Table{
		"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "go-dead", "x-max-length": int32(100),
	})
	check(err)
	check(channel.ExchangeDeclare("go", "topic", true, false, false, false, nil))
	check(channel.QueueBind("go-work", "a.*", "go", false, nil))
	headers := amqp.Table{
		"text": "t", "byte": byte(1), "i16": int16(-2), "i32": int32(-3), "i64": int64(1) << 60, "f32": float32(0.5),
		"f64": 0.25, "truth": true, "nothing": nil, "time": time.Unix(1_000_000_000, 0), "bytes": []byte{0, 255},
		"decimal": amqp.Decimal{Scale: 2, Value: 345}, "list": []interface{}{int32(1), "two", amqp.Table{"three": int32(3)}},
	}
	for i := 0; i < 4; i++ {
		check(channel.Publish("go", "a.b", false, false, amqp.Publishing{
			DeliveryMode: amqp.Persistent, Headers: headers, Body: []byte(fmt.Sprint(i)), Priority: 3,
			ContentType: "text/plain", MessageId: "id", UserId: "guest", Timestamp: time.Unix(1_000_000_000, 0),
		}))
	}
	for i := 1; i <= 4; i++ {
		confirm := <-confirms
		expect(confirm.Ack && confirm.DeliveryTag == uint64(i), confirm)
	}
	check(channel.Publish("go", "nowhere", true, false, amqp.Publishing{Body: []byte("lost")}))
	returned := <-returns
	expect(returned.ReplyCode == 312 && string(returned.Body) == "lost", returned)
	<-confirms

	deliveries, err := channel.Consume("go-work", "worker", false, false, false, false, nil)
	check(err)
	seen := map[string]int{}
	for i := 0; i < 5; i++ {
		delivery := receive(deliveries)
		body := string(delivery.Body)
		seen[body]++
		expect(fmt.Sprint(delivery.Headers) == fmt.Sprint(headers), delivery.Headers, "instead of", headers)
		switch {
		case body == "0" && !delivery.Redelivered:
			check(delivery.Reject(true))
		case body == "1":
			check(delivery.Nack(false, false))
		default:
			check(delivery.Ack(false))
		}
	}
	expect(fmt.Sprint(seen) == "map[0:2 1:1 2:1 3:1]", seen)
	check(channel.Cancel("worker", false))
	dead, found, err := channel.Get("go-dead", true)
	for tries := 0; !found && tries < 100; tries++ {
		time.Sleep(50 * time.Millisecond)
		dead, found, err = channel.Get("go-dead", true)
	}
	check(err)
	expect(found && string(dead.Body) == "1", dead)
	death := dead.Headers["x-death"].([]interface{})[0].(amqp.Table)
	expect(death["reason"] == "rejected" && death["count"] == int64(1), death)

	transaction := channelOf(connection)
	check(transaction.Tx())
	check(transaction.Publish("", "go-dead", false, false, amqp.Publishing{Body: []byte("rolled back")}))
	check(transaction.TxRollback())
	check(transaction.Publish("", "go-dead", false, false, amqp.Publishing{Body: []byte("committed")}))
	check(transaction.TxCommit())
	message, found, err := channel.Get("go-dead", true)
	check(err)
	expect(found && string(message.Body) == "committed", message)
	check(channel.Close())
}

func rpc(connection *amqp.Connection) {
	server, client := channelOf(connection), channelOf(connection)
	queue, err := server.QueueDeclare("", false, true, true, false, nil)
	check(err)
	requests, err := server.Consume(queue.Name, "", true, false, false, false, nil)
	check(err)
	replies, err := client.Consume("amq.rabbitmq.reply-to", "", true, false, false, false, nil)
	check(err)
	check(client.Publish("", queue.Name, false, false, amqp.Publishing{
		ReplyTo: "amq.rabbitmq.reply-to", CorrelationId: "7", Body: []byte("shout"),
	}))
	request := receive(requests)
	check(server.Publish("", request.ReplyTo, false, false, amqp.Publishing{
		CorrelationId: request.CorrelationId, Body: []byte(strings.ToUpper(string(request.Body))),
	}))
	reply := receive(replies)
	expect(reply.CorrelationId == "7" && string(reply.Body) == "SHOUT", reply)
	check(client.Close())
	check(server.Close())
}

func refusals(connection *amqp.Connection) {
	channel := channelOf(connection)
	_, err := channel.QueueDeclarePassive("go-missing", false, false, false, false, nil)
	refusal := err.(*amqp.Error)
	expect(refusal.Code == 404 && refusal.Reason == "NOT_FOUND - no queue 'go-missing' in vhost '/'", refusal)
	expect(!connection.IsClosed(), "the connection was closed")
}

func reconnection(connection *amqp.Connection) {
	closed := connection.NotifyClose(make(chan *amqp.Error, 1))
	fmt.Println("RESTART ME")
	select {
	case reason := <-closed:
		expect(reason != nil && reason.Code == 320, reason)
	case <-time.After(limit):
		panic("the connection lives on")
	}
	for deadline := time.Now().Add(limit); ; time.Sleep(200 * time.Millisecond) {
		again, err := amqp.Dial(os.Args[1])
		if err != nil {
			expect(time.Now().Before(deadline), err)
			continue
		}
		queue, err := channelOf(again).QueueDeclarePassive("go-work", true, false, false, false, nil)
		check(err)
		expect(queue.Messages == 0, queue)
		check(again.Close())
		return
	}
}
