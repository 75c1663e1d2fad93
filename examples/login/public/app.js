// SPDX-License-Identifier: MIT
// The page of the login. The browser sends the cookie with each request; this script neither reads nor sets it. Text
// from other people is untrusted: the page shows it with textContent, never as markup.
"use strict";

const socket = io();

const $ = (id) => document.getElementById(id);
const log = $("log");

let me = null; // my name, once the server has told it

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

function setStatus(state, text) {
  $("status").dataset.state = state;
  $("status").textContent = text;
}

// ---- messages ------------------------------------------------------------------------------------------------------

function append(node) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  log.append(node);
  while (log.childElementCount > 500) log.firstElementChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

socket.on("said", ({ from, text }) => {
  const node = element("article", from === me ? "message own" : "message");
  if (from !== me) node.append(avatar(from));
  node.append(element("span", "from", from), element("p", "bubble", text));
  append(node);
});

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text || !socket.connected) return;
  socket.emit("say", text);
  $("text").value = "";
});

// ---- who I am ------------------------------------------------------------------------------------------------------

socket.on("welcome", (name) => {
  me = name;
  setStatus("online", "Online");
  $("me").hidden = false;
  $("me").querySelector("b").textContent = name;
  if ($("welcome").open) $("welcome").close();
});

socket.on("people", (names) => {
  $("people").textContent = `Here: ${names.join(", ")}`;
});

socket.on("disconnect", () => {
  $("people").textContent = "";
  if (socket.active) return setStatus("waiting", "Reconnecting…");
  append(element("p", "note", "You were logged out."));
  socket.connect(); // the server refuses it, or another window has logged in again
});

socket.on("connect_error", (error) => {
  if (socket.active) return setStatus("waiting", "Reconnecting…"); // the server cannot be reached
  me = null;
  $("me").hidden = true;
  setStatus("offline", "Not logged in");
  $("refusal").textContent = error.message; // of the middleware
  if (!$("welcome").open) $("welcome").showModal();
});

$("welcome").addEventListener("cancel", (event) => event.preventDefault());

if (new URLSearchParams(location.search).has("refused")) {
  $("wrong").textContent = "The name or the password is wrong.";
  history.replaceState(null, "", "/");
}
