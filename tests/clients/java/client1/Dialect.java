// SPDX-License-Identifier: MIT

import io.socket.client.IO;
import io.socket.client.Socket;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** What version 1 of the client does in its own way. */
final class Dialect {
  static final boolean OLD = true;
  static final String REFUSAL = Socket.EVENT_ERROR;

  static void setAuth(IO.Options options, Map<String, String> auth) {
    throw new Story.Absent("has only the query");
  }

  static CompletableFuture<Object[]> askWithin(Socket socket, long milliseconds, String event, Object... args) {
    throw new Story.Absent("has no timeouts");
  }
}
