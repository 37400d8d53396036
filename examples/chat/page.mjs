// Puts the parts together: signs in, hands what the SDK tells to the part that shows it.
import { Composer } from "./composer.mjs";
import { connect, fetchToken } from "./connection.mjs";
import { ConversationList } from "./conversations.mjs";
import { Details } from "./details.mjs";
import { $, attempt, complain } from "./dom.mjs";
import { Outbox } from "./outbox.mjs";
import { People } from "./people.mjs";
import { Room } from "./room.mjs";

// Another server is named in the address of the page: http://127.0.0.1:3000/?server=http://127.0.0.1:9000
const server = new URLSearchParams(location.search).get("server") ?? "http://127.0.0.1:8080";
const uri = `${server.replace(/^http/, "ws")}/v3/wsconnect`;

$("login").onsubmit = async (event) => {
  event.preventDefault();
  const identity = $("identity").value.trim();
  $("sign-in").disabled = true;
  try {
    const client = await connect(Twilio.Conversations.Client, uri, () => fetchToken(server, identity), tell);
    start(client);
  } catch (error) {
    complain(error);
  }
  $("sign-in").disabled = false;
};

// The next moment of being connected. Whoever waits for it goes on waiting over all that comes before.
let whenConnected = later();

function later() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}

function tell(what, detail) {
  if (what === "state") {
    if (detail === "connected") {
      whenConnected.resolve();
    } else if (document.body.dataset.state === "connected") {
      whenConnected = later();
    }
    document.body.dataset.state = detail;
    $("banner").textContent =
      detail === "denied" ? "You were signed out. Reload the page to sign in again." : "Reconnecting… What you write is sent when the connection is back.";
  } else if (what === "trouble") {
    complain(detail);
  }
}

function start(client) {
  const outboxes = new Map();
  let room;

  const people = new People(client, () => {
    $("me").textContent = people.me.friendlyName || people.me.identity;
    room?.peopleChanged();
    details.show(room);
  });
  const list = new ConversationList(client, enter);
  const details = new Details();
  const composer = new Composer({
    send: (text, file) => room.outbox.add(text, file),
    typing: () => room.conversation.typing().catch(() => {}), // nobody misses it
  });

  function enter(conversation) {
    document.body.dataset.view = "room";
    if (room?.conversation === conversation) {
      return;
    }
    room?.close();
    composer.reset();
    const opened = new Room(conversation, people, outboxOf(conversation));
    room = opened;
    list.select(conversation);
    details.show(room);
    $("room").hidden = false;
    attempt(() => opened.open());
    $("text").focus();
  }

  function outboxOf(conversation) {
    const { sid } = conversation;
    if (!outboxes.has(sid)) {
      const connected = () => whenConnected.promise;
      const changed = () => of(conversation)?.outboxChanged();
      const found = (message) => of(conversation)?.messageFound(message);
      outboxes.set(sid, new Outbox(conversation, people.me.identity, { connected, changed, found }));
    }
    return outboxes.get(sid);
  }

  function away({ sid }) {
    outboxes.get(sid)?.clear();
    outboxes.delete(sid);
    if (room?.conversation.sid === sid) {
      room.close();
      room = undefined;
      $("room").hidden = true;
      document.body.dataset.view = "list";
      details.show(undefined);
      list.select(undefined);
    }
  }

  /** The room of this conversation, if it is the open one. */
  const of = (conversation) => (room?.conversation.sid === conversation.sid ? room : undefined);

  client.on("messageAdded", (message) => of(message.conversation)?.messageAdded(message));
  client.on("messageUpdated", ({ message }) => of(message.conversation)?.messageUpdated(message));
  client.on("messageRemoved", (message) => of(message.conversation)?.messageRemoved(message));
  client.on("typingStarted", ({ conversation, identity }) => of(conversation)?.typing(identity, true));
  client.on("typingEnded", ({ conversation, identity }) => of(conversation)?.typing(identity, false));
  for (const event of ["participantJoined", "participantLeft", "participantUpdated"]) {
    client.on(event, async (told) => {
      const { conversation } = told.participant ?? told;
      await of(conversation)?.participantsChanged();
      details.show(room);
    });
  }
  client.on("conversationUpdated", ({ conversation }) => {
    of(conversation)?.drawHead();
    details.show(room);
  });
  client.on("conversationJoined", outboxOf); // sends what was left unsent when the page was open last
  client.on("conversationLeft", away);
  client.on("conversationRemoved", away);
  document.onvisibilitychange = () => room?.reachedEnd();

  $("create").onsubmit = (event) => {
    event.preventDefault();
    attempt(async () => {
      const conversation = await client.createConversation({ friendlyName: $("new").value.trim() });
      await conversation.join(); // who creates a conversation is not in it yet
      $("new").value = "";
      enter(conversation);
    });
  };
  $("back").onclick = () => (document.body.dataset.view = "list");
  $("profile").onclick = () => {
    const name = prompt("Your name, as others see it", people.me.friendlyName ?? people.me.identity);
    if (name?.trim()) {
      attempt(() => people.me.updateFriendlyName(name.trim()));
    }
  };

  $("me").textContent = people.me.friendlyName || people.me.identity;
  $("welcome").hidden = true;
  $("app").hidden = false;
  document.body.dataset.view = "list";
}
