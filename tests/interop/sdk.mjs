// Runs the official SDKs on behalf of the Python tests: one JSON object per line in, one per line out.
//
// In:  {id, op: "sync", sdk, token, uri}        a Sync client of that major version
//      {id, op: "chat", sdk, token, uri}        a Conversations client of that generation
//      {id, op: "twilsock", token, uri, types}  a bare Twilsock client registered for these message types
//      {id, op: "call", on, method, args}       a method of an object; {"$js": source} stands for a function
//      {id, op: "run", on, source}              a function of the test's own, with the object as `this`
//      {id, op: "read", on}                     its public properties
// Out: {id, ok} or {id, error}                  the outcome of a command
//      {on, event, payload}                     an event of an object
//      {uncaught}                               an error that would have ended an ordinary Node process
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const PACKAGES = { 0: "twilio-sync-0", 2: "twilio-sync-2", 3: "twilio-sync-3", 4: "twilio-sync" };
const CHAT_PACKAGES = {
  3: "@twilio/conversations", 2.7: "conversations-2.7", 2.6: "conversations-2.6", 1: "twilio-chat",
};
const EVENTS = [
  // of a client
  "connectionStateChanged", "connectionError", "tokenAboutToExpire", "tokenExpired",
  // of a bare Twilsock client
  "stateChanged", "connected", "disconnected", "initialized", "registered", "message",
  // of documents, lists, maps, streams and queries
  "updated", "removed", "itemAdded", "itemUpdated", "itemRemoved", "contextUpdated", "messagePublished",
  "failure", "searchResult", "_subscriptionStateChanged",
  // of a Conversations client and of what it shows
  "initFailed", "conversationAdded", "conversationJoined", "conversationLeft", "conversationRemoved",
  "conversationUpdated", "channelAdded", "channelInvited", "channelJoined", "channelLeft", "channelRemoved", "channelUpdated",
  "participantJoined", "participantLeft", "participantUpdated", "memberJoined", "memberLeft", "memberUpdated",
  "messageAdded", "messageRemoved", "messageUpdated", "typingStarted", "typingEnded",
  "userSubscribed", "userUnsubscribed", "userUpdated", "subscribed", "unsubscribed", "pushNotification",
];
const PROPERTIES = [
  "sid", "uniqueName", "data", "revision", "lastEventId", "dateUpdated", "dateExpires", "uri", "url", "links",
  "index", "key", "value", "items", "hasNextPage", "hasPrevPage", "connectionState", "state",
  "identity", "friendlyName", "attributes", "createdBy", "dateCreated", "status", "notificationLevel",
  "lastMessage", "lastReadMessageIndex", "lastReadTimestamp", "lastConsumedMessageIndex", "roleSid", "type",
  "author", "body", "subject", "participantSid", "memberSid", "lastUpdatedBy", "contentSid", "user",
  "attachedMedia", "aggregatedDeliveryReceipt", "isOnline", "isNotifiable", "isSubscribed",
  "reachabilityEnabled", "isPrivate", "filename", "contentType", "size", "category", "bindings",
  "total", "sent", "delivered", "read", "undelivered", "failed",
];
const ERROR_FIELDS = ["name", "message", "status", "code", "body"];

const objects = new Map();
const numbers = new Map();

function write(line) {
  process.stdout.write(JSON.stringify(line) + "\n");
}

// Objects with events or methods stay here and go by number; their events are reported from then on.
function register(object) {
  if (!numbers.has(object)) {
    const on = objects.size;
    objects.set(on, object);
    numbers.set(object, on);
    if (object.on) {
      for (const event of EVENTS) {
        object.on(event, (...args) => write({ on, event, payload: encode(args.length > 1 ? args : args[0]) }));
      }
    }
  }
  return numbers.get(object);
}

function pick(object, names) {
  return Object.fromEntries(names.filter((name) => name in object).map((name) => [name, encode(get(object, name))]));
}

// Some properties can't be had before a client is initialized.
function get(object, name) {
  try {
    return object[name];
  } catch {
    return undefined;
  }
}

// What is being encoded, and so is not once more within itself.
const encoding = new Set();
const plainly = (value) => (encoding.has(value) ? undefined : value);

function encode(value) {
  if (value === null || typeof value !== "object" || value instanceof Date || encoding.has(value)) return plainly(value);
  encoding.add(value);
  try {
    return encodeObject(value);
  } finally {
    encoding.delete(value);
  }
}

function encodeObject(value) {
  if (Array.isArray(value)) return value.map(encode);
  if (value instanceof Error) return pick(value, ERROR_FIELDS);
  if (value.on || value.nextPage) return { $object: register(value), properties: pick(value, PROPERTIES) };
  const plain = [Object.prototype, null].includes(Object.getPrototypeOf(value));
  const names = plain ? Object.keys(value) : [...new Set([...Object.keys(value), ...PROPERTIES])];
  return pick(value, names.filter((name) => name !== "descriptor"));
}

function decode(value) {
  return value?.$js === undefined ? value : (0, eval)(value.$js);
}

const operations = {
  sync({ sdk, token, uri }) {
    const { SyncClient } = require(PACKAGES[sdk]);
    return new SyncClient(token, { twilsock: { uri } });
  },
  chat({ sdk, token, uri }) {
    const { Client } = require(CHAT_PACKAGES[sdk]);
    return new Client(token, { Twilsock: { uri }, twilsock: { uri } });
  },
  twilsock({ token, uri, types }) {
    const { InitRegistration, Twilsock } = require("twilsock");
    const registration = new InitRegistration("data_sync");
    registration.populateInitRegistrations(types);
    const initRegistrations = types.length ? [registration] : null;
    const twilsock = new Twilsock(token, "data_sync", { twilsock: { uri }, initRegistrations });
    register(twilsock);
    twilsock.connect();
    return twilsock;
  },
  call({ on, method, args }) {
    return objects.get(on)[method](...args.map(decode));
  },
  run({ on, source }) {
    return (0, eval)(source).call(objects.get(on));
  },
  read({ on }) {
    return pick(objects.get(on), PROPERTIES);
  },
};

async function obey({ id, op, ...command }) {
  try {
    write({ id, ok: encode(await operations[op](command)) ?? null });
  } catch (error) {
    write({ id, error: encode(error) });
  }
}

process.on("uncaughtException", (error) => write({ uncaught: String(error?.stack ?? error) }));
process.on("unhandledRejection", (error) => write({ uncaught: String(error?.stack ?? error) }));
createInterface({ input: process.stdin })
  .on("line", (line) => obey(JSON.parse(line)))
  .on("close", () => process.exit());
