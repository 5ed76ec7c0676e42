// The shapes of the HTTP API that the pages read: RabbitMQ's field names, only the fields that are used.

export interface Sample {
  readonly sample: number;
  readonly timestamp: number;
}

/** `…_details` of a counter or level. */
export interface Details {
  readonly rate: number;
  readonly samples?: readonly Sample[];
  readonly avg?: number;
  readonly avg_rate?: number;
}

export type Stats = Readonly<Record<string, number | Details | undefined>>;
export type Arguments = Readonly<Record<string, unknown>>;

export interface Whoami {
  readonly name: string;
  readonly tags: readonly string[] | string;
}

export interface Overview {
  readonly management_version: string;
  readonly product_name?: string;
  readonly product_version?: string;
  readonly rabbitmq_version: string;
  readonly erlang_version?: string;
  readonly leveret_version?: string;
  readonly node_version?: string;
  readonly cluster_name: string;
  readonly node?: string;
  readonly rates_mode: string;
  readonly disable_stats?: boolean;
  readonly sample_retention_policies?: { readonly global: readonly number[] };
  readonly exchange_types: readonly ExchangeType[];
  readonly message_stats?: Stats;
  readonly churn_rates?: Stats;
  readonly queue_totals?: Stats;
  readonly object_totals?: Readonly<Record<string, number>>;
  readonly listeners?: readonly Listener[];
  readonly contexts?: readonly WebContext[];
}

export interface ExchangeType {
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
}

export interface Listener {
  readonly node: string;
  readonly protocol: string;
  readonly ip_address: string;
  readonly port: number;
}

export interface WebContext {
  readonly node?: string;
  readonly description: string;
  readonly ip?: string;
  readonly port: string | number;
  readonly path: string;
  readonly ssl_opts?: unknown;
  readonly ssl?: boolean | string;
}

export interface Named {
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly enabled?: boolean;
}

export interface Node {
  readonly name: string;
  readonly type?: string;
  readonly running: boolean;
  readonly uptime?: number;
  readonly os_pid?: string;
  readonly fd_used?: number;
  readonly fd_total?: number;
  readonly sockets_used?: number;
  readonly sockets_total?: number;
  readonly proc_used?: number;
  readonly proc_total?: number;
  readonly mem_used?: number;
  readonly mem_limit?: number;
  readonly mem_alarm?: boolean;
  readonly disk_free?: number | string;
  readonly disk_free_limit?: number;
  readonly disk_free_alarm?: boolean;
  readonly partitions?: readonly string[];
  readonly being_drained?: boolean;
  readonly rates_mode?: string;
  readonly net_ticktime?: number;
  readonly run_queue?: number;
  readonly processors?: number;
  readonly config_files?: readonly string[];
  readonly db_dir?: string;
  readonly log_files?: readonly string[];
  readonly enabled_plugins?: readonly string[];
  readonly applications?: readonly Named[];
  readonly exchange_types?: readonly Named[];
  readonly auth_mechanisms?: readonly Named[];
  readonly contexts?: readonly WebContext[];
  readonly cluster_links?: readonly ClusterLink[];
  readonly metrics_gc_queue_length?: Readonly<Record<string, number>>;
  readonly ra_open_file_metrics?: Readonly<Record<string, number>>;
  readonly [field: string]: unknown;
}

export interface ClusterLink {
  readonly name: string;
  readonly peer_addr?: string;
  readonly peer_port?: number;
  readonly sock_addr?: string;
  readonly sock_port?: number;
  readonly stats?: Stats;
}

export interface Connection {
  readonly name: string;
  readonly vhost: string;
  readonly user: string;
  readonly user_provided_name?: string;
  readonly client_properties?: Readonly<Record<string, unknown>>;
  readonly state?: string;
  readonly ssl?: boolean;
  readonly ssl_protocol?: string;
  readonly ssl_key_exchange?: string;
  readonly ssl_cipher?: string;
  readonly ssl_hash?: string;
  readonly peer_cert_subject?: string;
  readonly peer_cert_issuer?: string;
  readonly peer_cert_validity?: string;
  readonly protocol?: string;
  readonly channels?: number;
  readonly channel_max?: number;
  readonly frame_max?: number;
  readonly auth_mechanism?: string;
  readonly timeout?: number;
  readonly connected_at?: number;
  readonly node?: string;
  readonly type?: string;
  readonly container_id?: string;
  readonly recv_oct?: number;
  readonly recv_oct_details?: Details;
  readonly send_oct?: number;
  readonly send_oct_details?: Details;
  readonly reductions_details?: Details;
  readonly garbage_collection?: Readonly<Record<string, number>>;
  readonly blocked_by?: readonly string[];
  readonly last_blocked_by?: string;
}

export interface ChannelRef {
  readonly name: string;
  readonly connection_name?: string;
  readonly number?: number;
  readonly node?: string;
}

export interface Channel {
  readonly name: string;
  readonly vhost: string;
  readonly user: string;
  readonly number: number;
  readonly state?: string;
  readonly confirm: boolean;
  readonly transactional: boolean;
  readonly prefetch_count?: number;
  readonly global_prefetch_count?: number;
  readonly messages_unacknowledged?: number;
  readonly messages_unconfirmed?: number;
  readonly messages_uncommitted?: number;
  readonly acks_uncommitted?: number;
  readonly pending_raft_commands?: number;
  readonly consumer_count?: number;
  readonly connection_details: { readonly name: string };
  readonly message_stats?: Stats;
  readonly consumer_details?: readonly Consumer[];
  readonly publishes?: readonly ExchangeStats[];
  readonly deliveries?: readonly QueueStats[];
  readonly reductions_details?: Details;
  readonly garbage_collection?: Readonly<Record<string, number>>;
}

export interface ExchangeStats {
  readonly stats: Stats;
  readonly exchange?: { readonly name: string; readonly vhost: string };
  readonly queue?: { readonly name: string; readonly vhost: string };
  readonly channel_details?: ChannelRef;
}

export interface QueueStats {
  readonly stats: Stats;
  readonly queue: { readonly name: string; readonly vhost: string };
}

export interface Consumer {
  readonly consumer_tag: string;
  readonly queue: { readonly name: string; readonly vhost: string };
  readonly channel_details: ChannelRef;
  readonly ack_required: boolean;
  readonly exclusive: boolean;
  readonly prefetch_count?: number;
  readonly active?: boolean;
  readonly activity_status?: string;
  readonly arguments?: Arguments;
}

export interface Exchange {
  readonly name: string;
  readonly vhost: string;
  readonly type: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly internal: boolean;
  readonly arguments: Arguments;
  readonly policy?: string;
  readonly user_who_performed_action?: string;
  readonly message_stats?: Stats;
  readonly incoming?: readonly ExchangeStats[];
  readonly outgoing?: readonly ExchangeStats[];
}

export interface Queue {
  readonly name: string;
  readonly vhost: string;
  readonly type?: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly exclusive?: boolean;
  readonly arguments: Arguments;
  readonly node?: string;
  readonly leader?: string;
  readonly online?: readonly string[];
  readonly members?: readonly string[];
  readonly policy?: string | null;
  readonly operator_policy?: string | null;
  readonly effective_policy_definition?: Arguments;
  readonly state?: string;
  readonly idle_since?: string;
  readonly consumers?: number;
  readonly consumer_capacity?: number;
  readonly consumer_utilisation?: number;
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly messages_delayed?: number;
  readonly messages_dlx?: number;
  readonly messages_ram?: number;
  readonly messages_persistent?: number;
  readonly messages_paged_out?: number;
  readonly message_bytes?: number;
  readonly message_bytes_ready?: number;
  readonly message_bytes_unacknowledged?: number;
  readonly message_bytes_ram?: number;
  readonly message_bytes_persistent?: number;
  readonly message_bytes_paged_out?: number;
  readonly message_bytes_dlx?: number;
  readonly memory?: number;
  readonly open_files?: Readonly<Record<string, number>>;
  readonly readers?: Readonly<Record<string, number>>;
  readonly message_stats?: Stats;
  readonly consumer_details?: readonly Consumer[];
  readonly incoming?: readonly ExchangeStats[];
  readonly deliveries?: readonly ExchangeStats[];
  readonly reductions_details?: Details;
  readonly garbage_collection?: Readonly<Record<string, number>>;
  readonly owner_pid_details?: { readonly name: string };
  readonly single_active_consumer_tag?: string;
  readonly [field: string]: unknown;
}

export interface Binding {
  readonly source: string;
  readonly vhost: string;
  readonly destination: string;
  readonly destination_type: "queue" | "exchange";
  readonly routing_key: string;
  readonly arguments: Arguments;
  readonly properties_key: string;
}

export interface Page<Row> {
  readonly filtered_count: number;
  readonly item_count: number;
  readonly items: readonly Row[];
  readonly page: number;
  readonly page_count: number;
  readonly page_size: number;
  readonly total_count: number;
}

export interface GotMessage {
  readonly payload: string;
  readonly payload_encoding: "string" | "base64";
  readonly payload_bytes: number;
  readonly redelivered: boolean;
  readonly exchange: string;
  readonly routing_key: string;
  readonly message_count?: number;
  readonly properties: Arguments | readonly never[];
}

export interface Vhost {
  readonly name: string;
  readonly description?: string;
  readonly tags?: readonly string[] | string;
  readonly default_queue_type?: string;
  readonly tracing: boolean;
  readonly protected_from_deletion?: boolean;
  readonly cluster_state?: Readonly<Record<string, string>>;
  readonly messages?: number;
  readonly messages_ready?: number;
  readonly messages_unacknowledged?: number;
  readonly recv_oct_details?: Details;
  readonly send_oct_details?: Details;
  readonly message_stats?: Stats;
  readonly [field: string]: unknown;
}

export interface User {
  readonly name: string;
  readonly tags: readonly string[] | string;
  readonly password_hash: string;
  readonly hashing_algorithm?: string;
  readonly limits?: Readonly<Record<string, number>>;
}

export interface Permission {
  readonly user: string;
  readonly vhost: string;
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

export interface TopicPermission {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

export interface Policy {
  readonly vhost: string;
  readonly name: string;
  readonly pattern: string;
  readonly "apply-to": string;
  readonly priority: number;
  readonly definition: Arguments;
}

export interface Parameter {
  readonly vhost: string;
  readonly component: string;
  readonly name: string;
  readonly value: Arguments;
}

export interface FeatureFlag {
  readonly name: string;
  readonly desc?: string;
  readonly doc_url?: string;
  readonly state: string;
  readonly stability?: string;
  readonly provided_by?: string;
}
