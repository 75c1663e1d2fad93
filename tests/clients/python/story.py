# SPDX-License-Identifier: MIT
"""The story for python-socketio. The first argument is the kind of client: sync or asyncio.

STORY_PARSER=msgpack chooses the parser. ../story.mjs describes the other variables, the arguments and the lines that this
program prints.
"""

import asyncio
import concurrent.futures
import json
import os
import sys
import threading
import urllib.parse

import socketio

PLAIN, TLS, RECOVERY = (os.environ[name] for name in ("STORY_URL", "STORY_TLS_URL", "STORY_RECOVERY_URL"))
SERIALIZER = "msgpack" if os.environ.get("STORY_PARSER") == "msgpack" else "default"
TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}
PATIENCE = 20  # seconds; then a feature has failed
VALUES = ["text", 'ä€😀\0"\\', 0, -1.5, 9007199254740991, True, None, [], {}, {"nested": [1, {"deep": ["ü"]}]}]


# This library lets these variables overrule ssl_verify, and the server's certificate is in no bundle.
for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(variable, None)


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"{actual!r} instead of {expected!r}")


class Absent(Exception):
    """The client does not have this feature."""


class Client:
    """Either kind of client with the same functions, which are coroutines."""

    def __init__(self, kind, way, reconnection=False):
        self.kind, self.way = kind, way
        self.loop = asyncio.get_running_loop()
        options = dict(reconnection=reconnection, reconnection_delay=0.02, reconnection_delay_max=0.1,
                       serializer=SERIALIZER, ssl_verify=False)
        if kind == "asyncio":
            self.client = socketio.AsyncClient(handle_sigint=False, **options)
        else:
            self.client = socketio.Client(handle_sigint=False, **options)

    async def run(self, function, *args, **kwargs):
        if self.kind == "asyncio":
            return await function(*args, **kwargs)
        return await asyncio.to_thread(function, *args, **kwargs)

    async def connect(self, *namespaces, url=PLAIN, query="", **options):
        await self.run(self.client.connect, url + query, namespaces=list(namespaces) or ["/"],
                       transports=TRANSPORTS[self.way], wait_timeout=PATIENCE / 2, **options)
        return self

    def on(self, event, handler, namespace="/"):
        self.client.on(event, handler, namespace=namespace)

    def next(self, event, namespace="/"):
        """The arguments of the next event of that name."""
        future = self.loop.create_future()

        def finish(args):
            if not future.done():
                future.set_result(args)

        def take(*args):
            self.loop.call_soon_threadsafe(finish, list(args))

        self.on(event, take, namespace)
        return future

    @staticmethod
    def pack(args):
        return None if not args else args[0] if len(args) == 1 else tuple(args)

    async def emit(self, event, *args, namespace="/"):
        await self.run(self.client.emit, event, self.pack(args), namespace=namespace)

    async def ask(self, event, *args, namespace="/", timeout=PATIENCE):
        """The server's answer: None, a value, or a tuple of several values."""
        return await self.run(self.client.call, event, self.pack(args), namespace=namespace, timeout=timeout)

    async def close(self):
        await self.run(self.client.disconnect)
        await self.run(self.client.shutdown)


class Story:
    def __init__(self, kind, way):
        self.kind, self.way, self.clients = kind, way, []
        self.trouble = asyncio.get_running_loop().create_future()  # the first exception in a handler or in the library
        loop = asyncio.get_running_loop()
        threading.excepthook = lambda args: loop.call_soon_threadsafe(self.note, args.exc_value)
        loop.set_exception_handler(lambda _, context: self.note(context.get("exception", context["message"])))

    def note(self, error):
        if not self.trouble.done():
            self.trouble.set_result(f"{type(error).__name__}: {error}")

    def client(self, **options):
        self.clients.append(Client(self.kind, self.way, **options))
        return self.clients[-1]

    async def connect(self, *namespaces, reconnection=False, **options):
        return await self.client(reconnection=reconnection).connect(*namespaces, **options)

    async def close(self):
        # The synchronous client may wait half a minute for a thread of its own; the next feature need not wait for that.
        if self.clients:
            await asyncio.wait([asyncio.ensure_future(client.close()) for client in self.clients], timeout=1)

    @staticmethod
    def control(what):
        print(json.dumps({"control": what}), flush=True)

    async def comes_back(self, what):
        client = self.client(reconnection=True)
        await client.connect()
        gone, back = client.next("disconnect"), client.next("connect")
        self.control(what)
        await gone
        await back
        equal(await client.ask("answer", "again"), "again")

    async def connect_(self):
        client = await self.connect()
        expected = "polling" if self.way == "polling" else "websocket"
        while await client.ask("transport") != expected:
            pass

    async def auth(self):
        client = await self.connect(auth={"token": "ä", "list": [1]})
        equal(await client.ask("auth"), {"token": "ä", "list": [1]})

    async def query(self):
        client = await self.connect(query="/?token=" + urllib.parse.quote("a b&ä"))
        equal(await client.ask("query"), "a b&ä")

    async def events(self):
        client = await self.connect()
        echo = client.next("echo")
        await client.emit("echo", *VALUES)
        equal(await echo, VALUES)

    async def order(self):
        client = await self.connect()
        seen, all_seen, gone = [], asyncio.Event(), client.next("disconnect")

        def take(number):
            seen.append(number)
            if len(seen) == 100:
                client.loop.call_soon_threadsafe(all_seen.set)

        client.on("number", take)
        await client.emit("count", 100)
        await asyncio.wait([asyncio.ensure_future(all_seen.wait()), gone], return_when=asyncio.FIRST_COMPLETED)
        equal(seen, list(range(100)))

    async def large_events(self):
        client = await self.connect()
        equal(await client.ask("answer", "ü" * 250_000), "ü" * 250_000)

    async def acks_of_the_server(self):
        client = await self.connect()
        assert await client.ask("answer") is None
        equal(await client.ask("answer", *VALUES), tuple(VALUES))

    async def acks_of_the_client(self):
        client = await self.connect()
        client.on("question", lambda *args: (*args, "yes"))
        answered = client.next("answered")
        await client.emit("ask", 1, {"two": [2]})
        equal(await answered, [1, {"two": [2]}, "yes"])

    async def ack_timeouts(self):
        client = await self.connect()
        try:
            await client.ask("silence", timeout=0.1)
            raise AssertionError("no timeout")
        except socketio.exceptions.TimeoutError:
            pass
        equal(await client.ask("answer", 1), 1)

    async def binary_events(self):
        client = await self.connect()
        echo = client.next("echo")
        args = [bytes([0, 4, 255]), {"at": ["ä".encode(), 1]}, bytes([7]) * 70_000]
        await client.emit("echo", *args)
        equal(await echo, args)

    async def binary_acks_of_the_server(self):
        client = await self.connect()
        equal(await client.ask("answer", bytes([0, 4, 255]), "text"), (bytes([0, 4, 255]), "text"))

    async def binary_acks_of_the_client(self):
        client = await self.connect()
        client.on("question", lambda: {"bytes": bytes([1, 2])})
        answered = client.next("answered")
        await client.emit("ask")
        equal(await answered, [{"bytes": bytes([1, 2])}])

    async def rooms(self):
        first, second = await self.connect(), await self.connect()
        for client in (first, second):
            equal(await client.ask("join", "a room"), "a room")
        told = [first.next("told"), second.next("told")]
        await first.emit("tell", "a room", {"text": "ä"})
        equal(await asyncio.gather(*told), [[{"text": "ä"}]] * 2)
        others = second.next("told")
        await first.emit("tell others", "a room", bytes([9]))
        equal(await others, [bytes([9])])

    async def namespaces(self):
        client = await self.connect("/", "/chat")
        equal(await client.ask("answer", "chat", namespace="/chat"), "chat")
        equal(await client.ask("answer", "main"), "main")

    async def dynamic_namespaces(self):
        client = await self.connect("/room-17")
        equal(await client.ask("answer", 1, namespace="/room-17"), 1)

    async def refused(self, namespace):
        client = self.client()
        refusal = client.next("connect_error", namespace)
        try:
            await client.connect(namespace)
            raise AssertionError("not refused")
        except socketio.exceptions.ConnectionError:
            return (await refusal)[0]

    async def unknown_namespaces(self):
        equal((await self.refused("/nowhere"))["message"], "Invalid namespace")

    async def refusals(self):
        refusal = await self.refused("/guarded")
        equal(refusal, {"message": "not authorized", "data": {"code": 401, "hint": ["try", "another"]}})
        await self.connect("/guarded", auth={"token": "let me in"})

    async def disconnecting_by_the_server(self):
        client = await self.connect()
        gone = client.next("disconnect")
        await client.emit("throw me out")
        equal(await gone, [client.client.reason.SERVER_DISCONNECT])

    async def disconnecting_by_the_client(self):
        watcher, client = await self.connect(), await self.connect()
        await watcher.ask("join", "watchers")
        left = watcher.next("left")
        await client.run(client.client.disconnect)
        [reason] = await left
        # The client closes its connection at once, so that its DISCONNECT may or may not be on the way. With msgpack this packet
        # has data, null, which makes it an invalid one.
        expected = {"transport close", "forced close" if SERIALIZER == "msgpack" else "client namespace disconnect"}
        assert reason in expected, reason

    async def reconnecting_after_a_cut(self):
        await self.comes_back("cut")

    async def reconnecting_to_a_restarted_server(self):
        await self.comes_back("restart")

    async def recovery(self):
        raise Absent("does not know recovery")

    async def strict_handlers_with_recovery(self):
        client = await self.connect(url=RECOVERY)
        future = asyncio.get_running_loop().create_future()

        def take(only):
            client.loop.call_soon_threadsafe(future.set_result, only)

        client.on("echo", take)
        await client.emit("echo", "one")
        await asyncio.wait([future, self.trouble], return_when=asyncio.FIRST_COMPLETED)
        equal(future.result() if future.done() else self.trouble.result(), "one")

    async def tls(self):
        client = await self.connect(url=TLS)
        equal(await client.ask("answer", "secret"), "secret")


async def tell(kind, way, feature):
    story = Story(kind, way)
    result = {"way": way, "feature": feature, "ok": True, "detail": ""}
    name = "connect_" if feature == "connect" else feature.replace(" ", "_")
    try:
        await asyncio.wait_for(getattr(story, name)(), PATIENCE)
    except Absent as absent:
        result.update(ok=None, detail=str(absent))
    except asyncio.TimeoutError:
        result.update(ok=False, detail="nothing more has happened")
    except Exception as error:  # the next feature is told all the same
        result.update(ok=False, detail=f"{type(error).__name__}: {error}"[:200])
    await story.close()
    print(json.dumps(result), flush=True)


async def main(kind, tasks):
    asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor(64))
    for task in tasks:
        await tell(kind, *task.split("/"))


asyncio.run(main(sys.argv[1], sys.argv[2:]))
sys.stdout.flush()
os._exit(0)  # threads of clients that have not ended do not matter
