// The page: one document with a text and a counter, one list, and what happens to the connection.
import { connect, fetchToken } from "./connection.mjs";

// Another server is named in the address of the page: http://127.0.0.1:3000/?server=http://127.0.0.1:9000
const server = new URLSearchParams(location.search).get("server") ?? "http://127.0.0.1:8080";
const uri = `${server.replace(/^http/, "ws")}/v3/wsconnect`;
const $ = (id) => document.getElementById(id);

let client;

$("join").onsubmit = async (event) => {
  event.preventDefault();
  await client?.shutdown();
  client = undefined;
  $("shared").disabled = true;
  $("trouble").hidden = true;
  const identity = $("identity").value;
  const own = $("token").value;
  try {
    client = await connect(Twilio.Sync.Client, uri, async () => own || fetchToken(server, identity), tell);
    await Promise.all([showDocument(client, identity), showList(client, identity)]);
    $("shared").disabled = false;
  } catch (error) {
    if (client?.connectionState !== "denied") {
      tell("trouble", error.message); // of a denial connectionError has told more
    }
  }
};

function tell(what, detail = "") {
  $("log").textContent = `${new Date().toLocaleTimeString()}  ${what} ${detail}\n${$("log").textContent}`;
  if (what === "state") {
    $("state").textContent = $("state").dataset.state = detail;
  }
  if (what === "trouble") {
    $("trouble").textContent = detail;
    $("trouble").hidden = false;
  }
  if (what === "state" && detail === "connected") {
    $("trouble").hidden = true;
  }
}

async function showDocument(client, identity) {
  const shared = await client.document("shared document");

  function show({ isLocal }) {
    const { text = "", count = 0 } = shared.data;
    if (!isLocal) {
      $("text").value = text; // one's own changes come back late: by then more may have been typed
    }
    $("count").textContent = count;
    $("data").textContent = `revision ${shared.revision}  ${JSON.stringify(shared.data)}`;
  }

  // Both read the document, change a part of it and try again when somebody else was quicker.
  $("text").oninput = () => attempt(shared.update({ text: $("text").value, writer: identity }));
  $("increment").onclick = () => attempt(shared.mutate((data) => ({ ...data, count: (data.count ?? 0) + 1 })));

  shared.on("updated", show);
  show({ isLocal: false });
}

async function showList(client, identity) {
  const list = await client.list("shared list");
  const items = new Map();

  function show() {
    const ordered = [...items.values()].sort((a, b) => a.index - b.index);
    $("entries").replaceChildren(...ordered.map((item) => entry(item, () => attempt(list.remove(item.index)))));
  }

  function keep({ item }) {
    items.set(item.index, item);
    show();
  }

  $("add").onsubmit = (event) => {
    event.preventDefault();
    attempt(list.push({ text: $("entry").value, writer: identity }));
    $("entry").value = "";
  };

  list.on("itemAdded", keep);
  list.on("itemUpdated", keep);
  list.on("itemRemoved", ({ index }) => {
    items.delete(index);
    show();
  });
  for (let page = await list.getItems(); ; page = await page.nextPage()) {
    page.items.forEach((item) => items.set(item.index, item));
    if (!page.hasNextPage) break;
  }
  show();
}

function entry({ data }, remove) {
  const line = document.createElement("li");
  const writer = document.createElement("small");
  const button = document.createElement("button");
  writer.textContent = ` ${data.writer} `;
  button.textContent = "remove";
  button.onclick = remove;
  line.append(data.text, writer, button);
  return line;
}

function attempt(promise) {
  promise.catch((error) => tell("trouble", error.message));
}
