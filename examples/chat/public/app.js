// SPDX-License-Identifier: MIT
// The page of the chat. Text from other people is untrusted: the page shows it with textContent, never as markup.
"use strict";

const socket = io();

const $ = (id) => document.getElementById(id);
const log = $("log");
const input = $("text");

let me = null; // my nickname, while I have joined
let addressee = null; // the receiver of the next message; null for everyone
let people = [];
const inFlight = []; // my messages to everyone that the server has not sent back yet, oldest first
const unsent = []; // messages that I wrote while there was no connection

// ---- small helpers -------------------------------------------------------------------------------------------------

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function avatar(name) {
  let hash = 7;
  for (const character of name) hash = (hash * 33 + character.codePointAt(0)) % 65521;
  const made = element("span", "avatar", [...name][0].toUpperCase());
  made.style.setProperty("--hue", (hash * 137) % 360);
  made.ariaHidden = "true";
  return made;
}

function sentence(names) {
  if (names.length < 3) return names.join(" and ");
  return "Several people";
}

function setStatus(state, text) {
  $("status").dataset.state = state;
  $("status").textContent = text;
}

// ---- the log -------------------------------------------------------------------------------------------------------

function append(node) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  const previous = log.lastElementChild;
  node.classList.toggle("again", Boolean(node.dataset.key) && previous?.dataset.key === node.dataset.key);
  log.append(node);
  while (log.childElementCount > 500) log.firstElementChild.remove();
  if (atEnd || node.classList.contains("own")) log.scrollTop = log.scrollHeight;
}

function note(text) {
  append(element("p", "note", text));
}

function showMessage({ from, text }, direct) {
  const message = element("article", direct ? "message direct" : "message");
  message.dataset.key = (direct ? "direct " : "all ") + from;
  const about = element("div", "about");
  about.append(element("span", "from", from));
  if (direct) about.append(element("span", "private", "only to you"));
  about.append(element("time", "", clock()));
  message.append(avatar(from), about, element("p", "bubble", text));
  append(message);
  stoppedTyping(from);
}

function clock() {
  return new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

// ---- my own messages: shown at once, ticked when the server acknowledges --------------------------------------------

function showOwn(text, to) {
  const node = element("article", to ? "message own direct" : "message own");
  if (to) {
    const about = element("div", "about");
    about.append(element("span", "private", `only to ${to}`));
    node.append(about);
  }
  const bubble = element("p", "bubble", text);
  const tick = element("span", "tick");
  tick.setAttribute("role", "img");
  bubble.append(tick);
  node.append(bubble);
  const entry = { node, tick, text, to };
  setTick(entry, "waiting");
  append(node);
  send(entry);
}

function setTick({ tick }, state) {
  tick.dataset.state = state;
  tick.textContent = { waiting: "…", received: "✓", failed: "!" }[state];
  tick.ariaLabel = { waiting: "on its way", received: "received by the server", failed: "not received" }[state];
}

function send(entry) {
  if (!me) return unsent.push(entry);
  if (!entry.to) inFlight.push(entry);
  const answered = (error, answer) => {
    if (!error && answer.ok) return setTick(entry, "received");
    if (inFlight.includes(entry)) inFlight.splice(inFlight.indexOf(entry), 1);
    refuse(entry, error ? "The server did not answer." : answer.error);
  };
  const request = socket.timeout(8000);
  if (entry.to) request.emit("direct", entry.to, entry.text, answered);
  else request.emit("message", entry.text, answered);
}

function refuse(entry, why) {
  setTick(entry, "failed");
  entry.node.classList.add("failed");
  const refusal = element("p", "refusal", why);
  const again = element("button", "button quiet small", "Send again");
  again.type = "button";
  again.onclick = () => {
    refusal.remove();
    entry.node.classList.remove("failed");
    setTick(entry, "waiting");
    send(entry);
  };
  refusal.append(again);
  entry.node.append(refusal);
  log.scrollTop = log.scrollHeight;
}

// ---- joining -------------------------------------------------------------------------------------------------------

function askNickname(refusal = "") {
  $("nick-refusal").textContent = refusal;
  if (!$("welcome").open) $("welcome").showModal();
  $("nick").select();
}

function join(nick) {
  socket.timeout(8000).emit("join", nick, (error, answer) => {
    if (error) return; // the connection broke: "connect" tries again
    if (!answer.ok) {
      sessionStorage.removeItem("nick");
      return askNickname(answer.error);
    }
    me = nick;
    sessionStorage.setItem("nick", nick);
    $("me").hidden = false;
    $("me").querySelector("b").textContent = nick;
    $("welcome").close();
    setStatus("online", "Online");
    showPeople();
    input.focus();
    unsent.splice(0).forEach(send);
  });
}

$("welcome").addEventListener("cancel", (event) => event.preventDefault());
$("welcome").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const nick = $("nick").value.trim();
  if (nick) join(nick);
});

// ---- people and direct messages ------------------------------------------------------------------------------------

function showPeople() {
  const count = people.length === 0 ? "Nobody here" : `${people.length} here`;
  $("people-title").textContent = count;
  $("people-toggle").textContent = count;
  $("crowd").textContent =
    people.length === 0
      ? "You are the first one here. Pick a nickname that the others will see."
      : `${people.length} ${people.length === 1 ? "person is" : "people are"} here. Pick a nickname that they will see.`;
  const rows = people.map((name) => {
    const row = document.createElement("li");
    const button = element("button", "");
    button.type = "button";
    button.disabled = name === me;
    button.ariaPressed = String(name === addressee);
    button.append(avatar(name), element("span", "nick", name), element("span", "hint", hint(name)));
    button.onclick = () => writeTo(name === addressee ? null : name);
    row.append(button);
    return row;
  });
  showAddressee();
  const focused = document.activeElement?.closest("#people li")?.querySelector(".nick").textContent;
  $("people").querySelector("ul").replaceChildren(...rows);
  if (focused) rows[people.indexOf(focused)]?.firstElementChild.focus();
}

function hint(name) {
  if (name === me) return "you";
  return name === addressee ? "writing to" : "message";
}

/** A person who has left stays the addressee: a message for one person must not go to everyone instead. */
function showAddressee() {
  const hint = people.includes(addressee) ? `Only ${addressee} will see this` : `${addressee} is not here at the moment`;
  $("addressee").hidden = !addressee;
  $("addressee").querySelector("span").textContent = addressee ? hint : "";
  input.placeholder = addressee ? `Write to ${addressee}` : "Write to everyone";
}

function writeTo(name) {
  addressee = name;
  showPeople();
  openPeople(false);
  input.focus();
}

function openPeople(open) {
  $("app").classList.toggle("people-open", open);
  $("people-toggle").ariaExpanded = String(open);
}

$("people-toggle").onclick = () => openPeople(!$("app").classList.contains("people-open"));
$("addressee").querySelector("button").onclick = () => writeTo(null);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  openPeople(false);
  if (addressee) writeTo(null);
});

// ---- who is typing -------------------------------------------------------------------------------------------------

const typists = new Map(); // nickname -> timer that removes it if no end is reported
let toldTyping = 0; // when I last reported that I am typing; 0 while I am not
let pause = 0;

function showTyping() {
  const names = [...typists.keys()];
  $("typing").textContent = names.length ? `${sentence(names)} ${names.length === 1 ? "is" : "are"} typing…` : "";
}

function stoppedTyping(name) {
  clearTimeout(typists.get(name));
  if (typists.delete(name)) showTyping();
}

function tellTyping(typing) {
  clearTimeout(pause);
  if (typing) pause = setTimeout(tellTyping, 2500, false);
  const now = Date.now();
  if (typing ? now - toldTyping < 2000 : toldTyping === 0) return;
  toldTyping = typing ? now : 0;
  if (me) socket.volatile.emit("typing", typing);
}

// ---- the composer --------------------------------------------------------------------------------------------------

function grow() {
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight + 2}px`;
}

input.addEventListener("input", () => {
  grow();
  if (!addressee) tellTyping(input.value !== "");
});

input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("composer").requestSubmit();
});

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (!text) return;
  input.value = "";
  grow();
  tellTyping(false);
  showOwn(text, addressee);
  input.focus();
});

// ---- events of the server -----------------------------------------------------------------------------------------

socket.on("connect", () => {
  setStatus("online", "Online");
  const nick = sessionStorage.getItem("nick");
  if (nick) join(nick);
  else askNickname();
});

socket.on("disconnect", () => {
  me = null;
  people = []; // unknown until the server sends the list again
  showPeople();
  for (const name of [...typists.keys()]) stoppedTyping(name);
  setStatus(socket.active ? "waiting" : "offline", socket.active ? "Reconnecting…" : "Disconnected");
});

socket.on("connect_error", () => setStatus("waiting", "Reconnecting…"));

socket.on("people", (names) => {
  people = names;
  showPeople();
});

socket.on("joined", (name) => note(`${name} joined`));

socket.on("left", (name) => {
  stoppedTyping(name);
  note(`${name} left`);
});

socket.on("message", (message) => {
  // My own message comes back like all messages: this shows its place in the common order.
  if (message.from === me && inFlight.length) append(inFlight.shift().node);
  else showMessage(message, false);
});

socket.on("direct", (message) => showMessage(message, true));

socket.on("typing", (name, typing) => {
  stoppedTyping(name);
  if (typing) typists.set(name, setTimeout(stoppedTyping, 5000, name));
  showTyping();
});
