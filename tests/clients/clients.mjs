// SPDX-License-Identifier: MIT
// The clients: what they need, how they are installed, how their story programs are run.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { ways } from "./story.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** A reason for which the clients of a language are left out, as a sentence. */
export class Missing extends Error {}

function run(directory, program, ...args) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd: directory, encoding: "utf8" });
  if (error?.code === "ENOENT") throw new Missing(`${program} is missing.`);
  if (status !== 0) throw new Error(`${[program, ...args].join(" ")}: ${error ?? `${stdout}\n${stderr}`}`);
  return stdout;
}

/**
 * A language: `files` of its directory are copied to `<work>/<name>`, where `install` is called unless it has been called for the
 * same files before.
 */
class Language {
  constructor(name, { source = name, files, install }) {
    Object.assign(this, { name, source: join(here, source), files, installation: install });
  }

  /** @throws Missing  if the tools of the language are not there */
  install(work) {
    const directory = join(work, this.name);
    const stamp = join(directory, "installed");
    const texts = this.files.map((file) => `${file}\n${readFileSync(join(this.source, file), "utf8")}`).join("\n");
    if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== texts) {
      rmSync(stamp, { force: true });
      for (const file of this.files) {
        mkdirSync(dirname(join(directory, file)), { recursive: true });
        copyFileSync(join(this.source, file), join(directory, file));
      }
      this.installation(directory);
      writeFileSync(stamp, texts);
    }
    return directory;
  }
}

function npm(directory) {
  run(directory, "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error");
}

const javascript = new Language("javascript", { files: ["package.json", "package-lock.json"], install: npm });
const bun = new Language("bun", { files: ["package.json", "package-lock.json"], install: npm });

const python = new Language("python", {
  files: ["requirements.txt"],
  install(directory) {
    const venv = spawnSync("python3", ["-m", "venv", "--clear", join(directory, "venv")], { encoding: "utf8" });
    if (venv.error) throw new Missing("python3 is missing.");
    if (venv.status !== 0) throw new Missing("Python's modules venv and ensurepip are missing (Debian: python3-venv).");
    run(directory, join(directory, "venv/bin/pip"), "install", "--quiet", "--no-deps", "--requirement", "requirements.txt");
  },
});

/** The directory in which the npm packages are that the compared server needs. */
export function installServer(work) {
  return join(javascript.install(work), "node_modules");
}

const list = [];

/**
 * Adds a client.
 *
 * @param id       by which it is chosen, and under which known faults are listed
 * @param title    for the table
 * @param command  (directory in which the language is installed) => the story program
 */
function add(id, title, language, command, { environment = () => ({}), parser = "json", of = ways } = {}) {
  list.push({
    id,
    title,
    parser,
    language,
    install(work) {
      const directory = this.language.install(work);
      const modules = installServer(work);
      return { ...this, ways: of, command: command(directory, modules), environment: environment(directory, modules) };
    },
  });
}

function addJavaScript(id, title, name, runtime, { language = javascript, parser } = {}) {
  add(id, title, language, (directory) => [runtime(directory), join(here, "javascript/story.mjs")], {
    parser,
    environment: (_, modules) => ({
      STORY_NODE_MODULES: modules,
      STORY_PACKAGE: name,
      ...(parser && { STORY_PARSER: "socket.io-msgpack-parser" }),
    }),
  });
}

const node = () => process.execPath;
addJavaScript("javascript-4", "JavaScript, socket.io-client 4.8.4", "socket.io-client", node);
addJavaScript("javascript-4-msgpack", "the same with socket.io-msgpack-parser 3.0.2", "socket.io-client", node, { parser: "msgpack" });
addJavaScript("javascript-3", "JavaScript, socket.io-client 3.1.3", "socket.io-client-v3", node);
addJavaScript("javascript-2", "JavaScript, socket.io-client 2.5.0", "socket.io-client-v2", node);

const inBun = (directory) => join(directory, "node_modules/.bin/bun");
addJavaScript("bun-4", "Bun 1.4.5, socket.io-client 4.8.4", "socket.io-client", inBun, { language: bun });
addJavaScript("bun-3", "Bun 1.4.5, socket.io-client 3.1.3", "socket.io-client-v3", inBun, { language: bun });
addJavaScript("bun-2", "Bun 1.4.5, socket.io-client 2.5.0", "socket.io-client-v2", inBun, { language: bun });

for (const [kind, title] of [["sync", "Client"], ["asyncio", "AsyncClient"]]) {
  const command = (directory) => [join(directory, "venv/bin/python"), join(here, "python/story.py"), kind];
  add(`python-${kind}`, `Python, python-socketio 5.18.1, \`${title}\``, python, command);
  add(`python-${kind}-msgpack`, "the same with msgpack", python, command, {
    parser: "msgpack",
    environment: () => ({ STORY_PARSER: "msgpack" }),
  });
}

/** Java with a version of the client: Maven fetches it, javac compiles the story. */
function java(version) {
  const sources = ["Story.java", `client${version}/Dialect.java`];
  return new Language(`java-${version}`, {
    source: "java",
    files: [`pom${version}.xml`, ...sources],
    install(directory) {
      const goal = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies";
      run(directory, "mvn", "-q", "-B", "-f", `pom${version}.xml`, goal, "-DoutputDirectory=lib");
      run(directory, "javac", "-encoding", "UTF-8", "-cp", "lib/*", "-d", "classes", ...sources);
    },
  });
}

for (const [version, title] of [[2, "2.1.2"], [1, "1.0.2"]]) {
  add(`java-${version}`, `Java and Android, io.socket:socket.io-client ${title}`, java(version), (directory) => [
    "java",
    "-Dfile.encoding=UTF-8",
    "-Dstdout.encoding=UTF-8",
    "-cp",
    ["classes", "lib/*"].map((path) => join(directory, path)).join(":"),
    "Story",
  ]);
}

const artillery = new Language("artillery", { files: ["package.json", "package-lock.json"], install: npm });
add("artillery", "artillery, its engine for Socket.IO 2.28.0", artillery, () => [process.execPath, join(here, "artillery/story.mjs")], {
  environment: (directory) => ({ STORY_ARTILLERY: join(directory, "node_modules") }),
});

const go = new Language("go", {
  files: ["go.mod", "go.sum", "story.go"],
  install: (directory) => run(directory, "go", "build", "-o", "story", "."),
});
add("go", "Go, github.com/zishang520/socket.io/clients/socket 3.0.6", go, (directory) => [join(directory, "story")]);

const rust = new Language("rust", {
  files: ["Cargo.toml", "src/main.rs"],
  install: (directory) => run(directory, "cargo", "build", "--quiet"),
});
add("rust", "Rust, rust_socketio 0.6.0", rust, (directory) => [join(directory, "target/debug/story")]);

const standard = ["STL", "FUNCTIONAL", "TYPE_TRAITS", "CHRONO"].map((name) => `_WEBSOCKETPP_CPP11_${name}_`);
const defines = ["ASIO_STANDALONE", "SIO_DISABLE_LOGGING", ...standard];
const sources = ["sio_client", "sio_socket", "internal/sio_client_impl", "internal/sio_packet"];
const cpp = new Language("cpp", {
  files: ["story.cpp"],
  install(directory) {
    const checkout = process.env.SOCKET_IO_CLIENT_CPP;
    if (!checkout) throw new Missing("it is in no registry. Set SOCKET_IO_CLIENT_CPP to a checkout of socket.io-client-cpp.");
    const files = sources.map((name) => join(checkout, "src", `${name}.cpp`));
    const options = ["-std=c++17", "-w", "-I", join(checkout, "src"), ...defines.map((name) => `-D${name}`)];
    run(directory, "g++", ...options, "story.cpp", ...files, "-o", "story", "-pthread");
  },
});
add("cpp", "C++, socket.io-client-cpp 3.1.0", cpp, (directory) => [join(directory, "story")], { of: ["websocket"] });

export const clients = list;
