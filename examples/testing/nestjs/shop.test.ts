// vitest + NestJS: a microservice on the RabbitMQ transport, its requests, its events and what it publishes.

import "reflect-metadata";
import type { INestMicroservice } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import {
  type ClientProxy,
  ClientProxyFactory,
  type MicroserviceOptions,
  Transport,
} from "@nestjs/microservices";
import { TestBroker } from "leveret/testing";
import { firstValueFrom } from "rxjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { shopModule } from "./shop.ts";

let broker: TestBroker;
let shop: INestMicroservice;
let client: ClientProxy;

beforeAll(async () => {
  broker = await TestBroker.start();
  const transport = { urls: [broker.url], queue: "shop", queueOptions: { durable: true } };
  shop = await NestFactory.createMicroservice<MicroserviceOptions>(shopModule(broker.url), {
    transport: Transport.RMQ,
    options: { ...transport, noAck: false, prefetchCount: 10 },
    logger: false,
  });
  await shop.listen();
  client = ClientProxyFactory.create({ transport: Transport.RMQ, options: transport });
});
afterAll(async () => {
  await client?.close();
  await shop?.close();
  await broker?.stop();
});

const order = { id: 7, lines: [{ price: 3 }, { price: 4 }] };

test("a request is answered", async () => {
  expect(await firstValueFrom(client.send("price", order))).toBe(7);
});

test("an order is sent to the warehouse, and acknowledged", async () => {
  await firstValueFrom(client.emit("ordered", order), { defaultValue: undefined });
  await broker.queue("warehouse").expectMessage({ json: { pattern: "pick", data: { order: 7 } } });
  await broker.queue("shop").expectDepth(0);
});
