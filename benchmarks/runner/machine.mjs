// SPDX-License-Identifier: MIT
// The environment of the results: the machine, the compiler, the versions.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const said = (program, args, cwd) => spawnSync(program, args, { encoding: "utf8", cwd }).stdout?.trim() || undefined;

const read = (file) => (existsSync(file) ? readFileSync(file, "utf8") : "");

export function descriptor_limit() {
  // The hard limit: every program here raises its own.
  const found = /^Max open files\s+\S+\s+(\d+)/m.exec(read("/proc/self/limits"));
  return found ? Number(found[1]) : Infinity;
}

export function machine() {
  return {
    cpu: os.cpus()[0]?.model,
    processors: os.cpus().length,
    memory_gib: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${/^[\d.]*\d/.exec(os.release())?.[0] ?? os.release()}`,
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(read("/etc/os-release"))?.[1],
    descriptor_limit: descriptor_limit(),
    load_average: os.loadavg()[0],
  };
}

export function versions(root, build) {
  const cache = read(path.join(build, "CMakeCache.txt"));
  const cached = (name) => new RegExp(`^${name}:[A-Z]+=(.*)$`, "m").exec(cache)?.[1];
  const package_version = (name) => {
    const text = read(path.join(root, "benchmarks/node_modules", name, "package.json"));
    return text ? JSON.parse(text).version : undefined;
  };
  const parts = (file, pattern) => [...read(file).matchAll(pattern)].map((match) => match[1]).join(".") || undefined;
  const header = (variable, name) => path.join(cached(variable) ?? "", name);
  const asio = Number(/^#define ASIO_VERSION (\d+)/m.exec(read(header("Asio_INCLUDE_DIR", "asio/version.hpp")))?.[1]);

  return {
    socketio: parts(
      path.join(root, "include/socketio/version.hpp"),
      /^#define SOCKETIO_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)/gm,
    ),
    commit: said("git", ["describe", "--always", "--dirty"], root),
    compiler: said(cached("CMAKE_CXX_COMPILER") ?? "c++", ["--version"])?.split("\n")[0],
    flags: `${cached("CMAKE_CXX_FLAGS") ?? ""} ${cached("CMAKE_CXX_FLAGS_RELEASE") ?? ""}`.trim(),
    asio: asio ? `${Math.floor(asio / 100000)}.${Math.floor(asio / 100) % 1000}.${asio % 100}` : undefined,
    rapidjson: parts(
      header("RapidJSON_INCLUDE_DIR", "rapidjson/rapidjson.h"),
      /^#define RAPIDJSON_(?:MAJOR|MINOR|PATCH)_VERSION (\d+)/gm,
    ),
    websocketpp: parts(
      header("Websocketpp_INCLUDE_DIR", "websocketpp/version.hpp"),
      /(?:major|minor|patch)_version = (\d+)/g,
    ),
    node: process.version.slice(1),
    bun: package_version("bun"),
    "socket.io": package_version("socket.io"),
    ws: package_version("ws"),
    "@socket.io/bun-engine": package_version("@socket.io/bun-engine"),
  };
}
