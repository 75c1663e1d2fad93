// SPDX-License-Identifier: MIT

import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Socket;
import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.OkHttpClient;
import org.json.JSONArray;
import org.json.JSONObject;

/** The story for io.socket:socket.io-client 1 and 2. ../story.mjs describes the environment, the arguments and the output. */
public final class Story {
  /** A feature that the client does not have. */
  static final class Absent extends RuntimeException {
    private static final long serialVersionUID = 1;

    Absent(String why) {
      super(why);
    }
  }

  private static final long PATIENCE = 10; // seconds; then a feature has failed
  private static final String PLAIN = System.getenv("STORY_URL");
  private static final String RECOVERY = System.getenv("STORY_RECOVERY_URL");
  private static final String TLS = System.getenv("STORY_TLS_URL");

  private final String way;
  private final List<Socket> sockets = new ArrayList<>();

  private Story(String way) {
    this.way = way;
  }

  private static Object[] values() throws Exception {
    return new Object[] {"text", "ä€😀\0\"\\", 0, -1.5, 9007199254740991L, true, JSONObject.NULL, new JSONArray(), new JSONObject(),
        new JSONObject("{\"nested\":[1,{\"deep\":[\"ü\"]}]}")};
  }

  private static void equal(Object actual, Object expected) {
    if (!String.valueOf(actual).equals(String.valueOf(expected))) throw new AssertionError(actual + " instead of " + expected);
  }

  private static String json(Object... values) {
    return new JSONArray(Arrays.asList(values)).toString();
  }

  private static <T> T wait(CompletableFuture<T> future) throws Exception {
    try {
      return future.get(PATIENCE, TimeUnit.SECONDS);
    } catch (TimeoutException late) {
      throw new Exception("nothing more has happened");
    } catch (ExecutionException failed) {
      throw (Exception) failed.getCause();
    }
  }

  private IO.Options options() {
    IO.Options options = new IO.Options();
    options.forceNew = true;
    options.reconnection = false;
    options.reconnectionDelay = 20;
    options.reconnectionDelayMax = 100;
    options.transports = way.equals("upgrade") ? new String[] {"polling", "websocket"} : new String[] {way};
    return options;
  }

  private Socket open(String address, IO.Options options) throws Exception {
    Socket socket = IO.socket(address, options);
    sockets.add(socket);
    return socket;
  }

  private Socket connect(String address, IO.Options options) throws Exception {
    Socket socket = open(address, options);
    connect(socket);
    return socket;
  }

  private Socket connect() throws Exception {
    return connect(PLAIN, options());
  }

  private static void connect(Socket socket) throws Exception {
    CompletableFuture<Object[]> connected = next(socket, Socket.EVENT_CONNECT);
    for (String event : new String[] {Socket.EVENT_CONNECT_ERROR, Dialect.REFUSAL})
      socket.once(event, args -> connected.completeExceptionally(new Exception(event + ": " + args[0])));
    socket.connect();
    wait(connected);
  }

  private static CompletableFuture<Object[]> next(Socket socket, String event) {
    CompletableFuture<Object[]> future = new CompletableFuture<>();
    socket.once(event, future::complete);
    return future;
  }

  private static Object[] ask(Socket socket, String event, Object... args) throws Exception {
    CompletableFuture<Object[]> answer = new CompletableFuture<>();
    socket.emit(event, args, (Ack) answer::complete);
    return wait(answer);
  }

  private static void control(String what) {
    System.out.println("{\"control\":\"" + what + "\"}");
  }

  private void comesBack(String what) throws Exception {
    IO.Options options = options();
    options.reconnection = true;
    Socket socket = connect(PLAIN, options);
    CompletableFuture<Object[]> gone = next(socket, Socket.EVENT_DISCONNECT);
    CompletableFuture<Object[]> back = next(socket, Socket.EVENT_CONNECT);
    control(what);
    wait(gone);
    wait(back);
    equal(json(ask(socket, "answer", "again")), json("again"));
  }

  private Object refused(String namespace) throws Exception {
    Socket socket = open(PLAIN + namespace, options());
    CompletableFuture<Object[]> refusal = next(socket, Dialect.REFUSAL);
    socket.connect();
    return wait(refusal)[0];
  }

  /** An HTTP client that trusts the server's certificate. */
  private static OkHttpClient trusting() throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (InputStream file = new FileInputStream(System.getenv("STORY_CERTIFICATE"))) {
      store.setCertificateEntry("server", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, factory.getTrustManagers(), null);
    return new OkHttpClient.Builder()
        .readTimeout(1, TimeUnit.MINUTES)
        .sslSocketFactory(context.getSocketFactory(), (X509TrustManager) factory.getTrustManagers()[0])
        .build();
  }

  private void tell(String feature) throws Exception {
    byte[] bytes = {0, 4, -1};
    switch (feature) {
      case "connect": {
        Socket socket = connect();
        String expected = way.equals("polling") ? "polling" : "websocket";
        while (!ask(socket, "transport")[0].equals(expected)) {
        }
        break;
      }
      case "auth": {
        IO.Options options = options();
        Dialect.setAuth(options, Collections.singletonMap("token", "ä"));
        equal(json(ask(connect(PLAIN, options), "auth")), json(new JSONObject("{\"token\":\"ä\"}")));
        break;
      }
      case "query": {
        IO.Options options = options();
        options.query = "token=a%20b%26%C3%A4";
        equal(json(ask(connect(PLAIN, options), "query")), json("a b&ä"));
        break;
      }
      case "events": {
        Socket socket = connect();
        CompletableFuture<Object[]> echo = next(socket, "echo");
        socket.emit("echo", values());
        equal(json(wait(echo)), json(values()));
        break;
      }
      case "order": {
        Socket socket = connect();
        BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
        socket.on("number", args -> seen.add(args[0]));
        socket.emit("count", 100);
        for (int i = 0; i < 100; ++i) equal(seen.poll(PATIENCE, TimeUnit.SECONDS), i);
        break;
      }
      case "large events": {
        char[] many = new char[250_000];
        Arrays.fill(many, 'ü');
        String text = new String(many);
        if (!ask(connect(), "answer", text)[0].equals(text)) throw new AssertionError("another text");
        break;
      }
      case "acks of the server": {
        Socket socket = connect();
        equal(json(ask(socket, "answer")), "[]");
        equal(json(ask(socket, "answer", values())), json(values()));
        break;
      }
      case "acks of the client": {
        Socket socket = connect();
        socket.on("question", args -> ((Ack) args[2]).call(args[0], args[1], "yes"));
        CompletableFuture<Object[]> answered = next(socket, "answered");
        socket.emit("ask", 1, new JSONObject("{\"two\":[2]}"));
        equal(json(wait(answered)), "[1,{\"two\":[2]},\"yes\"]");
        break;
      }
      case "ack timeouts": {
        Socket socket = connect();
        equal(wait(Dialect.askWithin(socket, 100, "silence")), null);
        equal(json(wait(Dialect.askWithin(socket, PATIENCE * 1000, "answer", 1))), json(1));
        break;
      }
      case "binary events": {
        byte[] many = new byte[70_000];
        Arrays.fill(many, (byte) 7);
        Socket socket = connect();
        CompletableFuture<Object[]> echo = next(socket, "echo");
        JSONObject nested = new JSONObject().put("at", new JSONArray().put("ä".getBytes(StandardCharsets.UTF_8)).put(1));
        socket.emit("echo", bytes, nested, many);
        Object[] args = wait(echo);
        equal(Arrays.toString((byte[]) args[0]), Arrays.toString(bytes));
        byte[] inside = (byte[]) ((JSONObject) args[1]).getJSONArray("at").get(0);
        equal(new String(inside, StandardCharsets.UTF_8), "ä");
        if (!Arrays.equals((byte[]) args[2], many)) throw new AssertionError("other bytes");
        break;
      }
      case "binary acks of the server": {
        Object[] answer = ask(connect(), "answer", bytes, "text");
        equal(Arrays.toString((byte[]) answer[0]) + answer[1], Arrays.toString(bytes) + "text");
        break;
      }
      case "binary acks of the client": {
        Socket socket = connect();
        socket.on("question", args -> ((Ack) args[0]).call((Object) bytes));
        CompletableFuture<Object[]> answered = next(socket, "answered");
        socket.emit("ask");
        equal(Arrays.toString((byte[]) wait(answered)[0]), Arrays.toString(bytes));
        break;
      }
      case "rooms": {
        Socket first = connect();
        Socket second = connect();
        for (Socket socket : new Socket[] {first, second}) equal(json(ask(socket, "join", "a room")), json("a room"));
        CompletableFuture<Object[]> toFirst = next(first, "told");
        CompletableFuture<Object[]> toSecond = next(second, "told");
        first.emit("tell", "a room", new JSONObject("{\"text\":\"ä\"}"));
        for (CompletableFuture<Object[]> told : Arrays.asList(toFirst, toSecond)) equal(json(wait(told)), "[{\"text\":\"ä\"}]");
        CompletableFuture<Object[]> others = next(second, "told");
        first.emit("tell others", "a room", bytes);
        equal(Arrays.toString((byte[]) wait(others)[0]), Arrays.toString(bytes));
        break;
      }
      case "namespaces": {
        Socket main = connect();
        Socket chat = main.io().socket("/chat");
        connect(chat);
        equal(json(ask(chat, "answer", "chat")), json("chat"));
        chat.disconnect();
        equal(json(ask(main, "answer", "main")), json("main"));
        break;
      }
      case "dynamic namespaces":
        equal(json(ask(connect(PLAIN + "/room-17", options()), "answer", 1)), json(1));
        break;
      case "unknown namespaces": {
        Object error = refused("/nowhere");
        equal(error instanceof JSONObject ? ((JSONObject) error).getString("message") : error, "Invalid namespace");
        break;
      }
      case "refusals": {
        JSONObject data = (JSONObject) refused("/guarded");
        if (!Dialect.OLD) {
          equal(data.getString("message"), "not authorized");
          data = data.getJSONObject("data");
        }
        equal(data.getInt("code") + data.getJSONArray("hint").toString(), "401[\"try\",\"another\"]");
        if (Dialect.OLD) break;
        IO.Options options = options();
        Dialect.setAuth(options, Collections.singletonMap("token", "let me in"));
        connect(PLAIN + "/guarded", options);
        break;
      }
      case "disconnecting by the server": {
        Socket socket = connect();
        CompletableFuture<Object[]> gone = next(socket, Socket.EVENT_DISCONNECT);
        socket.emit("throw me out");
        equal(wait(gone)[0], "io server disconnect");
        break;
      }
      case "disconnecting by the client": {
        Socket watcher = connect();
        Socket socket = connect();
        ask(watcher, "join", "watchers");
        CompletableFuture<Object[]> left = next(watcher, "left");
        socket.disconnect();
        equal(wait(left)[0], "client namespace disconnect");
        break;
      }
      case "reconnecting after a cut":
        comesBack("cut");
        break;
      case "reconnecting to a restarted server":
        comesBack("restart");
        break;
      case "recovery":
        throw new Absent("does not know recovery");
      case "strict handlers with recovery": {
        Socket socket = connect(RECOVERY, options());
        CompletableFuture<Object[]> echo = next(socket, "echo");
        socket.emit("echo", "one");
        equal(wait(echo)[0], "one");
        break;
      }
      case "tls": {
        IO.Options options = options();
        OkHttpClient http = trusting();
        options.callFactory = http;
        options.webSocketFactory = http;
        equal(json(ask(connect(TLS, options), "answer", "secret")), json("secret"));
        break;
      }
      default:
        throw new Absent("is not told");
    }
  }

  public static void main(String[] tasks) throws Exception {
    for (String task : tasks) {
      String[] parts = task.split("/");
      Story story = new Story(parts[0]);
      JSONObject result = new JSONObject().put("way", parts[0]).put("feature", parts[1]).put("ok", true).put("detail", "");
      try {
        story.tell(parts[1]);
      } catch (Absent absent) {
        result.put("ok", JSONObject.NULL).put("detail", absent.getMessage());
      } catch (Exception | AssertionError error) {
        result.put("ok", false).put("detail", String.valueOf(error.getMessage()));
      }
      for (Socket socket : story.sockets) socket.disconnect();
      System.out.println(result);
    }
    System.exit(0);
  }
}
