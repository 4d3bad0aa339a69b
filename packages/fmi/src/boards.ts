export { redis, type RedisChannelOptions } from './channels/redis-channel.ts';
export { store, type StoreChannelOptions } from './channels/store-channel.ts';
