// The program under test: a NestJS microservice that prices orders and tells the warehouse.

import { Controller, Inject, Module } from "@nestjs/common";
import {
  type ClientProxy,
  ClientsModule,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  type RmqContext,
  Transport,
} from "@nestjs/microservices";

export interface Order {
  readonly id: number;
  readonly lines: readonly { readonly price: number }[];
}

@Controller()
class Shop {
  constructor(@Inject("WAREHOUSE") private readonly warehouse: ClientProxy) {}

  @MessagePattern("price")
  price(@Payload() order: Order, @Ctx() context: RmqContext): number {
    context.getChannelRef().ack(context.getMessage());
    return order.lines.reduce((sum, { price }) => sum + price, 0);
  }

  @EventPattern("ordered")
  ordered(@Payload() order: Order, @Ctx() context: RmqContext): void {
    this.warehouse.emit("pick", { order: order.id });
    context.getChannelRef().ack(context.getMessage());
  }
}

export function shopModule(url: string) {
  const options = { urls: [url], queue: "warehouse", queueOptions: { durable: true } };
  const warehouse = { name: "WAREHOUSE", transport: Transport.RMQ, options } as const;
  @Module({ imports: [ClientsModule.register([warehouse])], controllers: [Shop] })
  class ShopModule {}
  return ShopModule;
}
