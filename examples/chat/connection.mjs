// Keeps a Conversations client connected for as long as tokens are to be had. Knows nothing of the page.

/**
 * A client that is initialized, and replaces its token in time.
 *
 * Client    the class of the SDK: `Twilio.Conversations.Client` in a browser
 * uri       where tsock listens, such as ws://127.0.0.1:8080/v3/wsconnect
 * getToken  an async function that brings a fresh Access Token: the raw string, not JSON
 * tell      called as tell(what, detail) with "state", "renewed" or "trouble"
 */
export async function connect(Client, uri, getToken, tell) {
  const client = new Client(await getToken(), { Twilsock: { uri } });
  let mayRenew = false; // once for each time that it was connected, so that a refusal ends in "denied"
  let expired = false;

  async function renew() {
    try {
      await client.updateToken(await getToken());
      tell("renewed");
    } catch (error) {
      if (client.connectionState !== "denied") {
        tell("trouble", error.message); // of a denial connectionError has told more
      }
    }
  }

  // While the old connection is closing the SDK forgets what updateToken is given, so wait until it is closed.
  function renewOnceClosed() {
    if (expired && mayRenew && ["denied", "disconnected"].includes(client.connectionState)) {
      expired = mayRenew = false;
      renew();
    }
  }

  client.on("connectionStateChanged", (state) => {
    mayRenew ||= state === "connected";
    tell("state", state);
    renewOnceClosed();
  });
  client.on("tokenAboutToExpire", renew);
  client.on("tokenExpired", () => {
    expired = true;
    renewOnceClosed();
  });
  let refusal;
  client.on("connectionError", ({ errorCode, message }) => {
    if (errorCode) {
      refusal = `${errorCode} ${message}`;
      tell("trouble", refusal); // without a code the SDK tries again by itself
    }
  });

  await new Promise((resolve, reject) => {
    client.on("initialized", resolve);
    client.on("initFailed", ({ error }) => reject(new Error(refusal ?? error?.message ?? "the connection failed")));
  }).catch(async (error) => {
    await client.shutdown();
    throw error;
  });
  return client;
}

/** A token for this name from the development server, which asks for no password. Production has its own. */
export async function fetchToken(server, identity) {
  const response = await fetch(`${server}/dev/token?identity=${encodeURIComponent(identity)}`).catch(() => {
    throw new Error(`no answer from ${server}; is tsock running there?`);
  });
  if (!response.ok) {
    throw new Error(`no token from ${server}: ${response.status} ${await response.text()}`);
  }
  return response.text();
}
