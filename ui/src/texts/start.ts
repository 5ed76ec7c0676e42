// How to connect to a new broker, in five languages.

export const start = {
  title: "Ready for the first message",
  intro:
    "Nothing is connected yet. Take the client library you know for RabbitMQ; one of these programs declares a queue, publishes a message and receives it.",
  language: "Language",
  run: "Install and run",
  or: "Or try it from here:",
  addQueue: "add a queue",
  sendMessage: "then publish to it and get messages on its page.",
};

export interface Sample {
  readonly name: string;
  readonly install: string;
  readonly code: (url: string) => string;
}

export const samples: readonly Sample[] = [
  {
    name: "JavaScript",
    install: "npm install amqplib && node hello.mjs",
    code: (url) => `import amqp from "amqplib";

const connection = await amqp.connect("${url}");
const channel = await connection.createChannel();
await channel.assertQueue("hello", { durable: true });
await channel.consume("hello", (message) => {
  console.log("received", message.content.toString());
  channel.ack(message);
});
channel.sendToQueue("hello", Buffer.from("Hello from JavaScript"), { persistent: true });`,
  },
  {
    name: "Python",
    install: "pip install pika && python hello.py",
    code: (url) => `import pika

connection = pika.BlockingConnection(pika.URLParameters("${url}"))
channel = connection.channel()
channel.queue_declare("hello", durable=True)
channel.basic_publish("", "hello", b"Hello from Python")

for method, properties, body in channel.consume("hello"):
    print("received", body.decode())
    channel.basic_ack(method.delivery_tag)`,
  },
  {
    name: "Java",
    install: "com.rabbitmq:amqp-client",
    code: (url) => `import com.rabbitmq.client.*;

public class Hello {
  public static void main(String[] args) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri("${url}");
    Channel channel = factory.newConnection().createChannel();
    channel.queueDeclare("hello", true, false, false, null);
    channel.basicConsume("hello", true, (tag, message) ->
        System.out.println("received " + new String(message.getBody(), "UTF-8")), tag -> {});
    channel.basicPublish("", "hello", null, "Hello from Java".getBytes("UTF-8"));
  }
}`,
  },
  {
    name: "Go",
    install: "go get github.com/rabbitmq/amqp091-go && go run hello.go",
    code: (url) => `package main

import (
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

func main() {
	connection, err := amqp.Dial("${url}")
	if err != nil {
		panic(err)
	}
	channel, _ := connection.Channel()
	channel.QueueDeclare("hello", true, false, false, false, nil)
	channel.Publish("", "hello", false, false, amqp.Publishing{Body: []byte("Hello from Go")})
	messages, _ := channel.Consume("hello", "", true, false, false, false, nil)
	for message := range messages {
		fmt.Println("received", string(message.Body))
	}
}`,
  },
  {
    name: "C#",
    install: "dotnet add package RabbitMQ.Client && dotnet run",
    code: (url) => `using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

var factory = new ConnectionFactory { Uri = new Uri("${url}") };
await using var connection = await factory.CreateConnectionAsync();
await using var channel = await connection.CreateChannelAsync();
await channel.QueueDeclareAsync("hello", durable: true, exclusive: false, autoDelete: false);

var consumer = new AsyncEventingBasicConsumer(channel);
consumer.ReceivedAsync += async (_, message) =>
{
    Console.WriteLine("received " + Encoding.UTF8.GetString(message.Body.Span));
    await channel.BasicAckAsync(message.DeliveryTag, multiple: false);
};
await channel.BasicConsumeAsync("hello", autoAck: false, consumer);
await channel.BasicPublishAsync("", "hello", Encoding.UTF8.GetBytes("Hello from C#"));
Console.ReadLine();`,
  },
];
