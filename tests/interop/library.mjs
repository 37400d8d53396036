// Runs the official helper library on behalf of the Python tests: one JSON object per line in, one per line out.
// Started with the module that a reader of docs/howto/helper-libraries.md would have saved.
//
// In:  {id, op: "client", url, user, password, options, http}  a client; `http` are options of its HTTP client
//      {id, op: "call", on, steps, params}                what stands at the end of a path of names and [name, args]
//      {id, op: "walk", on, steps, params, moves}         the records of a first page and those reached from it
//      {id, op: "record", on, steps, params, like, calls} what calls of a record's own methods answer, [name, params] each;
//                                                         of a list, the record that has all that is in `like`
//      {id, op: "verify", token, signature, url, params}  whether a webhook's signature holds
//      dates as {"$date": text}, here as in the outcome
// Out: {id, ok} or {id, error}                            the outcome; dates as {"$date": text}
import { createInterface } from "node:readline";
import twilio from "twilio";

const { TsockRequestClient } = await import(process.argv[2]);

const ERROR_FIELDS = ["name", "message", "status", "code", "moreInfo"];
const clients = [];

function write(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

function encode(value) {
  if (value instanceof Date) return { $date: value.toISOString() };
  if (Array.isArray(value)) return value.map(encode);
  if (value === null || typeof value !== "object") return value;
  const plain = value.toJSON ? value.toJSON() : value;
  return Object.fromEntries(Object.entries(plain).map(([name, part]) => [name, encode(part)]));
}

function decode(name, value) {
  return value?.$date ? new Date(value.$date) : value;
}

function reach(on, steps) {
  return steps.reduce((owner, step) => {
    const [name, args] = Array.isArray(step) ? step : [step];
    return args ? owner[name](...args) : owner[name];
  }, clients[on]);
}

const operations = {
  client({ url, user, password, options, http }) {
    const httpClient = new TsockRequestClient(url, http);
    return clients.push(twilio(user, password, { ...options, httpClient })) - 1;
  },
  call({ on, steps, params }) {
    const resource = reach(on, steps.slice(0, -1));
    const method = steps.at(-1);
    if (method !== "stream") return resource[method](params);
    const records = [];
    return new Promise((resolve, reject) => {
      const done = (error) => (error ? reject(error) : resolve(records));
      resource.each({ ...params, done }, (record) => records.push(record));
    });
  },
  async walk({ on, steps, params, moves }) {
    let page = await reach(on, steps).page(params);
    const records = [page.instances];
    for (const move of moves) {
      page = await page[`${move}Page`]();
      records.push(page.instances);
    }
    return records;
  },
  async record({ on, steps, params, like, calls }) {
    const found = await operations.call({ on, steps, params });
    const isLike = (one) => Object.entries(like).every(([name, value]) => one[name] === value);
    const record = Array.isArray(found) ? found.find(isLike) : found;
    const answers = [];
    for (const [method, given] of calls) answers.push(await record[method](given));
    return answers;
  },
  verify({ token, signature, url, params }) {
    return twilio.validateRequest(token, signature, url, params);
  },
};

async function obey({ id, op, ...command }) {
  try {
    write({ id, ok: encode(await operations[op](command)) ?? null });
  } catch (error) {
    write({ id, error: Object.fromEntries(ERROR_FIELDS.map((name) => [name, error[name]])) });
  }
}

createInterface({ input: process.stdin })
  .on("line", (line) => obey(JSON.parse(line, decode)))
  .on("close", () => process.exit());
