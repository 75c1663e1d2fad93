// SPDX-License-Identifier: MIT
// The page of the rooms. Text from other people is untrusted: the page shows it with textContent, never as markup.
"use strict";

const $ = (id) => document.getElementById(id);
const log = $("log");

// Every handshake contains the name; a middleware of the server checks it.
const socket = io({ autoConnect: false, auth: (send) => send({ name: sessionStorage.getItem("name") }) });

let directory = {}; // every room and the names of its members
const mine = new Set(); // the rooms that I am in
const chosen = new Set(); // the rooms ticked in the composer

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

function list(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function setStatus(state, text) {
  $("status").dataset.state = state;
  $("status").textContent = text;
}

/** Sends a request and calls `answered` with the server's answer: { ok, error }. */
function ask(event, request, answered) {
  socket.timeout(8000).emit(event, request, (error, answer) => {
    answered(error ? { ok: false, error: "The server did not answer." } : answer);
  });
}

// ---- the log -------------------------------------------------------------------------------------------------------

function append(node) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  log.append(node);
  while (log.childElementCount > 500) log.firstElementChild.remove();
  if (atEnd || node.classList.contains("own")) log.scrollTop = log.scrollHeight;
}

function note(text) {
  append(element("p", "note", text));
}

function tags({ rooms, except }) {
  if (except) return [element("span", "tag except", `everyone except ${list(rooms)}`)];
  return rooms.map((room) => element("span", "tag", room));
}

function showMessage(message) {
  const node = element("article", "message");
  const about = element("div", "about");
  about.append(element("span", "from", message.from), ...tags(message));
  node.append(avatar(message.from), about, element("p", "bubble", message.text));
  append(node);
}

function showOwn(message) {
  const node = element("article", "message own");
  const about = element("div", "about");
  about.append(...tags(message));
  node.append(about, element("p", "bubble", message.text));
  append(node);
}

// ---- rooms: open, join, leave --------------------------------------------------------------------------------------

function join(room) {
  ask("join", room, (answer) => {
    $("room-refusal").textContent = answer.error;
    if (!answer.ok) return;
    mine.add(room);
    chosen.add(room);
    remember();
    show();
  });
}

function leave(room) {
  ask("leave", room, (answer) => {
    if (!answer.ok) return note(answer.error);
    mine.delete(room);
    remember();
    show();
  });
}

function remember() {
  sessionStorage.setItem("rooms", JSON.stringify([...mine]));
}

function roomCard(room) {
  const card = element("li", mine.has(room) ? "room mine" : "room");
  const button = element("button", "button quiet small", mine.has(room) ? "Leave" : "Join");
  button.type = "button";
  button.ariaLabel = `${button.textContent} ${room}`;
  button.onclick = () => (mine.has(room) ? leave(room) : join(room));
  card.append(element("span", "name", room), button, element("span", "members", list(directory[room] ?? [])));
  return card;
}

function chip(room) {
  const label = element("label", "");
  const box = document.createElement("input");
  box.type = "checkbox";
  box.value = room;
  box.checked = chosen.has(room);
  box.onchange = () => {
    if (box.checked) chosen.add(room);
    else chosen.delete(room);
    showAudience();
  };
  label.append(box, element("span", "", room));
  return label;
}

function isExcept() {
  return $("composer").elements.mode.value === "except";
}

/** The rooms that can be ticked: my rooms to write to, any room to leave out. */
function offered() {
  return (isExcept() ? Object.keys(directory) : [...mine]).sort();
}

function showAudience() {
  const rooms = offered().filter((room) => chosen.has(room));
  if (isExcept())
    $("audience").textContent = rooms.length
      ? `Goes to everyone here except the members of ${list(rooms)}.`
      : "Choose the rooms to leave out.";
  else if (rooms.length) $("audience").textContent = `Goes to everyone in ${list(rooms)}, once.`;
  else $("audience").textContent = mine.size ? "Choose at least one room." : "Join a room to write to it.";
}

function show() {
  const others = Object.keys(directory).filter((room) => !mine.has(room));
  const focused = document.activeElement;
  const focusedRoom = focused?.closest(".room, .chips label")?.querySelector(".name, span").textContent;
  const inChips = Boolean(focused?.closest(".chips"));

  $("mine").replaceChildren(...[...mine].sort().map(roomCard));
  $("others").replaceChildren(...others.sort().map(roomCard));
  $("no-mine").hidden = mine.size > 0;
  $("no-others").hidden = others.length > 0;
  $("rooms-toggle").textContent = `Rooms (${mine.size})`;
  $("chips").classList.toggle("except", isExcept());
  $("chips").replaceChildren($("chips").querySelector("legend"), ...offered().map(chip));
  showAudience();

  // The focused element was replaced by a new one: move the focus to it.
  if (!focusedRoom) return;
  const candidates = document.querySelectorAll(inChips ? ".chips label" : ".room");
  const same = [...candidates].find((node) => node.querySelector(".name, span").textContent === focusedRoom);
  (same?.querySelector("button, input") ?? $("room")).focus();
}

function openRooms(open) {
  $("app").classList.toggle("rooms-open", open);
  $("rooms-toggle").ariaExpanded = String(open);
}

$("rooms-toggle").onclick = () => openRooms(!$("app").classList.contains("rooms-open"));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") openRooms(false);
});

$("open").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = $("room").value.trim().replace(/^#+/, "");
  if (!name) return;
  join(`#${name}`);
  $("room").value = "";
});

// ---- the composer --------------------------------------------------------------------------------------------------

for (const radio of $("composer").elements.mode) {
  radio.onchange = () => {
    chosen.clear();
    if (!isExcept()) for (const room of mine) chosen.add(room);
    show();
  };
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  const rooms = offered().filter((room) => chosen.has(room));
  if (!text) return;
  const message = { text, rooms, except: isExcept() };
  ask("message", message, (answer) => {
    if (!answer.ok) return void ($("audience").textContent = answer.error);
    showOwn(message);
    if ($("text").value.trim() === text) $("text").value = "";
  });
  $("text").focus();
});

// ---- the name ------------------------------------------------------------------------------------------------------

function askName(refusal = "") {
  $("name-refusal").textContent = refusal;
  if (!$("welcome").open) $("welcome").showModal();
  $("name").select();
}

$("welcome").addEventListener("cancel", (event) => event.preventDefault());
$("welcome").querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("name", $("name").value.trim());
  socket.connect();
});

// ---- events of the server -----------------------------------------------------------------------------------------

socket.on("connect", () => {
  setStatus("online", "Online");
  if ($("welcome").open) $("welcome").close();
  $("me").hidden = false;
  $("me").querySelector("b").textContent = sessionStorage.getItem("name");
  // A new connection is in no room: after a reconnection or a reload, the page joins its rooms again.
  JSON.parse(sessionStorage.getItem("rooms") ?? "[]").forEach(join);
});

socket.on("disconnect", () => {
  directory = {}; // unknown until the server sends it again
  show();
  setStatus(socket.active ? "waiting" : "offline", socket.active ? "Reconnecting…" : "Disconnected");
});

socket.on("connect_error", (error) => {
  if (socket.active) return setStatus("waiting", "Reconnecting…"); // the server cannot be reached
  sessionStorage.removeItem("name"); // the server refused
  askName(error.message);
});

socket.on("rooms", (rooms) => {
  directory = rooms;
  for (const room of chosen) if (!(room in directory) && !mine.has(room)) chosen.delete(room);
  show();
});

socket.on("joined", (room, name) => note(`${name} joined ${room}`));
socket.on("left", (room, name) => note(`${name} left ${room}`));
socket.on("message", showMessage);

show();
if (sessionStorage.getItem("name")) socket.connect();
else askName();
