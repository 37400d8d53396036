// Serves this page and the browser bundle of the SDK, and nothing else. PORT=3000 unless it is set.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";

const HTML = "text/html; charset=utf-8";
const STYLE = "text/css; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";
const MODULES = ["page", "connection", "conversations", "room", "history", "message", "composer", "outbox", "unsent", "details", "people", "dom"];
const FILES = {
  "/": ["index.html", HTML],
  "/style.css": ["style.css", STYLE],
  "/twilio-conversations.min.js": ["node_modules/@twilio/conversations/builds/twilio-conversations.min.js", SCRIPT],
  ...Object.fromEntries(MODULES.map((name) => [`/${name}.mjs`, [`${name}.mjs`, SCRIPT]])),
};

const here = (name) => new URL(name, import.meta.url);

const server = createServer((request, response) => {
  const [name, type] = FILES[request.url.split("?")[0]] ?? [];
  if (!name || !existsSync(here(name))) {
    response.writeHead(404).end("not found\n");
    return;
  }
  response.writeHead(200, { "content-type": type, "cache-control": "no-store" });
  createReadStream(here(name)).pipe(response);
});

server.on("error", (error) => {
  console.error(`cannot listen: ${error.message}; choose another port with PORT=3001 npm start`);
  process.exitCode = 1;
});
server.listen(process.env.PORT ?? 3000, "127.0.0.1", () => {
  console.log(`Open http://127.0.0.1:${server.address().port} in two tabs.`);
});
