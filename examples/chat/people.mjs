// Names and presence of people. The SDK keeps a user that was asked for up to date by itself.

export class People {
  #client;
  #users = new Map();
  #changed;

  /** `changed(identity)` is called when somebody's name or presence is known or has changed. */
  constructor(client, changed) {
    this.#client = client;
    this.#changed = changed;
    this.#users.set(client.user.identity, client.user);
    client.on("userUpdated", ({ user }) => changed(user.identity));
  }

  get me() {
    return this.#client.user;
  }

  /** What to call somebody; the bare identity until the name is there. */
  name(identity) {
    return this.#user(identity)?.friendlyName || identity;
  }

  /** Whether somebody is connected; null where the service does not tell (its reachability is off). */
  online(identity) {
    return this.#client.reachabilityEnabled ? (this.#user(identity)?.isOnline ?? null) : null;
  }

  #user(identity) {
    if (identity && !this.#users.has(identity)) {
      this.#users.set(identity, null); // asked for once
      this.#client.getUser(identity).then(
        (user) => {
          this.#users.set(identity, user);
          this.#changed(identity);
        },
        () => {}, // such as an author who is no user: the identity is all there is to say
      );
    }
    return this.#users.get(identity);
  }
}
