// SPDX-License-Identifier: MIT

//! The story for rust_socketio. ../story.mjs describes the environment, the arguments and the output.

use native_tls::{Certificate, TlsConnector};
use rust_socketio::client::Client;
use rust_socketio::{ClientBuilder, Event, Payload, RawClient, TransportType};
use serde_json::{json, Value};
use std::io::Write;
use std::sync::mpsc::{channel, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10); // then a feature has failed

enum Failure {
    Absent(&'static str),
    Error(String),
}

impl<E: std::fmt::Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::Error(error.to_string())
    }
}

type Told = Result<(), Failure>;

fn fail<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Error(text.into()))
}

fn equal(actual: &Payload, expected: &[Value]) -> Told {
    match actual {
        Payload::Text(values) if values == expected => Ok(()),
        other => fail(format!("{other:?} instead of {}", Value::from(expected))),
    }
}

fn equal_bytes(actual: &Payload, expected: &[u8]) -> Told {
    match actual {
        Payload::Binary(bytes) if bytes == expected => Ok(()),
        other => fail(format!("{other:?} instead of bytes")),
    }
}

fn values() -> Vec<Value> {
    vec![
        json!("text"),
        json!("ä€😀\0\"\\"),
        json!(0),
        json!(-1.5),
        json!(9007199254740991u64),
        json!(true),
        json!(null),
        json!([]),
        json!({}),
        json!({"nested": [1, {"deep": ["ü"]}]}),
    ]
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn print(line: Value) {
    println!("{line}");
    let _ = std::io::stdout().flush();
}

fn transport(way: &str) -> TransportType {
    match way {
        "polling" => TransportType::Polling,
        "websocket" => TransportType::Websocket,
        _ => TransportType::WebsocketUpgrade,
    }
}

/// A client, and all that its handlers have been called with.
struct Connection {
    client: Client,
    events: Receiver<(String, Payload)>,
}

impl Connection {
    fn next(&self, event: &str) -> Result<Payload, Failure> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((name, payload)) if name == event => return Ok(payload),
                Ok((name, payload)) if name == "error" => return fail(format!("error: {payload:?}")),
                Ok(_) => continue,
                Err(RecvTimeoutError::Timeout) => return fail("nothing more has happened"),
                Err(RecvTimeoutError::Disconnected) => return fail("the client has gone"),
            }
        }
    }

    fn emit(&self, event: &str, payload: impl Into<Payload>) -> Told {
        Ok(self.client.emit(event, payload)?)
    }

    /// The answer; an error if there is none in time.
    fn ask_within(&self, time: Duration, event: &str, payload: impl Into<Payload>) -> Result<Payload, Failure> {
        let (sender, answer) = channel();
        let take = move |payload: Payload, _: RawClient| {
            let _ = sender.send(payload);
        };
        self.client.emit_with_ack(event, payload, time, take)?;
        match answer.recv_timeout(time) {
            // It gives the values of an answer as one array.
            Ok(Payload::Text(values)) => match values.as_slice() {
                [Value::Array(values)] => Ok(Payload::Text(values.clone())),
                _ => fail("the answer is no array"),
            },
            Ok(other) => Ok(other),
            Err(_) => fail("nothing more has happened"),
        }
    }

    fn ask(&self, event: &str, payload: impl Into<Payload>) -> Result<Payload, Failure> {
        self.ask_within(PATIENCE, event, payload)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.client.disconnect();
    }
}

fn builder(way: &str, address: &str) -> ClientBuilder {
    ClientBuilder::new(address)
        .transport_type(transport(way))
        .reconnect(false)
        .reconnect_delay(20, 100)
}

/// A client that may not have connected yet.
fn open(builder: ClientBuilder) -> Result<Connection, Failure> {
    let (sender, events) = channel();
    let mut builder = builder;
    for (event, name) in [(Event::Connect, "connect"), (Event::Close, "close"), (Event::Error, "error")] {
        let sender = sender.clone();
        builder = builder.on(event, move |payload, _| {
            let _ = sender.send((name.to_string(), payload));
        });
    }
    let client = builder
        .on_any(move |event, payload, _| {
            let _ = sender.send((event.as_str().to_string(), payload));
        })
        .connect()?;
    Ok(Connection { client, events })
}

fn connect(builder: ClientBuilder) -> Result<Connection, Failure> {
    let connection = open(builder)?;
    connection.next("connect")?;
    Ok(connection)
}

fn comes_back(way: &str, what: &str) -> Told {
    let connection = connect(builder(way, &variable("STORY_URL")).reconnect(true))?;
    print(json!({ "control": what }));
    let end = Instant::now() + PATIENCE;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match connection.events.recv_timeout(left) {
            Ok((name, _)) if name == "connect" => break,
            Ok(_) => continue, // the errors of the attempts
            Err(_) => return fail("nothing more has happened"),
        }
    }
    equal(&connection.ask("answer", "again")?, &[json!("again")])
}

fn refused(way: &str, namespace: &str) -> Result<String, Failure> {
    let connection = open(builder(way, &variable("STORY_URL")).namespace(namespace))?;
    match connection.next("connect") {
        Ok(_) => fail("not refused"),
        Err(Failure::Error(text)) => Ok(text.replace('\\', "")),
        Err(other) => Err(other),
    }
}

fn contains(text: &str, parts: &[&str]) -> Told {
    match parts.iter().find(|part| !text.contains(**part)) {
        Some(part) => fail(format!("{text} lacks {part}")),
        None => Ok(()),
    }
}

fn tell(way: &str, feature: &str) -> Told {
    let url = variable("STORY_URL");
    let plain = || connect(builder(way, &url));
    let some: Vec<u8> = vec![0, 4, 255];
    match feature {
        "connect" => {
            let connection = plain()?;
            let expected = if way == "polling" { "polling" } else { "websocket" };
            let end = Instant::now() + PATIENCE;
            while equal(&connection.ask("transport", Vec::<Value>::new())?, &[json!(expected)]).is_err() {
                if Instant::now() > end {
                    return fail("another transport");
                }
            }
            Ok(())
        }
        "auth" => {
            let auth = json!({"token": "ä", "list": [1]});
            let connection = connect(builder(way, &url).auth(auth.clone()))?;
            equal(&connection.ask("auth", Vec::<Value>::new())?, &[auth])
        }
        "query" => {
            let connection = connect(builder(way, &format!("{url}/?token=a%20b%26%C3%A4")))?;
            equal(&connection.ask("query", Vec::<Value>::new())?, &[json!("a b&ä")])
        }
        "events" => {
            let connection = plain()?;
            connection.emit("echo", values())?;
            equal(&connection.next("echo")?, &values())
        }
        "order" => {
            let connection = plain()?;
            connection.emit("count", json!(100))?;
            for i in 0..100 {
                equal(&connection.next("number")?, &[json!(i)])?;
            }
            Ok(())
        }
        "large events" => {
            let text = json!("ü".repeat(250_000));
            match plain()?.ask("answer", vec![text.clone()])? {
                Payload::Text(values) if values == [text] => Ok(()),
                _ => fail("another text"),
            }
        }
        "acks of the server" => {
            let connection = plain()?;
            equal(&connection.ask("answer", Vec::<Value>::new())?, &[])?;
            equal(&connection.ask("answer", values())?, &values())
        }
        "acks of the client" | "binary acks of the client" => Err(Failure::Absent("its handlers cannot answer")),
        "ack timeouts" => {
            let connection = plain()?;
            if connection.ask_within(Duration::from_millis(100), "silence", json!(1)).is_ok() {
                return fail("an answer");
            }
            connection.ask("answer", json!(1)).map(|_| ())
        }
        "binary events" => {
            let connection = plain()?;
            connection.emit("echo", some.clone())?;
            equal_bytes(&connection.next("echo")?, &some)
        }
        "binary acks of the server" => equal_bytes(&plain()?.ask("answer", some.clone())?, &some),
        "rooms" => {
            let (first, second) = (plain()?, plain()?);
            for connection in [&first, &second] {
                connection.ask("join", vec![json!("a room")])?;
            }
            first.emit("tell", vec![json!("a room"), json!({"text": "ä"})])?;
            for connection in [&first, &second] {
                equal(&connection.next("told")?, &[json!({"text": "ä"})])?;
            }
            first.emit("tell others", vec![json!("a room"), json!(9)])?;
            equal(&second.next("told")?, &[json!(9)])
        }
        "namespaces" => {
            let (main, chat) = (plain()?, connect(builder(way, &url).namespace("/chat"))?);
            chat.ask("answer", json!(1))?;
            main.ask("answer", json!(1)).map(|_| ())
        }
        "dynamic namespaces" => connect(builder(way, &url).namespace("/room-17"))?.ask("answer", json!(1)).map(|_| ()),
        "unknown namespaces" => contains(&refused(way, "/nowhere")?, &["Invalid namespace"]),
        "refusals" => {
            contains(&refused(way, "/guarded")?, &["not authorized", "401", "another"])?;
            let auth = json!({"token": "let me in"});
            connect(builder(way, &url).namespace("/guarded").auth(auth)).map(|_| ())
        }
        "disconnecting by the server" => {
            let connection = plain()?;
            connection.emit("throw me out", Vec::<Value>::new())?;
            connection.next("close").map(|_| ())
        }
        "disconnecting by the client" => {
            let (watcher, connection) = (plain()?, plain()?);
            watcher.ask("join", vec![json!("watchers")])?;
            connection.client.disconnect()?;
            equal(&watcher.next("left")?, &[json!("client namespace disconnect")])
        }
        "reconnecting after a cut" => comes_back(way, "cut"),
        "reconnecting to a restarted server" => comes_back(way, "restart"),
        "recovery" => Err(Failure::Absent("does not know recovery")),
        "strict handlers with recovery" => {
            let connection = connect(builder(way, &variable("STORY_RECOVERY_URL")))?;
            connection.emit("echo", vec![json!("one")])?;
            match connection.next("echo")? {
                Payload::Text(values) if values.first() == Some(&json!("one")) => (),
                other => return fail(format!("{other:?}")),
            }
            connection.emit("echo", some.clone())?; // the name of an event with binary data
            equal_bytes(&connection.next("echo")?, &some)
        }
        "tls" => {
            let certificate = Certificate::from_pem(&std::fs::read(variable("STORY_CERTIFICATE"))?)?;
            let tls = TlsConnector::builder().add_root_certificate(certificate).build()?;
            let connection = connect(builder(way, &variable("STORY_TLS_URL")).tls_config(tls))?;
            connection.ask("answer", vec![json!("secret")]).map(|_| ())
        }
        _ => Err(Failure::Absent("is not told")),
    }
}

fn main() {
    for task in std::env::args().skip(1) {
        let (way, feature) = task.split_once('/').unwrap_or((&task, ""));
        let (ok, detail) = match tell(way, feature) {
            Ok(()) => (json!(true), String::new()),
            Err(Failure::Absent(why)) => (json!(null), why.to_string()),
            Err(Failure::Error(text)) => (json!(false), text.chars().take(200).collect()),
        };
        print(json!({"way": way, "feature": feature, "ok": ok, "detail": detail}));
    }
    std::process::exit(0);
}
