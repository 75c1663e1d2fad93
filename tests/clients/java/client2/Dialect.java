// SPDX-License-Identifier: MIT

import io.socket.client.AckWithTimeout;
import io.socket.client.IO;
import io.socket.client.Socket;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** What version 2 of the client does in its own way. */
final class Dialect {
  static final boolean OLD = false;
  static final String REFUSAL = Socket.EVENT_CONNECT_ERROR;

  static void setAuth(IO.Options options, Map<String, String> auth) {
    options.auth = auth;
  }

  /** The answer; null if there is none in time. */
  static CompletableFuture<Object[]> askWithin(Socket socket, long milliseconds, String event, Object... args) {
    CompletableFuture<Object[]> answer = new CompletableFuture<>();
    socket.emit(event, args, new AckWithTimeout(milliseconds) {
      @Override
      public void onSuccess(Object... values) {
        answer.complete(values);
      }

      @Override
      public void onTimeout() {
        answer.complete(null);
      }
    });
    return answer;
  }
}
