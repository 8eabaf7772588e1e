// The producer: reads commands as lines of JSON, and answers each with one.
import {createInterface} from 'node:readline';
import {Queue, QueueEvents} from 'bullmq';
import {Redis} from 'ioredis';

const port = Number(process.argv[2]);
const connect = () => new Redis({host: '127.0.0.1', port, maxRetriesPerRequest: null});
const queue = new Queue('bench', {connection: connect()});
await queue.waitUntilReady();

const job = () => ({name: 'noop', data: {n: 1}});

// spread makes n calls, so many at a time.
async function spread(n, inFlight, call) {
  let next = 0;
  const one = async () => {
    while (next < n) {
      await call(next++);
    }
  };
  await Promise.all(Array.from({length: inFlight}, one));
}

const commands = {
  async batches({jobs, size, inFlight}) {
    await spread(Math.ceil(jobs / size), inFlight, (i) =>
      queue.addBulk(Array.from({length: Math.min(size, jobs - i * size)}, job)),
    );
  },

  async singles({jobs, inFlight}) {
    await spread(jobs, inFlight, () => queue.add('noop', {n: 1}));
  },

  // Sends each job when it is due, whatever became of those before, and sees its end as a user would: by QueueEvents.
  async latency({jobs, rate}) {
    const events = new QueueEvents('bench', {connection: connect()});
    await events.waitUntilReady();
    const due = new Map();
    const took = [];
    const all = new Promise((resolve) => {
      events.on('completed', ({jobId}) => {
        took.push(performance.now() - due.get(jobId));
        if (took.length === jobs) resolve();
      });
    });
    const began = performance.now();
    let sent = 0;
    await new Promise((resolve, reject) => {
      const timer = setInterval(() => {
        for (; sent < jobs && began + (sent * 1000) / rate <= performance.now(); sent++) {
          const jobId = `latency-${began}-${sent}`;
          due.set(jobId, began + (sent * 1000) / rate);
          queue.add('noop', {n: 1}, {jobId}).catch(reject);
        }
        if (sent === jobs) {
          clearInterval(timer);
          resolve();
        }
      }, 1);
    });
    await all;
    await events.close();
    return took;
  },
};

console.log(JSON.stringify({ready: true}));
for await (const line of createInterface({input: process.stdin})) {
  const command = JSON.parse(line);
  try {
    console.log(JSON.stringify({took: await commands[command.do](command)}));
  } catch (error) {
    console.log(JSON.stringify({error: String(error)}));
  }
}
process.exit(0);
