// SPDX-License-Identifier: MIT

// The story for the client of github.com/zishang520/socket.io. ../story.mjs describes the environment, the arguments and the output.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/zishang520/socket.io/clients/engine/v3/transports"
	"github.com/zishang520/socket.io/clients/socket/v3"
	"github.com/zishang520/socket.io/v3/pkg/types"
)

const patience = 10 * time.Second // then a feature has failed

var plain, secure, recovery = os.Getenv("STORY_URL"), os.Getenv("STORY_TLS_URL"), os.Getenv("STORY_RECOVERY_URL")

// What the client does not have.
type absent string

func (why absent) Error() string { return string(why) }

func values() []any {
	return []any{"text", "ä€😀\x00\"\\", 0, -1.5, 9007199254740991, true, nil, []any{}, map[string]any{},
		map[string]any{"nested": []any{1, map[string]any{"deep": []any{"ü"}}}}}
}

func toJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func equal(actual, expected any) {
	if a, b := toJSON(actual), toJSON(expected); a != b {
		panic(errors.New(a + " instead of " + b))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func bytesOf(value any) []byte {
	switch data := value.(type) {
	case []byte:
		return data
	case interface{ Bytes() []byte }:
		return data.Bytes()
	}
	panic(fmt.Errorf("%T instead of bytes", value))
}

func equalBytes(actual any, expected []byte) {
	if !bytes.Equal(bytesOf(actual), expected) {
		panic(errors.New("other bytes"))
	}
}

func wait(arguments <-chan []any) []any {
	select {
	case args := <-arguments:
		return args
	case <-time.After(patience):
		panic(errors.New("nothing more has happened"))
	}
}

// The arguments of the next event of that name.
func next(client *socket.Socket, event types.EventName) <-chan []any {
	arguments := make(chan []any, 1)
	check(client.Once(event, func(args ...any) { arguments <- args }))
	return arguments
}

// The server's answer.
func ask(client *socket.Socket, event string, args ...any) []any {
	answer := make(chan []any, 1)
	check(client.Emit(event, append(args, func(values []any, err error) { answer <- values })...))
	return wait(answer)
}

func control(what string) { fmt.Printf("{\"control\":%q}\n", what) }

type story struct {
	way     string
	clients []*socket.Socket
}

func (s *story) options() *socket.Options {
	options := socket.DefaultOptions()
	options.SetForceNew(true)
	options.SetAutoConnect(false) // so that the handlers are there before the client connects
	options.SetReconnection(false)
	options.SetReconnectionDelay(20)
	options.SetReconnectionDelayMax(100)
	ways := map[string][]transports.TransportCtor{
		"polling":   {transports.Polling},
		"websocket": {transports.WebSocket},
		"upgrade":   {transports.Polling, transports.WebSocket},
	}
	options.SetTransports(types.NewSet(ways[s.way]...))
	return options
}

func (s *story) open(address string, options *socket.Options) *socket.Socket {
	client, err := socket.Connect(address, options)
	check(err)
	s.clients = append(s.clients, client)
	return client
}

func connectAndWait(client *socket.Socket) {
	connected, refused := next(client, "connect"), next(client, "connect_error")
	client.Connect()
	select {
	case <-connected:
	case args := <-refused:
		panic(fmt.Errorf("connect_error: %v", args))
	case <-time.After(patience):
		panic(errors.New("not connected"))
	}
}

func (s *story) connect(address string, options *socket.Options) *socket.Socket {
	client := s.open(address, options)
	connectAndWait(client)
	return client
}

func (s *story) plain() *socket.Socket { return s.connect(plain, s.options()) }

func (s *story) comesBack(what string) {
	options := s.options()
	options.SetReconnection(true)
	client := s.connect(plain, options)
	gone, back := next(client, "disconnect"), next(client, "connect")
	control(what)
	wait(gone)
	wait(back)
	equal(ask(client, "answer", "again"), []any{"again"})
}

func (s *story) refused(namespace string) any {
	client := s.open(plain+namespace, s.options())
	refusal := next(client, "connect_error")
	client.Connect()
	return wait(refusal)[0]
}

func (s *story) tell(feature string) {
	some := []byte{0, 4, 255}
	switch feature {
	case "connect":
		client := s.plain()
		expected := "websocket"
		if s.way == "polling" {
			expected = "polling"
		}
		for ask(client, "transport")[0] != expected {
		}
	case "auth":
		options := s.options()
		auth := map[string]any{"token": "ä", "list": []any{1}}
		options.SetAuth(auth)
		equal(ask(s.connect(plain, options), "auth"), []any{auth})
	case "query":
		options := s.options()
		options.SetQuery(url.Values{"token": {"a b&ä"}})
		equal(ask(s.connect(plain, options), "query"), []any{"a b&ä"})
	case "events":
		client := s.plain()
		echo := next(client, "echo")
		check(client.Emit("echo", values()...))
		equal(wait(echo), values())
	case "order":
		client := s.plain()
		seen := make(chan []any, 100)
		check(client.On("number", func(args ...any) { seen <- args }))
		check(client.Emit("count", 100))
		for i := range 100 {
			equal(wait(seen), []any{i})
		}
	case "large events":
		text := strings.Repeat("ü", 250_000)
		if ask(s.plain(), "answer", text)[0] != text {
			panic(errors.New("another text"))
		}
	case "acks of the server":
		client := s.plain()
		equal(ask(client, "answer"), []any{})
		equal(ask(client, "answer", values()...), values())
	case "acks of the client":
		client := s.plain()
		check(client.On("question", func(args ...any) {
			args[2].(func([]any, error))([]any{args[0], args[1], "yes"}, nil)
		}))
		answered := next(client, "answered")
		check(client.Emit("ask", 1, map[string]any{"two": []any{2}}))
		equal(wait(answered), []any{1, map[string]any{"two": []any{2}}, "yes"})
	case "ack timeouts":
		client := s.plain()
		late := make(chan []any, 1)
		check(client.Timeout(100*time.Millisecond).Emit("silence", func(_ []any, err error) { late <- []any{err.Error()} }))
		equal(wait(late), []any{"operation has timed out"})
		inTime := make(chan []any, 1)
		check(client.Timeout(patience).Emit("answer", 1, func(values []any, err error) { inTime <- append(values, err) }))
		equal(wait(inTime), []any{1, nil})
	case "binary events":
		many := bytes.Repeat([]byte{7}, 70_000)
		client := s.plain()
		echo := next(client, "echo")
		check(client.Emit("echo", some, map[string]any{"at": []any{[]byte("ä"), 1}}, many))
		args := wait(echo)
		equalBytes(args[0], some)
		equalBytes(args[1].(map[string]any)["at"].([]any)[0], []byte("ä"))
		equalBytes(args[2], many)
	case "binary acks of the server":
		answer := ask(s.plain(), "answer", some, "text")
		equalBytes(answer[0], some)
		equal(answer[1], "text")
	case "binary acks of the client":
		client := s.plain()
		check(client.On("question", func(args ...any) { args[0].(func([]any, error))([]any{some}, nil) }))
		answered := next(client, "answered")
		check(client.Emit("ask"))
		equalBytes(wait(answered)[0], some)
	case "rooms":
		first, second := s.plain(), s.plain()
		var told []<-chan []any
		for _, client := range []*socket.Socket{first, second} {
			equal(ask(client, "join", "a room"), []any{"a room"})
			told = append(told, next(client, "told"))
		}
		check(first.Emit("tell", "a room", map[string]any{"text": "ä"}))
		for _, each := range told {
			equal(wait(each), []any{map[string]any{"text": "ä"}})
		}
		others := next(second, "told")
		check(first.Emit("tell others", "a room", some))
		equalBytes(wait(others)[0], some)
	case "namespaces":
		main := s.plain()
		chat := main.Io().Socket("/chat", s.options())
		s.clients = append(s.clients, chat)
		connectAndWait(chat)
		equal(ask(chat, "answer", "chat"), []any{"chat"})
		chat.Disconnect()
		equal(ask(main, "answer", "main"), []any{"main"})
	case "dynamic namespaces":
		equal(ask(s.connect(plain+"/room-17", s.options()), "answer", 1), []any{1})
	case "unknown namespaces":
		equal(s.refused("/nowhere").(error).Error(), "Invalid namespace")
	case "refusals":
		data := map[string]any{"code": 401, "hint": []any{"try", "another"}}
		refusal := s.refused("/guarded").(error)
		equal(refusal.Error(), "not authorized")
		var extended *types.ExtendedError
		if !errors.As(refusal, &extended) {
			panic(fmt.Errorf("%T has no data", refusal))
		}
		equal(extended.Data, data)
		options := s.options()
		options.SetAuth(map[string]any{"token": "let me in"})
		s.connect(plain+"/guarded", options)
	case "disconnecting by the server":
		client := s.plain()
		gone := next(client, "disconnect")
		check(client.Emit("throw me out"))
		equal(wait(gone)[0], "io server disconnect")
	case "disconnecting by the client":
		watcher, client := s.plain(), s.plain()
		ask(watcher, "join", "watchers")
		left := next(watcher, "left")
		client.Disconnect()
		equal(wait(left), []any{"client namespace disconnect"})
	case "reconnecting after a cut":
		s.comesBack("cut")
	case "reconnecting to a restarted server":
		s.comesBack("restart")
	case "recovery":
		options := s.options()
		options.SetReconnection(true)
		client := s.connect(recovery, options)
		ask(client, "join", "absent")
		id, echo := client.Id(), next(client, "echo")
		gone, back, missed := next(client, "disconnect"), next(client, "connect"), next(client, "missed")
		check(client.Emit("echo", "an event, so that the client knows where it is"))
		wait(echo)
		control("cut")
		wait(gone)
		wait(back)
		equal(wait(missed)[0], "while you were away")
		equal([]any{client.Recovered(), client.Id()}, []any{true, id})
		equal(ask(client, "recovered"), []any{true})
	case "strict handlers with recovery":
		client := s.connect(recovery, s.options())
		echo := next(client, "echo")
		check(client.Emit("echo", "one"))
		equal(wait(echo)[0], "one")
	case "tls":
		certificate, err := os.ReadFile(os.Getenv("STORY_CERTIFICATE"))
		check(err)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(certificate)
		options := s.options()
		options.SetTLSClientConfig(&tls.Config{RootCAs: pool})
		equal(ask(s.connect(secure, options), "answer", "secret"), []any{"secret"})
	default:
		panic(absent("is not told"))
	}
}

func tell(way, feature string) (ok any, detail string) {
	ok = true
	s := &story{way: way}
	defer func() {
		if err := recover(); err != nil {
			ok, detail = false, fmt.Sprint(err)
			if _, isAbsent := err.(absent); isAbsent {
				ok = nil
			}
		}
		for _, client := range s.clients {
			client.Disconnect()
		}
	}()
	s.tell(feature)
	return
}

func main() {
	for _, task := range os.Args[1:] {
		way, feature, _ := strings.Cut(task, "/")
		ok, detail := tell(way, feature)
		fmt.Println(toJSON(map[string]any{"way": way, "feature": feature, "ok": ok, "detail": detail}))
	}
	os.Exit(0)
}
