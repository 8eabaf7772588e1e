// The worker: jobs that do nothing, kept with their results.
import {Worker} from 'bullmq';
import {Redis} from 'ioredis';

const [port, concurrency] = process.argv.slice(2).map(Number);
// maxRetriesPerRequest null is what BullMQ asks of a worker's connection.
const connection = new Redis({host: '127.0.0.1', port, maxRetriesPerRequest: null});
const worker = new Worker('bench', async () => ({ok: true}), {connection, concurrency});
worker.on('error', (error) => console.error(error));
await worker.waitUntilReady();
console.log('ready');
