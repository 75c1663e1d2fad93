// SPDX-License-Identifier: MIT
// The page of the namespaces: one connection, shared by a socket for each namespace that the visitor has joined. Text
// from other people is untrusted: the page shows it with textContent, never as markup.
"use strict";

const $ = (id) => document.getElementById(id);

const manager = new io.Manager({ autoConnect: false });
const sockets = {
  "/": manager.socket("/"),
  "/admin": manager.socket("/admin"),
  "/tenant-acme": manager.socket("/tenant-acme"),
  "/tenant-globex": manager.socket("/tenant-globex"),
};

// ---- small helpers -------------------------------------------------------------------------------------------------

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function add(feed, node) {
  feed.append(node);
  while (feed.childElementCount > 200) feed.firstElementChild.remove();
  feed.scrollTop = feed.scrollHeight;
}

function said({ from, text }) {
  const line = element("p", "");
  line.append(element("b", "", from), ` ${text}`);
  return line;
}

/** When the form is submitted, calls `send` with the text and empties the field. */
function onLine(form, send) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const field = form.querySelector("input");
    const text = field.value.trim();
    if (text) send(text);
    field.value = "";
    field.focus();
  });
}

// ---- the one connection --------------------------------------------------------------------------------------------

function showConnection() {
  const connected = Object.values(sockets).filter((socket) => socket.connected).length;
  $("namespaces").replaceChildren(
    ...Object.entries(sockets).map(([name, socket]) => {
      const row = element("li", "", name);
      row.dataset.connected = String(socket.connected);
      row.ariaLabel = `${name}, ${socket.connected ? "connected" : "not connected"}`;
      return row;
    }),
  );
  $("status").dataset.state = connected ? "online" : "waiting";
  $("status").textContent = connected ? "Online" : "Reconnecting…";
  $("connection").textContent = connected
    ? `One ${manager.engine.transport.name} connection carries ${connected} of ${Object.keys(sockets).length} namespaces`
    : "";
}

manager.on("open", () => manager.engine.on("upgrade", showConnection));
for (const socket of Object.values(sockets)) {
  socket.on("connect", showConnection);
  socket.on("disconnect", showConnection);
}

// ---- / : open to everyone ------------------------------------------------------------------------------------------

const feed = $("public").querySelector(".feed");
const open = sockets["/"];

open.on("connect", () => open.emit("subscribe", $("subscribe").checked));
open.on("visitors", (count) => ($("visitors").textContent = count === 1 ? "1 visitor" : `${count} visitors`));
open.on("said", (message) => add(feed, said(message)));
open.on("announcement", (text) => add(feed, element("p", "announcement", text)));
open.on("refused", (why) => ($("public-refusal").textContent = why));

$("subscribe").onchange = () => open.emit("subscribe", $("subscribe").checked);
onLine($("public").querySelector("form"), (text) => {
  $("public-refusal").textContent = "";
  open.emit("say", text);
});

// ---- namespaces with a door: /admin and the tenants ----------------------------------------------------------------

/** A card whose form gives the credentials: the middleware accepts the visitor, or the card shows its refusal. */
function guard(card, socket, credentials) {
  const door = card.querySelector(".door");
  const inside = card.querySelector(".inside");
  const leave = card.querySelector(".go");
  const refusal = door.querySelector(".refusal");

  function show(entered) {
    door.hidden = entered;
    inside.hidden = !entered;
    leave.hidden = !entered;
  }

  door.addEventListener("submit", (event) => {
    event.preventDefault();
    refusal.textContent = "";
    socket.auth = credentials();
    socket.connect();
  });
  leave.onclick = () => {
    socket.disconnect();
    show(false);
    door.querySelector("input").focus();
  };
  socket.on("connect", () => {
    const hadFocus = door.contains(document.activeElement);
    show(true);
    if (hadFocus) inside.querySelector(".line input").focus();
  });
  socket.on("connect_error", (error) => {
    if (socket.active) return; // the server cannot be reached; the connection tries again
    show(false);
    refusal.textContent = error.data?.hint ? `${error.message}. ${error.data.hint}` : error.message;
    door.querySelector("input").select();
  });
}

// ---- /admin --------------------------------------------------------------------------------------------------------

const admin = sockets["/admin"];
const arrivals = $("admin").querySelector(".feed");

guard($("admin"), admin, () => ({ token: $("token").value }));

admin.on("connect", () => {
  $("token").value = "";
  admin.emit("watch", $("watch").checked);
});
admin.on("counts", (counts) => {
  $("counts").replaceChildren(
    ...Object.entries(counts).map(([name, count]) => {
      const row = element("div", "");
      row.append(element("dt", "", name), element("dd", "", count));
      return row;
    }),
  );
});
admin.on("muted", (muted) => {
  $("mute").checked = muted;
  $("muted").textContent = muted ? "muted" : "not muted";
});
admin.on("arrival", (text) => add(arrivals, element("p", "", text)));

$("mute").onchange = () => admin.emit("mute", $("mute").checked);
$("watch").onchange = () => {
  arrivals.dataset.empty = $("watch").checked ? "Watching. No arrivals yet." : "Not watching.";
  admin.emit("watch", $("watch").checked);
};
onLine($("admin").querySelector(".line"), (text) => admin.emit("announce", text));

// ---- the tenants: the same card, each on a namespace of its own ----------------------------------------------------

function tenant(id) {
  const socket = sockets[`/tenant-${id}`];
  const card = $(id);
  const messages = card.querySelector(".feed");
  const desks = card.querySelector(".desks");
  let desk = "";

  guard(card, socket, () => ({ name: $(`${id}-name`).value.trim() }));

  function sit(at) {
    desk = at;
    socket.emit("sit", desk);
    add(messages, element("p", "note", `You sit at ${desk}`));
  }

  function deskChoice(name) {
    const label = element("label", "");
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = `${id}-desk`;
    radio.checked = name === desk;
    radio.onchange = () => sit(name);
    label.append(radio, element("span", "", name));
    return label;
  }

  // The server first sends the list of desks; after a reconnection the visitor keeps the former desk.
  socket.on("desks", (names) => {
    const seat = names.includes(desk) ? desk : names[0];
    sit(seat);
    desks.replaceChildren(desks.querySelector("legend"), ...names.map(deskChoice));
  });
  socket.on("members", (at, names) => {
    if (at === desk) card.querySelector(".members").textContent = `At ${at}: ${names.join(", ")}`;
  });
  socket.on("said", (message) => add(messages, said(message)));
  onLine(card.querySelector(".line"), (text) => socket.emit("say", text));
}

tenant("acme");
tenant("globex");

showConnection();
$("status").textContent = "Connecting…";
open.connect();
