// Who we are, and the level of RabbitMQ that is matched unless the configuration says otherwise.

export const LEVERET_VERSION = "0.1.0";
export const RABBITMQ_LEVEL = "4.3.5";
