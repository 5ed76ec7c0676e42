// A header that a delivery has besides those of the message: a name and a whole number, for each protocol to write.

export class DeliveryHeader {
  readonly name: string;
  /** Changes with every delivery; within 2^53. */
  value = 0;
  /** One more. */
  next: DeliveryHeader | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }
}
